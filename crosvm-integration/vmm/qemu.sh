#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# run-qemu [-r ROUTE] [-t SECONDS] [-w SECONDS] [-o DIR] [CASE]...
#
# Puts memory of mockgpu into a Linux guest with QEMU and KVM, lets the guest touch
# all of it and judges what happens, in TAP. Runs where /dev/mockgpu and /dev/kvm
# are, as root: in the lab ('lab/run -- crosvm-integration/run-qemu') or on a host
# with the module loaded. The guest runs this machine's own kernel.
#
#   -r ROUTE        how the memory gets there, and the cases there are:
#       memory-backend-file (default)  /dev/mockgpu behind memory-backend-file and
#                   ivshmem-plain; cases: control, read, write
#       ivshmem-doorbell  a dma-buf from buffer-gpu; cases: the same
#       vhost-user  virtio-gpu blobs through vhost-gpu; needs QEMU 11.1; cases:
#                   control, read, image, write, ttm, compound, image-memfd, and
#                   bench: what mapping and touching cost, as ratios
#   CASE            which to run, as named above; 'all' is all of them but bench
#                   (default: those that together need the fewest guests)
#   -t SECONDS      how long a guest may say nothing (default 120)
#   -w SECONDS      how long a guest may take (default 1200)
#                   Both are seconds of a machine that does nothing else: while it is
#                   slower, which is measured, they are longer.
#   -o DIR          where QEMU's, the guests' and the servers' words go, in files that name
#                   the route and the case (default: a folder that is removed)
#   -h, --help      this text
#
# Environment: QEMU    another qemu-system-x86_64
#              KERNEL  another guest kernel (default: the running one's image)
#              INITRD  what a guest boots from (default: the lab's, or that of
#                      'make guest')
#              SIZE    bytes of a buffer of ivshmem-doorbell, and of the one of
#                      memory-backend-file as the module was told (default 16777216)
#              BUILD   where the programs were built (default: the lab's folder, or
#                      that of 'make')
#              MOCKGPU_LONG  not empty: the default is 'all'
#
# A kernel before 6.13 is known to refuse all but the controls (image-memfd is one
# too): QEMU then ends with "kvm run failed Bad address" at the first touch, which
# is reported as XFAIL. Where they pass, mockgpu-probe must see that the kernel maps
# such pages. Exit status: 0 as expected, 1 not, 4 skip.
set -eu
HERE=$(cd "$(dirname "$0")" && pwd -P)
REPO=$(cd "$HERE/.." && pwd -P)
# shellcheck source=lab/sh/base.sh
. "$REPO/lab/sh/base.sh"
# shellcheck source=crosvm-integration/host.sh
. "$HERE/host.sh"
# shellcheck source=crosvm-integration/boot.sh
. "$HERE/boot.sh"
# shellcheck source=crosvm-integration/judge.sh
. "$HERE/judge.sh"
# shellcheck source=crosvm-integration/cases.sh
. "$HERE/cases.sh"

route=memory-backend-file quiet=120 whole=1200 out=''
while [ $# -gt 0 ]; do
	case $1 in
	-h | --help) usage_of "$0"; exit ;;
	-[rtwo])
		[ $# -gt 1 ] || die "option $1 needs a value: see --help"
		case $1 in
		-r) route=$2 ;;
		-t) quiet=$2 ;;
		-w) whole=$2 ;;
		-o) out=$2 ;;
		esac
		shift
		;;
	-*) die "unknown option '$1': see --help" ;;
	*) break ;;
	esac
	shift
done
for seconds in "$quiet" "$whole"; do
	case $seconds in
	'' | *[!0-9]* | 0*) die "not a number of seconds: '$seconds'" ;;
	esac
done
# A case that is refused ends its guest, a control of the node has one of its own.
case $route in
memory-backend-file)
	all="control read write"
	known_to_refuse && few="control read" || few="read write"
	;;
ivshmem-doorbell)
	all="control read write"
	known_to_refuse && few="control read" || few=$all
	;;
vhost-user)
	all=$GPU_CASES
	known_to_refuse && few="control read image" || few="control read image write"
	;;
*) die "unknown route '$route': use memory-backend-file, ivshmem-doorbell or vhost-user" ;;
esac
[ -z "${MOCKGPU_LONG:-}" ] || few=$all
# shellcheck disable=SC2086 # lists
case $* in
'') set -- $few ;;
all) set -- $all ;;
esac
known=$all
[ "$route" != vhost-user ] || known="$all bench"
seen=
for case; do
	case " $known " in
	*" $case "*) ;;
	*) die "unknown case '$case' of $route: use some of $known" ;;
	esac
	case " $seen " in
	*" $case "*) die "case '$case' twice" ;;
	esac
	seen="$seen $case"
