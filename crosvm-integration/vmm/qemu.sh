# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154 # for run
# run-qemu [-r ROUTE]... [-t SECONDS] [-w SECONDS] [-o DIR] [CASE]...
#
# QEMU with KVM.
#
#   -r ROUTE        how the memory gets into the guest:
#       memory-backend-file (default)  /dev/mockgpu behind memory-backend-file and
#                   ivshmem-plain
#       ivshmem-doorbell  a dma-buf from buffer-gpu
#       vhost-user  virtio-gpu blobs through vhost-gpu; needs QEMU 11.1
#       virtio-gpu-gl  QEMU's own virtio-gpu-gl, which gets its blobs through our
#                   libvirglrenderer.so.1; needs QEMU's modules for OpenGL and Mesa's EGL
#       both-gpus   the last two in one guest, whose times case bench compares
#   CASE            default: the cases that need the fewest guests
#
# Environment: QEMU    another qemu-system-x86_64
#              SIZE    bytes of a buffer of ivshmem-doorbell, and of the one of
#                      memory-backend-file as the module was told (default 16777216)
#              MOCKGPU_LONG  not empty: the default is 'all'
#
# Where KVM does not map a page QEMU ends with "kvm run failed Bad address".

VARIABLE=QEMU PROGRAM=qemu-system-x86_64
MISSING="no qemu-system-x86_64 is installed"
ROUTES="memory-backend-file ivshmem-doorbell vhost-user virtio-gpu-gl both-gpus" DEFAULT_ROUTES=memory-backend-file
REFUSALS='kvm run failed Bad address'
# Of its KVM code and its vhost-user front end.
FAILURES='kvm run failed|KVM internal error|error registering slot|Unexpected end-of-file'
FAILURES="$FAILURES|ring restore failed|hardware error|virgl could not be initialized"
END_ON=$QEMU_STOPPED
size=${SIZE:-16777216}
# RAM of a guest with a virtio-gpu, and how much more can be plugged.
memory=512M,slots=16,maxmem=4G

unusable() {
	case $route in
	vhost-user) lacks_vhost_user ;;
	virtio-gpu-gl) lacks_gpu_gl ;;
	both-gpus) { lacks_vhost_user; lacks_gpu_gl; } | head -n 1 ;;
	esac
}

lacks_vhost_user() {
	has_device vhost-user-test-device-pci ||
		echo "$binary has no vhost-user-test-device-pci: QEMU 11.1 has (Debian: trixie-backports)"
}

lacks_gpu_gl() {
	if ! has_device virtio-gpu-gl-pci; then
		echo "$binary has no virtio-gpu-gl-pci: install its modules for OpenGL (Debian: qemu-system-modules-opengl)"
	elif ! [ -e "$BUILD/virgl/libvirglrenderer.so.1" ]; then
		echo "no $BUILD/virgl/libvirglrenderer.so.1: it was built without virglrenderer.h (Debian: libvirglrenderer-dev)"
	elif [ -z "$(render_node)" ]; then
		echo "no render node of mockgpu in /dev/dri"
	fi
}

has_device() {
	"$binary" -device help 2>/dev/null | grep -q "^name \"$1\""
}

# render_node: print mockgpu's render node. QEMU's display draws there, with Mesa's software GL.
# With vram=bar its device is on the PCI bus, and only the driver's name tells.
render_node() {
	for node in /sys/class/drm/renderD*; do
		case $(readlink "$node/device")$(readlink "$node/device/driver") in
		*/mockgpu*) echo "/dev/dri/${node##*/}"; return ;;
		esac
	done
}

# A refused case ends its guest; a control with /dev/mockgpu needs its own guest.
few_of() {
	case $1-$(! known_to_refuse || echo refused)${MOCKGPU_LONG:+-long} in
	*-long) all_of "$1" ;;
	vhost-user-refused) echo control read image ;;
	virtio-gpu-gl-refused) echo control read ;;
	virtio-gpu-gl-) echo control write machine ;;
	vhost-user-) echo control read image plug align-64k ;;
	*-refused) echo control read ;;
	memory-backend-file-) echo read write ;;
	*) all_of "$1" ;;
	esac
}

# The slot of a case's device on the guest's PCI bus.
place_of() {
	case $1 in
	control) echo 10 ;;
	read) echo 11 ;;
	write) echo 12 ;;
	esac
}

# gpus: set $devices to the words of the virtio-gpu devices of $route, of the display, and of the
# guest's memory, which vhost-user must share.
gpus() {
	devices="-machine q35 -m $memory -smp 2" display="-display none"
	case $route in
	vhost-user | both-gpus)
		devices="-machine q35,memory-backend=mem -m $memory -smp 2"
		devices="$devices -object memory-backend-memfd,id=mem,size=512M,share=on"
		devices="$devices -chardev socket,id=vgpu,path=$out/vgpu.socket"
		devices="$devices -device vhost-user-test-device-pci,chardev=vgpu,virtio-id=16,num_vqs=2,vq_size=256,config_size=20,addr=0x5"
		;;
	esac
	case $route in
	virtio-gpu-gl | both-gpus)
		devices="$devices -device virtio-gpu-gl-pci,blob=on,hostmem=512M,addr=0x4"
		display="-display egl-headless,rendernode=$(render_node)"
		;;
	esac
	# A monitor for the guest: guest/parts/monitor.h.
	devices="$devices $display -qmp unix:$out/monitor,server=on,wait=off"
	devices="$devices -chardev socket,id=monitor-line,path=$out/monitor"
}

boot_vmm() {
	arguments="$(guest_arguments "$@") iomem=relaxed"
	case $route in
	vhost-user | virtio-gpu-gl | both-gpus)
		gpus
		# shellcheck disable=SC2086 # words
		set -- $devices
		second_line=chardev:monitor-line
		;;
	*)
		set -- -machine q35 -m 256M -smp 1 -display none
		second_line=none
		;;
	esac
	for case in $booted; do
		case $route in
		memory-backend-file)
			set -- "$@" -object "memory-backend-file,id=$case,mem-path=/dev/mockgpu,share=on,size=$size" \
				-device "ivshmem-plain,memdev=$case,addr=0x$(place_of "$case")"
			;;
		ivshmem-doorbell)
			set -- "$@" -chardev "socket,id=$case,path=$out/$case.socket" \
				-device "ivshmem-doorbell,chardev=$case,vectors=1,addr=0x$(place_of "$case")"
			;;
		esac
	done
	[ "$booted" = reboot ] || set -- -no-reboot "$@"
	set -- "$binary" -accel kvm -cpu host -nodefaults -no-user-config \
		-kernel "$kernel" -initrd "$INITRD" -append "$arguments" -serial "file:$guest_log" "$@" \
		-serial "$second_line"
	case $route in
	virtio-gpu-gl | both-gpus)
		set -- env "LD_LIBRARY_PATH=$BUILD/virgl${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" LIBGL_ALWAYS_SOFTWARE=1 "$@"
		;;
	esac
	vmm "$@"
}
