# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034 # for the scripts that source this
#
# The cases, for all runners of VMMs: what the guest runs on each route, with how many pages and
# which buffers. Sourced.
# shellcheck disable=SC2154

# cases_of ROUTE: all of its cases, bench last; all_of ROUTE: those of 'all'.
cases_of() {
	case $1 in
	gralloc | wayland) echo control image ;;
	vhost-user) echo control read image write ttm compound image-memfd bench ;;
	virtio-gpu-gl) echo control read write ttm compound bench ;;
	*) echo control read write ;;
	esac
}

all_of() {
	cases_of "$1" | sed 's/ bench$//'
}

# is_refusable CASE: y if a kernel before 6.13 must refuse it, else n.
is_refusable() {
	case $1 in
	control | image-memfd) echo n ;;
	*) echo y ;;
	esac
}

# gpu_device_run: the programs that touch no memory of the host. QEMU's own device offers neither
# cross-domain contexts nor UUIDs, and its window is smaller.
gpu_device_run() {
	case $route in
	virtio-gpu-gl) echo "vgpu-device -T params -T capset -T uuid -T a_large_blob" ;;
	*) echo "vgpu-device && vgpu-cross-domain -T image -T images_differ" ;;
	esac
}

# gpu_run CASE: the programs that a guest with a virtio-gpu device runs. The first access is the
# one that a kernel before 6.13 is known to refuse.
gpu_run() {
	case $1 in
	control)
		echo "$(gpu_device_run) && vgpu-vram -r vram.memfd.read_first" \
			"-r vram.split_9.read_first -r vram.reserved_9.write_first -r vram.noncompound_0.read_first"
		;;
	read) echo "vgpu-vram -r vram.noncompound_9.read_first && vgpu-vram -v noncompound_9" ;;
	write)
		echo "vgpu-vram -r vram.ttm.write_first && vgpu-vram -r vram.ttm.unmap_under_access" \
			"-r vram.compound_9.write_first -r vram.noncompound_1.read_first -r vram.noncompound_10.write_first" \
			"-r vram.noncompound_9_wc.read_first -r vram.noncompound_9_uc.write_first"
		;;
	ttm) echo "vgpu-vram -r vram.ttm.read_first && vgpu-vram -v ttm" ;;
	compound) echo "vgpu-vram -r vram.compound_9.read_first && vgpu-vram -v compound_9" ;;
	image | image-memfd) echo "vgpu-cross-domain -t image && vgpu-cross-domain" ;;
	bench) echo "vgpu-bench" ;;
	esac
}

# gpu_first_touch CASE: the line that such a guest prints before it touches the memory.
gpu_first_touch() {
	case $1 in
	control) echo "RUN  *device.guest_blob " ;;
	image | image-memfd) echo "RUN  *cross_domain.image " ;;
	bench) echo "^guest: bench: vgpu-bench" ;;
	*) gpu_run "$1" | sed 's/^vgpu-vram -r \([^ ]*\) .*/RUN  *\1 /' ;;
	esac
}

# Pages that the guest's programs touch: in a buffer of 8 MiB; in many_at_once and
# unmap_under_access of vgpu-vram; in an image; in images_differ.
VRAM=2048 MANY=384 RACE=512 IMAGE=225 IMAGES=450
# All tests of one kind in vgpu-vram, and vgpu-bench: its sizes, six times with each of three
# sources.
ALL_VRAM=$((4 * VRAM + MANY + RACE))
BENCH=$((3 * 6 * (1 + 512 + 16384)))

# gpu_pages CASE: the number of pages that its programs touch.
gpu_pages() {
	case $1 in
	control) echo $((4 * VRAM)) ;;
	read | ttm | compound) echo $((VRAM + ALL_VRAM)) ;;
	write) echo $((6 * VRAM + RACE)) ;;
	image | image-memfd) echo $((2 * IMAGE + IMAGES)) ;;
	bench) echo $BENCH ;;
	esac
}

# gpu_buffers CASE: the buffers that the driver creates for it, as KIND,ORDER; the one that is
# touched first comes first.
gpu_buffers() {
	case $1 in
	control) echo split,9 reserved,9 noncompound,0 ;;
	read) echo noncompound,9 ;;
	write) echo ttm,0 compound,9 noncompound,1 noncompound,10 noncompound,9 ;;
	ttm | image) echo ttm,0 ;;
	compound) echo compound,9 ;;
	bench) echo noncompound,9 ttm,0 ;;
	esac
}

# backend_of CASE...: set $booted to the cases that the same vhost-gpu can serve, from the first
# on, and $backend to its command.
backend_of() {
	backend=$BUILD/vhost-gpu
	[ "$1" != image-memfd ] || backend="$backend --image memfd"
	booted=$(alone image-memfd "$@")
}

# Of $route. Those that are not named here give the guest
# memory at a place that it knows, place_of of the VMM's file: $size bytes.

# guest_run CASE: what the guest runs.
guest_run() {
	case $route-$1 in
	vhost-user-* | virtio-gpu-gl-*) gpu_run "$1" ;;
	gralloc-*) echo "vgpu-cross-domain -t image" ;;
	wayland-*) echo "vgpu-wayland" ;;
	*-write) echo "bar-touch write $(place_of "$1")" ;;
	*) echo "bar-touch read $(place_of "$1")" ;;
	esac
}

# first_touch CASE: the line that the guest prints before it touches the memory.
first_touch() {
	case $route in
	vhost-user | virtio-gpu-gl) gpu_first_touch "$1" ;;
	gralloc) echo "RUN  *cross_domain.image " ;;
	wayland) echo "RUN  *wayland.received " ;;
	*) echo "^bar: touching $(pages_of "$1") pages" ;;
	esac
}

# pages_of CASE: the number of pages that it touches.
pages_of() {
	case $route in
	vhost-user | virtio-gpu-gl) gpu_pages "$1" ;;
	gralloc) echo $IMAGE ;;
	wayland) echo 4096 ;;
	*) echo $((size / 4096)) ;;
	esac
}

# buffers_of CASE: the buffers that the driver creates for it, as KIND,ORDER.
buffers_of() {
	case $route-$1 in
	vhost-user-* | virtio-gpu-gl-*) gpu_buffers "$1" ;;
	memory-backend-file-* | file-backed-mapping-*) node_buffer "$1" ;;
	*-control) echo split,9 ;;
	gralloc-*) echo ttm,0 ;;
	*) echo noncompound,9 ;;
	esac
}
