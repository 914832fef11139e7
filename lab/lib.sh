# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034 # for the scripts that source this
#
# What every script of the lab shares: where things lie, how it talks, how a
# command is run in the lab's tree. Sourced, after $LAB is set to this folder.

REPO=$(cd "$LAB/.." && pwd -P)
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/mockgpu
TREE=$CACHE/tree
# Programs of the tree run on this machine without chroot, on their own loader.
TREE_LIBS=$TREE/usr/lib/x86_64-linux-gnu
TREE_LOADER="$TREE/usr/lib64/ld-linux-x86-64.so.2 --library-path $TREE_LIBS:$TREE_LIBS/pulseaudio"
# The checks of the debug series are a kernel built here, not one of Debian's.
SERIES_ALL="6.1 6.12 7.2 7.3"
SERIES_KNOWN="$SERIES_ALL debug"
ARCHES="x86_64 arm64"

# The test programs: those that KVM's MMU mode makes a difference to, and those that it
# does not. All of them in 'make check'.
KVM_PROGRAMS="vmm_test kvm_map_test virtio_vram_test mutation_test mockgpu-probe"
# What KVM does with such memory while it changes: the longer part of it. One mode of
# the MMU in the short form, all of them in the long one.
CATALOGUE_PROGRAMS="virtio_window_test mapping_test read_only_first_test count_test live_change_test stale_page_test
	spurious_efault_test dirty_log_test level_test kvm_access_test kvm_emulate_test descriptor_test
	kvm_xen_test kvm_beside_test nested_test
	explain_test backing_test limit_test memtype_test pressure_test"
DEBUG_PROGRAMS="$LAB/kunit vmm_test virtio_vram_test virtio_window_test mutation_test mockgpu-probe
	count_test live_change_test stale_page_test dirty_log_test"
# The driver's own: those that need a device only, and those with a display beside it.
DEVICE_PROGRAMS="driver_test driver_page_test driver_map_test driver_access_test driver_node_test
	move_test move_fail_test evict_test revoke_test fault_mode_test caching_test dmabuf_test
	peer_test fail_test unplug_test observe_test judge_test hostmap_test pfnmap
	mockgpu-stress mockgpu-fuzz mockgpu-bench
	vgpu_ring_test vgpu_mmio_test vgpu_control_test vgpu_cross_domain_test vgpu_blob_test"
DRIVER_PROGRAMS="$DEVICE_PROGRAMS vhost_gpu_test buffer_gpu_test
	gbm_test gbm_mesa_test gralloc_test xvnc_gbm_test"

# On arm64: what runs on a CPU whose KVM refuses most buffers too, the short form's
# programs for pKVM and for VHE, and what the long one has in each mode. DEVICE_PROGRAMS
# besides: what the others need is not unpacked for arm64.
ARM64_A72_PROGRAMS="vmm_test mockgpu-probe arm64_stage2_test arm64_guess_test arm64_pkvm_test
	arm64_mte_test"
ARM64_PKVM_PROGRAMS="$ARM64_A72_PROGRAMS count_test"
ARM64_VHE_PROGRAMS="$ARM64_A72_PROGRAMS kvm_map_test mutation_test"
ARM64_LONG_PROGRAMS="$ARM64_VHE_PROGRAMS count_test"
# Where KVM guesses (test-app/lib/guess.h) their guests would write to the host's memory:
# they refuse to.
ARM64_LIVE_PROGRAMS="virtio_vram_test virtio_window_test mapping_test live_change_test stale_page_test
	spurious_efault_test"

# The kernel source that the tree gets parts of, and debug is built from.
SOURCE_PACKAGE=linux-source-7.3
SOURCE_TARBALL=$TREE/usr/src/$SOURCE_PACKAGE.tar.xz

# Exit statuses of the lab itself, beside those of the command it runs.
LAB_EXIT_REPORT=123	# a kernel printed a WARN, BUG, oops or sanitizer report
LAB_EXIT_TIMEOUT=124	# no end within the time limit
LAB_EXIT_FAILED=125	# the lab could not do its work

# How a kernel reports something, for grep -E.
REPORTS='WARNING:|BUG:|Oops|general protection fault|Kernel panic|KASAN|KCSAN|UBSAN|pagealloc:|refcount_t:|Bad (page|rss)'
REPORTS="$REPORTS|unreferenced object|kmemleak: .*disabled|list_(add|del) corruption"
REPORTS="$REPORTS|possible (recursive|circular) locking|INFO: (task|rcu|possible|trying)"

log() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die() {
	log "$@"
	exit "$LAB_EXIT_FAILED"
}

# usage_of FILE: the comment block under a script's SPDX line is its --help.
usage_of() {
	sed -n '3,/^[^#]/{/^#/s/^# \{0,1\}//p;}' "$1"
}

