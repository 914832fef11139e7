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
	vhost-user) echo control read image write ttm compound image-memfd plug few-slots machine sleep reboot align-16k align-64k bench ;;
	virtio-gpu-gl) echo control read write ttm compound plug machine sleep reboot bench ;;
	both-gpus) echo bench ;;
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
	plug) plug_run ;;
	machine) echo "vgpu-machine -r machine.the_monitor_reads_blobs && vgpu-machine -r machine.window_without_blobs" ;;
	sleep) echo "vgpu-machine -r machine.the_guest_sleeps" ;;
	reboot) echo "vgpu-machine -r machine.the_guest_reboots" ;;
	align-*) echo "vgpu-align -r align.of_${1#align-}.sizes" ;;
	few-slots) echo "vgpu-machine -r machine.ram_is_refused" ;;
	bench) bench_run ;;
	esac
}

# plug_run: QEMU's own device does not survive that its driver starts again (docs/qemu.md).
plug_run() {
	plugs="vgpu-machine -r machine.migration_is_refused && vgpu-machine -r machine.ram_is_plugged"
	[ "$route" = virtio-gpu-gl ] || plugs="$plugs && vgpu-machine -r machine.rings_lie_in_plugged_ram"
	echo "$plugs"
}

# bench_run: vgpu-bench, with the places that the VMM's file gives two devices.
bench_run() {
	case $route in
	both-gpus) echo "vgpu-bench 5 vhost-user=0000:00:05.0 virtio-gpu-gl=0000:00:04.0" ;;
	*) echo "vgpu-bench" ;;
	esac
}

# gpu_first_touch CASE: the line that such a guest prints before it touches the memory.
gpu_first_touch() {
	case $1 in
	control) echo "RUN  *device.guest_blob " ;;
	image | image-memfd) echo "RUN  *cross_domain.image " ;;
	bench) echo "^guest: bench: vgpu-bench" ;;
	*) gpu_run "$1" | sed 's/^vgpu-[a-z]* -r \([^ ]*\) .*/RUN  *\1 /' ;;
	esac
}

# Pages that the guest's programs touch: in a buffer of 8 MiB; in many_at_once and
# unmap_under_access of vgpu-vram; in an image; in images_differ.
VRAM=2048 MANY=384 RACE=512 IMAGE=225 IMAGES=450
# In the blobs of vgpu-machine.
MACHINE=3072
# All tests of one kind in vgpu-vram, and vgpu-bench: its sizes, six times with each of three
# sources, and the largest with two devices.
ALL_VRAM=$((4 * VRAM + MANY + RACE))
BENCH=$((3 * 6 * (1 + 512 + 16384))) BENCH_BOTH=$((2 * 3 * 6 * 16384))

# gpu_pages CASE: the number of pages that its programs touch.
gpu_pages() {
	case $1 in
	control) echo $((4 * VRAM)) ;;
	read | ttm | compound) echo $((VRAM + ALL_VRAM)) ;;
	write) echo $((6 * VRAM + RACE)) ;;
	image | image-memfd) echo $((2 * IMAGE + IMAGES)) ;;
	plug) [ "$route" = virtio-gpu-gl ] && echo $((2 * MACHINE)) || echo $((4 * MACHINE)) ;;
	machine | reboot) echo $((2 * MACHINE)) ;;
	few-slots | sleep) echo $MACHINE ;;
	# Blobs of one to eight times the alignment.
	align-16k) echo $((36 * 4)) ;;
	align-64k) echo $((36 * 16)) ;;
	bench) [ "$route" = both-gpus ] && echo $BENCH_BOTH || echo $BENCH ;;
	esac
}

# boots_of CASE: how many times its guest boots.
boots_of() {
	case $1 in
	reboot) echo 2 ;;
	*) echo 1 ;;
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
	plug | few-slots | machine | sleep | reboot) echo noncompound,8 ttm,0 ;;
	align-*) echo noncompound,9 ;;
	bench) echo noncompound,9 ttm,0 ;;
	esac
}

# backend_options CASE: the options of its vhost-gpu.
backend_options() {
	case $1 in
	image-memfd) echo "--image memfd" ;;
	plug) echo "--mem-slots 64" ;;
	align-16k) echo "--blob-alignment 16K" ;;
	align-64k) echo "--blob-alignment 64K" ;;
	esac
}

# backend_of CASE...: set $booted to the cases that the same vhost-gpu can serve, from the first
# on, and $backend to its command.
backend_of() {
	booted='' options=$(backend_options "$1")
	backend="$BUILD/vhost-gpu${options:+ $options}"
	for case; do
		[ "$(backend_options "$case")" = "$options" ] || break
		booted="$booted${booted:+ }$case"
	done
	# shellcheck disable=SC2086 # a list
	booted=$(alone reboot $booted)
}

# Of $route. Those that are not named here give the guest
# memory at a place that it knows, place_of of the VMM's file: $size bytes.

# guest_run CASE: what the guest runs.
guest_run() {
	case $route-$1 in
	vhost-user-* | virtio-gpu-gl-* | both-gpus-*) gpu_run "$1" ;;
	gralloc-*) echo "vgpu-cross-domain -t image" ;;
	wayland-*) echo "vgpu-wayland" ;;
	*-write) echo "bar-touch write $(place_of "$1")" ;;
	*) echo "bar-touch read $(place_of "$1")" ;;
	esac
}

# first_touch CASE: the line that the guest prints before it touches the memory.
first_touch() {
	case $route in
	vhost-user | virtio-gpu-gl | both-gpus) gpu_first_touch "$1" ;;
	gralloc) echo "RUN  *cross_domain.image " ;;
	wayland) echo "RUN  *wayland.received " ;;
	*) echo "^bar: touching $(pages_of "$1") pages" ;;
	esac
}

# pages_of CASE: the number of pages that it touches.
pages_of() {
	case $route in
	vhost-user | virtio-gpu-gl | both-gpus) gpu_pages "$1" ;;
	gralloc) echo $IMAGE ;;
	wayland) echo 4096 ;;
	*) echo $((size / 4096)) ;;
	esac
}

# buffers_of CASE: the buffers that the driver creates for it, as KIND,ORDER.
buffers_of() {
	case $route-$1 in
	vhost-user-* | virtio-gpu-gl-* | both-gpus-*) gpu_buffers "$1" ;;
	memory-backend-file-* | file-backed-mapping-*) node_buffer "$1" ;;
	*-control) echo split,9 ;;
	gralloc-*) echo ttm,0 ;;
	*) echo noncompound,9 ;;
	esac
}
