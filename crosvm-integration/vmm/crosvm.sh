# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154 # for run
# run-crosvm [-r ROUTE]... [-t SECONDS] [-w SECONDS] [-o DIR] [CASE]...
#
# crosvm, which is not in Debian: bring a binary.
#
#   -r ROUTE        how the memory gets into the guest (default: all routes):
#       gralloc     a cross-domain context asks for an image; crosvm (features gpu,
#                   wl-dmabuf) allocates it through our libgbm.so.1
#       wayland     buffer-gpu sends a dma-buf over the socket of a cross-domain
#                   context's channel; crosvm with feature gpu
#       vhost-user  virtio-gpu through vhost-gpu; crosvm with feature gpu
#       file-backed-mapping  /dev/mockgpu at a guest physical address; any crosvm
#                   Those with --gpu run twice: as is, and with
#                   fixed-blob-mapping=true (named ROUTE-fixed), for which crosvm wants
#                   the TDP MMU: without it that is skipped.
#   CASE            default: all, of vhost-user control, read, image and write
#
# Environment: CROSVM  the binary (default: the one in PATH)
#              GPU     more keys for --gpu, as 'backend=virglrenderer'
#
# Where KVM does not map a page crosvm ends with "vcpu hit unknown error: Bad address".

VARIABLE=CROSVM PROGRAM=crosvm
MISSING="no crosvm: set CROSVM=/path/to/crosvm, built with features gpu and wl-dmabuf"
ROUTES="gralloc wayland vhost-user file-backed-mapping"
DEFAULT_ROUTES=$ROUTES
REFUSALS='vcpu hit unknown error: Bad address' AFTER_REFUSAL='vcpu crashed'
# Of its run loop, which ends with status 0 nevertheless, and its vhost-user front end.
FAILURES='vcpu hit unknown error|vcpu crashed|vcpu stall detected|Guest reported panic|device crashed'
FAILURES="$FAILURES|worker thread exited with an error|set_user_memory_region failed"
# Guest physical addresses for buffers of /dev/mockgpu, outside of RAM and crosvm's devices: each
# case has its own.
MAPPING_BASE=$((1 << 36))
size=$(cat "$NODE/node_size" 2>/dev/null || true)

layouts_of() {
	case $1 in
	gralloc | wayland) echo default fixed ;;
	*) echo default ;;
	esac
}

unusable() {
	[ "$layout" = default ] || has_tdp_mmu ||
		echo "crosvm has fixed-blob-mapping with the TDP MMU only (kvm.tdp_mmu is off)"
}

few_of() {
	case $1 in
	vhost-user) echo control read image write ;;
	*) all_of "$1" ;;
	esac
}

address_of() {
	case $1 in
	write) printf '0x%x' $((MAPPING_BASE + (1 << 32))) ;;
	*) printf '0x%x' "$MAPPING_BASE" ;;
	esac
}

place_of() {
	echo "$(address_of "$1")+$size"
}

boot_vmm() {
	arguments=$(guest_arguments "$@")
	[ "$1" = control ] && gbm_kind="split" || gbm_kind=ttm
	gpu="context-types=cross-domain${GPU:+,$GPU}"
	[ "$layout" = default ] || gpu="$gpu,fixed-blob-mapping=true"
	set --
	case $route in
	gralloc) set -- --gpu "$gpu" ;;
	wayland) set -- --gpu "$gpu" --wayland-sock "$out/wayland.socket" ;;
	vhost-user) set -- --vhost-user "type=gpu,socket=$out/vgpu.socket" ;;
	file-backed-mapping)
		for case in $booted; do
			set -- "$@" --file-backed-mapping "addr=$(address_of "$case"),size=$size,path=/dev/mockgpu,rw"
		done
		;;
	esac
	vmm env "LD_LIBRARY_PATH=$BUILD/gbm${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" \
		"MOCKGPU_GBM_KIND=$gbm_kind" "$binary" run --disable-sandbox --mem 512 --cpus 2 \
		--serial "type=file,path=$guest_log,hardware=serial,num=1,console=true" \
		--initrd "$INITRD" --params "$arguments iomem=relaxed" "$@" "$kernel"
}