done
[ -z "${QEMU:-}" ] || QEMU=$(program_of QEMU "$QEMU") || exit
SIZE=${SIZE:-16777216}

echo "TAP version 13"
QEMU=${QEMU:-$(command -v qemu-system-x86_64 || true)}
[ -n "$QEMU" ] || skip_all "no qemu-system-x86_64 is installed"
need_devices
set_build_places
need_paging
if [ "$route" = vhost-user ]; then
	"$QEMU" -device help 2>/dev/null | grep -q '"vhost-user-test-device-pci"' ||
		skip_all "$QEMU has no vhost-user-test-device-pci: QEMU 11.1 has (Debian: trixie-backports)"
fi

set_out

# qemu CASES ARGUMENT...: a guest with these cases.
qemu() {
	list=$1
	shift
	# shellcheck disable=SC2086 # a list
	vmm "$QEMU" -accel kvm -cpu host -nodefaults -no-user-config -no-reboot -display none \
		-kernel "$kernel" -initrd "$INITRD" -append "$(guest_arguments $list)" -serial "file:$guest_log" "$@" || status=$?
}

# The place of a case's device on the guest's PCI bus.
slot_of() {
	case $1 in
	control) echo 10 ;;
	read) echo 11 ;;
	write) echo 12 ;;
	esac
}

# The node makes buffers of one kind at a time: the control gets a guest of its own.
boot_memory_backend_file() {
	set_node_kind "$(node_kind_of "$1")"
	booted=$(alone control "$@")
	set -- -machine q35 -m 256M -smp 1
	for case in $booted; do
		set -- "$@" -object "memory-backend-file,id=$case,mem-path=/dev/mockgpu,share=on,size=$SIZE" \
			-device "ivshmem-plain,memdev=$case,addr=0x$(slot_of "$case")"
	done
	qemu "$booted" "$@"
	set_node_kind "$kind"
}

boot_ivshmem_doorbell() {
	set -- -machine q35 -m 256M -smp 1
	for case in $booted; do
		buffer=noncompound,9
		[ "$case" != control ] || buffer=split,9
		start_server "buffer-gpu-$case" "$out/$case.socket" "$BUILD/buffer-gpu" --buffer $buffer --size "$SIZE"
		set -- "$@" -chardev "socket,id=$case,path=$out/$case.socket" \
			-device "ivshmem-doorbell,chardev=$case,vectors=1,addr=0x$(slot_of "$case")"
	done
	qemu "$booted" "$@"
}

boot_vhost_user() {
	backend_of "$@"
	# shellcheck disable=SC2086 # words
	start_server vhost-gpu "$out/vgpu.socket" $backend
	qemu "$booted" -machine q35,memory-backend=mem -m 512M -smp 2 \
		-object memory-backend-memfd,id=mem,size=512M,share=on \
		-chardev "socket,id=vgpu,path=$out/vgpu.socket" \
		-device vhost-user-test-device-pci,chardev=vgpu,virtio-id=16,num_vqs=2,vq_size=256,config_size=20
}

# What run_cases() asks for.
boot() {
	case $route in
	memory-backend-file) boot_memory_backend_file "$@" ;;
	ivshmem-doorbell) boot_ivshmem_doorbell ;;
	vhost-user) boot_vhost_user "$@" ;;
	esac
}

guest_run() {
	case $route in
	vhost-user) gpu_run "$1" ;;
	*)
		case $1 in
		write) echo "bar-touch write $(slot_of "$1")" ;;
		*) echo "bar-touch read $(slot_of "$1")" ;;
		esac
		;;
	esac
}

first_touch() {
	case $route in
	vhost-user) gpu_first_touch "$1" ;;
	*) echo "^bar: touching $(pages_of "$1") pages" ;;
	esac
}

pages_of() {
	case $route in
	vhost-user) gpu_pages "$1" ;;
	*) echo $((SIZE / 4096)) ;;
	esac
}

buffers_of() {
	case $route-$1 in
	vhost-user-*) gpu_buffers "$1" ;;
	memory-backend-file-*) node_buffer "$1" ;;
	*-control) echo split,9 ;;
	*) echo noncompound,9 ;;
	esac
}

echo "1..$#"
run_cases "qemu-$route" "$@"