# need COMMAND PACKAGE: a tool that no lab can do without, from the host.
need() {
	command -v "$1" >/dev/null 2>&1 || die "$1 is missing: run 'apt-get install $2' as root, then try again"
}

make_cache() {
	mkdir -p "$CACHE" 2>/dev/null || die "cannot write to $CACHE: set XDG_CACHE_HOME to a folder that can hold 4 GiB"
}

# check_space MIB: there must be that much left for the cache.
check_space() {
	make_cache
	free=$(df -Pm "$CACHE" | awk 'NR == 2 { print $4 }')
	[ "$free" -ge "$1" ] || die "$CACHE has $free MiB free, the lab needs $1: free some, or set XDG_CACHE_HOME"
}

# use_arch ARCH: what kernels and programs are for; of the scripts that call this.
# cell_tree is a cell's root; a foreign one lies in the tree, so that compilers see it.
use_arch() {
	arch=$1
	case $arch in
	x86_64) deb_arch=amd64 cell_tree=$TREE mmus="tdp legacy shadow" ;;
	arm64) deb_arch=arm64 cell_tree=$TREE/arm64 mmus="vhe nvhe pkvm nvhe_a72 pkvm_a72" ;;
	*) die "unknown architecture '$arch': use one of $ARCHES" ;;
	esac
	mmu=${mmus%% *}
}
use_arch x86_64

# check_mmu MMU: one of this architecture's.
check_mmu() {
	case " $mmus " in
	*" $1 "*) ;;
	*) die "unknown MMU '$1' of $arch: use one of $mmus" ;;
	esac
}

# build_dir SERIES: module, initramfs and release name for one kernel.
build_dir() {
	echo "$REPO/build/$arch/$1"
}

check_series() {
	for known in $SERIES_KNOWN; do
		[ "$1" = "$known" ] || continue
		[ "$1-$arch" != "debug-arm64" ] || die "there is no debug kernel for $arch"
		return 0
	done
	die "unknown kernel series '$1': use one of $SERIES_KNOWN"
}

# The file with the newest release of a series that is unpacked in the tree.
release_file() {
	[ "$arch" = x86_64 ] && echo "$TREE/.mockgpu/kernels/$1" || echo "$TREE/.mockgpu/kernels-$arch/$1"
}

# That release, or nothing.
release_of() {
	cat "$(release_file "$1")" 2>/dev/null || true
}

# image_of RELEASE [ROOT]: a kernel's image, by the places Debian has used for it.
image_of() {
	for image in "boot/vmlinuz-$1" "usr/lib/modules/$1/vmlinuz" "usr/lib/modules/$1/vmlinuz.unsigned"; do
		[ ! -r "${2-$TREE}/$image" ] || { echo "${2-$TREE}/$image"; return; }
	done
	die "kernel $1 has no image in ${2-$TREE}"
}

# Debian's version of the source in the tree, or nothing.
source_version() {
	gzip -dc "$TREE/usr/share/doc/$SOURCE_PACKAGE/changelog.Debian.gz" 2>/dev/null | sed -n '1s/.*(\(.*\)).*/\1/p'
}

# in_tree COMMAND...: run in the tree, with this repository at its own path and
# /proc (objtool reads it). Needs root or unprivileged user namespaces, nothing
# else: all mounts live in a namespace of their own and go with the command.
in_tree() {
	[ "$(id -u)" = 0 ] && userns= || userns=--map-root-user
	mkdir -p "$TREE$REPO"
	# shellcheck disable=SC2086 # nothing or one word
	unshare $userns --mount sh -ec '
		tree=$1 repo=$2
		shift 2
		mount --rbind /proc "$tree/proc"
		mount --rbind /dev "$tree/dev"
		mount --bind "$repo" "$tree$repo"
		exec chroot "$tree" env -i PATH=/usr/sbin:/usr/bin HOME=/root LC_ALL=C.UTF-8 \
			sh -c "cd \"\$0\" && exec \"\$@\"" "$repo" "$@"
	' sh "$TREE" "$REPO" "$@"
}

# jq, but the tree's: nothing is installed on this machine.
tree_jq() {
	# shellcheck disable=SC2086 # words
	$TREE_LOADER "$TREE/usr/bin/jq" "$@"
}

# with_lock NAME COMMAND...: one at a time among all users of this cache.
with_lock() {
	make_cache
	(
		flock 9
		shift
		"$@"
	) 9>"$CACHE/$1"
}

# with_build_lock COMMAND...: one at a time in this checkout, while nothing is fetched
# into the cache; other checkouts may build at the same time.
with_build_lock() {
	(
		flock -s 8
		flock 9
		"$@"
	) 8>"$CACHE/lock" 9>"$REPO/build/lock"
}
