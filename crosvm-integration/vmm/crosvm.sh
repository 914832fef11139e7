#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# run-crosvm [-r ROUTE]... [-t SECONDS] [-w SECONDS] [-o DIR]
#
# Puts memory of mockgpu into a Linux guest with crosvm and KVM, lets the guest
# touch all of it and judges what happens, in TAP. Runs where /dev/mockgpu and
# /dev/kvm are, as root: in the lab or on a host with the module loaded. The guest
# runs this machine's own kernel. crosvm is not in Debian: bring a binary.
#
#   -r ROUTE        how the memory gets there (default: all of them):
#       gralloc     a cross-domain context asks for an image; crosvm (features gpu,
#                   wl-dmabuf) allocates it through our libgbm.so.1
#       wayland     buffer-gpu sends a dma-buf over the socket of a cross-domain
#                   context's channel; crosvm with feature gpu
#       vhost-user  virtio-gpu through vhost-gpu; crosvm with feature gpu
#       file-backed-mapping  /dev/mockgpu at a guest physical address; any crosvm
#                   Those with --gpu run twice: as is, and with
#                   fixed-blob-mapping=true (named ROUTE-fixed), for which crosvm wants
#                   the TDP MMU: without it that is skipped.
#   -t SECONDS      how long a guest may say nothing (default 120)
#   -w SECONDS      how long a guest may take (default 1200)
#                   Both are seconds of a machine that does nothing else: while it is
#                   slower, which is measured, they are longer.
#   -o DIR          where crosvm's, the guests' and the servers' words go, in files that
#                   name the route, the layout and the case (default: a folder that is
#                   removed)
#   -h, --help      this text
#
# Environment: CROSVM  the binary (default: the one in PATH)
#              GPU     more keys for --gpu, as 'backend=virglrenderer'
#              KERNEL, INITRD, BUILD  as for run-qemu
#
# A kernel before 6.13 is known to refuse all but the controls: crosvm then ends
# with "vcpu hit unknown error: Bad address" at the first touch, which is reported as
# XFAIL. Where they pass, mockgpu-probe must see that the kernel maps such pages. Exit
# status: 0 as expected, 1 not, 4 skip.
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

ROUTES="gralloc wayland vhost-user file-backed-mapping"
routes='' quiet=120 whole=1200 out=''
while [ $# -gt 0 ]; do
	case $1 in
	-h | --help) usage_of "$0"; exit ;;
	-[rtwo])
		[ $# -gt 1 ] || die "option $1 needs a value: see --help"
		case $1 in
		-r) routes="$routes $2" ;;
		-t) quiet=$2 ;;
		-w) whole=$2 ;;
		-o) out=$2 ;;
		esac
		shift
		;;
	*) die "unexpected '$1': see --help" ;;
	esac
	shift
done
for seconds in "$quiet" "$whole"; do
	case $seconds in
	'' | *[!0-9]* | 0*) die "not a number of seconds: '$seconds'" ;;
	esac
done
seen=
for route in ${routes:=$ROUTES}; do
	case " $ROUTES " in
	*" $route "*) ;;
	*) die "unknown route '$route': use $ROUTES" ;;
	esac
	case " $seen " in
	*" $route "*) die "route '$route' twice" ;;
	esac
	seen="$seen $route"
done

# A place for the node's buffers that is no RAM of the guest, and none of crosvm's
# own devices: each case has its own.
MAPPING_BASE=$((1 << 36))
NODE_SIZE=$NODE/node_size

[ -z "${CROSVM:-}" ] || CROSVM=$(program_of CROSVM "$CROSVM") || exit
echo "TAP version 13"
CROSVM=${CROSVM:-$(command -v crosvm || true)}
[ -n "$CROSVM" ] || skip_all "no crosvm: set CROSVM=/path/to/crosvm, built with features gpu and wl-dmabuf"
need_devices
set_build_places
need_paging
set_out

cases_of() {
	case $1 in
	gralloc | wayland) echo "control image" ;;
	vhost-user) echo "control read image write" ;;
	file-backed-mapping) echo "control read write" ;;
	esac
}

count_of() { echo $#; }

layouts_of() {
	case $1 in
	gralloc | wayland) echo "default fixed" ;;
	*) echo "default" ;;
	esac
}

