# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034 # for the scripts that source this
#
# What the runners of VMMs share of guests: where what they need was built, and what
# a guest with a virtio-gpu device is made to do. Sourced, after lab/lib.sh.
# shellcheck disable=SC2154

# Those of a guest with a virtio-gpu device, but bench.
GPU_CASES="control read image write ttm compound image-memfd"

# set_build_places: $BUILD, $INITRD and $kernel, where the caller has not set them:
# in a cell those of lab/build, else those of make.
set_build_places() {
	if [ -n "${MOCKGPU_SERIES:-}" ]; then
		BUILD=${BUILD:-$REPO/build/x86_64/crosvm-integration}
		INITRD=${INITRD:-$REPO/build/x86_64/$MOCKGPU_SERIES/guest-initrd} hint=lab/build
	else
		BUILD=${BUILD:-$REPO/build/host/crosvm-integration}
		INITRD=${INITRD:-$REPO/build/host/guest-initrd} hint="make and make guest"
	fi
	[ -x "$BUILD/vhost-gpu" ] || die "$BUILD/vhost-gpu is missing: run $hint"
	[ -r "$INITRD" ] || die "$INITRD is missing: run $hint"
	kernel=${KERNEL:-$(image_of "$(uname -r)" '')} || exit
	[ -r "$kernel" ] || die "no right to read $kernel"
}

# need_mockgpu_and_kvm: or skip all.
need_mockgpu_and_kvm() {
	[ -c /dev/mockgpu ] || skip_all "no /dev/mockgpu: load the module"
	[ -w /dev/kvm ] || skip_all "no right to use /dev/kvm"
}

NODE_KIND=/sys/module/mockgpu/parameters/node_kind

# set_out: $keep is what $out was, $out a folder that is fast and goes at the end,
# with all that was started; $kind is the page kind of /dev/mockgpu, set again then.
set_out() {
	keep=$out
	out=$(mktemp -d)
	kind=$(cat "$NODE_KIND")
	trap clean_up EXIT
	trap 'exit 1' INT TERM
}

clean_up() {
	for process in ${vmm:-} ${watcher:-} ${servers:-}; do
		kill "${process%%:*}" 2>/dev/null || true
	done
	echo "$kind" >"$NODE_KIND"
	rm -rf "$out"
}

# is_refusable CASE: y when a kernel before 6.13 must refuse it.
is_refusable() {
	case $1 in
	control | image-memfd) echo n ;;
	*) echo y ;;
	esac
}

# gpu_run CASE: what a guest with a virtio-gpu device runs: first what a kernel
# before 6.13 is known to end at.
gpu_run() {
	case $1 in
	control)
		echo "vgpu-device && vgpu-cross-domain -T image -T images_differ && vgpu-vram -r vram.memfd.read_first" \
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

# gpu_first_touch CASE: what such a guest prints before the memory is touched.
gpu_first_touch() {
	case $1 in
	control) echo "RUN  *device.params " ;;
	image | image-memfd) echo "RUN  *cross_domain.image " ;;
	bench) echo "^guest: bench: vgpu-bench" ;;
	*) gpu_run "$1" | sed 's/^vgpu-vram -r \([^ ]*\) .*/RUN  *\1 /' ;;
	esac
}

# gpu_pages CASE: how many pages the first buffer has.
gpu_pages() {
	case $1 in
	image*) echo 225 ;;
	*) echo 2048 ;;
	esac
}

# backend_of CASE...: $booted is those from the first one on that can be served by
# the same vhost-gpu, $backend its command.
backend_of() {
	backend=$BUILD/vhost-gpu
	[ "$1" != image-memfd ] || backend="$backend --image memfd"
	booted=$(alone image-memfd "$@")
}