# crosvm CASES ARGUMENT...: a guest with these cases.
crosvm() {
	list=$1
	shift
	# shellcheck disable=SC2086 # a list
	vmm env "LD_LIBRARY_PATH=$BUILD/gbm${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" \
		"MOCKGPU_GBM_KIND=$gbm_kind" "$CROSVM" run --disable-sandbox --mem 512 --cpus 2 \
		--serial "type=file,path=$guest_log,hardware=serial,num=1,console=true" \
		--initrd "$INITRD" --params "$(guest_arguments $list) iomem=relaxed" "$@" "$kernel" || status=$?
}

# What run_cases() asks for. Where crosvm has one buffer a case has a guest.
boot() {
	gbm_kind=ttm buffer=noncompound,9
	gpu="context-types=cross-domain${GPU:+,$GPU}"
	[ "$layout" = default ] || gpu="$gpu,fixed-blob-mapping=true"
	if [ "$1" = control ]; then
		gbm_kind=split buffer=split,9
	fi
	case $route in
	gralloc)
		booted=$1
		crosvm "$1" --gpu "$gpu"
		;;
	wayland)
		booted=$1
		start_server "buffer-gpu-$1" "$out/wayland.socket" "$BUILD/buffer-gpu" --protocol wayland --buffer "$buffer"
		crosvm "$1" --gpu "$gpu" --wayland-sock "$out/wayland.socket"
		;;
	vhost-user)
		backend_of "$@"
		# shellcheck disable=SC2086 # words
		start_server vhost-gpu "$out/vgpu.socket" $backend
		crosvm "$booted" --vhost-user "type=gpu,socket=$out/vgpu.socket"
		;;
	file-backed-mapping) boot_mapping "$@" ;;
	esac
}

boot_mapping() {
	set_node_kind "$(node_kind_of "$1")"
	booted=$(alone control "$@")
	set --
	for case in $booted; do
		set -- "$@" --file-backed-mapping "addr=$(address_of "$case"),size=$size,path=/dev/mockgpu,rw"
	done
	crosvm "$booted" "$@"
	set_node_kind "$kind"
}

address_of() {
	case $1 in
	write) printf '0x%x' $((MAPPING_BASE + (1 << 32))) ;;
	*) printf '0x%x' "$MAPPING_BASE" ;;
	esac
}

guest_run() {
	case $route-$1 in
	gralloc-*) echo "vgpu-cross-domain -t image" ;;
	wayland-*) echo "vgpu-wayland" ;;
	vhost-user-*) gpu_run "$1" ;;
	*-write) echo "bar-touch write $(address_of "$1")+$size" ;;
	*) echo "bar-touch read $(address_of "$1")+$size" ;;
	esac
}

first_touch() {
	case $route in
	gralloc) echo "RUN  *cross_domain.image " ;;
	wayland) echo "RUN  *wayland.received " ;;
	vhost-user) gpu_first_touch "$1" ;;
	*) echo "^bar: touching $(pages_of "$1") pages" ;;
	esac
}

pages_of() {
	case $route in
	gralloc) echo $IMAGE ;;
	wayland) echo 4096 ;;
	vhost-user) gpu_pages "$1" ;;
	*) echo $((size / 4096)) ;;
	esac
}

buffers_of() {
	case $route-$1 in
	vhost-user-*) gpu_buffers "$1" ;;
	file-backed-mapping-*) node_buffer "$1" ;;
	*-control) echo split,9 ;;
	gralloc-*) echo ttm,0 ;;
	wayland-*) echo noncompound,9 ;;
	esac
}

size=$(cat "$NODE_SIZE")
runs=''
planned=0 failures=0
for route in $routes; do
	for layout in $(layouts_of "$route"); do
		runs="$runs $route:$layout"
		# shellcheck disable=SC2046 # a list
		planned=$((planned + $(count_of $(cases_of "$route"))))
	done
done
echo "1..$planned"
for run in $runs; do
	route=${run%:*} layout=${run#*:} name=crosvm-${run%:default}
	name=$(echo "$name" | tr : -)
	# shellcheck disable=SC2046 # lists
	if [ "$layout" = fixed ] && ! has_tdp_mmu; then
		skip_cases "$name" "crosvm has fixed-blob-mapping with the TDP MMU only (kvm.tdp_mmu is off)" $(cases_of "$route")
	else
		run_cases "$name" $(cases_of "$route") || failures=1
	fi
done
exit "$failures"
