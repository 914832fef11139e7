# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034 # for the scripts that source this
#
# The host, for all runners of VMMs: what they need there, what they change and restore, and
# what they observe. Sourced, after lab/sh/base.sh.
# shellcheck disable=SC2154

NODE=/sys/module/mockgpu/parameters
NODE_KIND=$NODE/node_kind
TRACING=/sys/kernel/tracing
BUFFER_EVENT=$TRACING/events/mockgpu/mockgpu_bo_alloc/enable

# set_build_places: set $BUILD, $INITRD and $kernel unless the caller has: in a cell to those of
# lab/build, else to those of make.
set_build_places() {
	if [ -n "${MOCKGPU_SERIES:-}" ]; then
		BUILD=${BUILD:-$REPO/build/x86_64/crosvm-integration}
		INITRD=${INITRD:-$REPO/build/x86_64/$MOCKGPU_SERIES/guest-initrd} hint=lab/build
	else
		BUILD=${BUILD:-$REPO/build/host/crosvm-integration}
		INITRD=${INITRD:-$REPO/build/host/guest-initrd} hint="make and make guest"
	fi
	for program in vhost-gpu buffer-gpu vmm-watch; do
		[ -x "$BUILD/$program" ] || die "$BUILD/$program is missing: run $hint"
	done
	[ -r "$INITRD" ] || die "$INITRD is missing: run $hint"
	kernel=${KERNEL:-$(image_of "$(uname -r)" '')} || exit
	[ -r "$kernel" ] || die "no permission to read $kernel"
}

# program_of VARIABLE VALUE: print the path of a program that the user has named, or die.
program_of() {
	case $2 in
	*/*) path=$2 ;;
	*) path=$(command -v "$2" || true) ;;
	esac
	[ -n "$path" ] || die "$1=$2 is not in PATH: give the whole path"
	if ! [ -f "$path" ] || ! [ -x "$path" ]; then
		die "$1=$2 is not an executable file"
	fi
	echo "$path"
}

# skip_all REASON...: end a run that is not possible; with $require it has failed.
skip_all() {
	if [ -n "${require:-}" ]; then
		printf '1..1\nnot ok 1 - required, and cannot be: %s\n' "$*"
		exit 1
	fi
	echo "1..0 # SKIP $*"
	exit 4
}

# need_devices: skip all without what every route needs.
need_devices() {
	[ -c /dev/mockgpu ] || skip_all "no /dev/mockgpu: load the module"
	[ -w /dev/kvm ] || skip_all "no permission to use /dev/kvm"
	[ -w "$BUFFER_EVENT" ] ||
		skip_all "no $BUFFER_EVENT, which lists new buffers: be root, mount -t tracefs tracefs $TRACING"
}

# need_paging: skip all without the paging that every Linux guest needs.
need_paging() {
	machine=$("$BUILD/vmm-watch" --machine)
	case $machine:$(cat /sys/module/kvm_amd/parameters/npt 2>/dev/null || true) in
	TCG*:[N0])
		skip_all "no Linux guest runs with shadow paging under QEMU's emulation: it lets a guest read the host's CR3 (docs/findings/emulated-svm.md)"
		;;
	esac
}

# has_tdp_mmu: tell whether KVM uses the TDP MMU.
has_tdp_mmu() {
	case $(cat /sys/module/kvm/parameters/tdp_mmu 2>/dev/null || true) in
	[Y1]) ;;
	*) return 1 ;;
	esac
}

# can_write_to DIR: create a file there: permissions do not tell for root.
can_write_to() {
	mkdir -p "$1" 2>/dev/null && try=$(mktemp "$1/try.XXXXXX" 2>/dev/null) && rm "$try"
}

# set_out: move the user's $out to $keep, and make $out a fast temporary folder. At the end of the
# script the folder and all started processes go, and the host's settings are restored.
set_out() {
	keep=$out
	[ -z "$keep" ] || can_write_to "$keep" || die "cannot write to $keep"
	# The lock on this file is held until this process and all its children are gone.
	exec 9<"$NODE_KIND"
	flock -n 9 || die "another runner is using /dev/mockgpu"
	out=$(mktemp -d) || die "cannot make a folder in ${TMPDIR:-/tmp}"
	kind=$(cat "$NODE_KIND")
	event=$(cat "$BUFFER_EVENT")
	trap clean_up EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	echo 1 >"$BUFFER_EVENT"
}

clean_up() {
	trap '' HUP INT TERM
	for process in ${vmm:-} ${servers:-}; do
		kill "${process%%:*}" 2>/dev/null || true
	done
	# vmm-watch ends when nothing is left of its VMM; a server may have to be killed.
	[ -z "${vmm:-}" ] || wait "$vmm" || true
	for process in ${servers:-}; do
		end_process "${process%%:*}" || true
	done
	echo "$kind" >"$NODE_KIND"
	echo "$event" >"$BUFFER_EVENT"
	rm -rf "$out"
}

# end_process ID: wait for a child that was sent SIGTERM, for at least a minute, and return its
# status.
end_process() {
	tries=0
	while kill -0 "$1" 2>/dev/null && [ $((tries += 1)) -le 600 ]; do
		sleep 0.1
	done
	kill -KILL "$1" 2>/dev/null || true
	wait "$1"
}

# set_node_kind KIND: set the kind of /dev/mockgpu's pages; sets $boot_fault on failure.
set_node_kind() {
	echo "$1" 2>/dev/null >"$NODE_KIND" || true
	[ "$(cat "$NODE_KIND")" = "$1" ] || boot_fault="cannot set the pages of /dev/mockgpu to $1"
}

# node_kind_of CASE: the kind of /dev/mockgpu's pages in it; node_buffer CASE: with their order.
node_kind_of() {
	case $1 in
	control) echo split ;;
	*) echo noncompound ;;
	esac
}

node_buffer() {
	echo "$(node_kind_of "$1"),$(cat "$NODE/node_order")"
}

# buffers: the number of mockgpu's buffers.
buffers() {
	cat /sys/kernel/debug/dri/*/mockgpu 2>/dev/null | sed -n 's/^buffers: //p' | head -n 1
}

# mark_boot NAME: mark in the trace that the buffers of this boot follow.
mark_boot() {
	echo "mockgpu: boot $1" >"$TRACING/trace_marker"
}

# buffers_made NAME: the buffers that the driver has created since mark_boot NAME, as
# KIND,ORDER, without repetitions.
buffers_made() {
	awk -v mark="mockgpu: boot $1" '
		BEGIN { split("ttm noncompound compound split reserved", names) }
		index($0, mark) { seen = 1 }
		seen && /mockgpu_bo_alloc:/ {
			kind = $0; sub(/.* kind=/, "", kind)
			order = $0; sub(/.* order=/, "", order)
			made[names[kind + 1] "," order + 0] = 1
		}
		END { for (one in made) print one }' "$TRACING/trace"
}

# maps_tails: tell whether this kernel maps pages without a reference count into a guest, which
# mockgpu-probe tries with its own guest: once, and only if the answer matters.
maps_tails() {
	if [ -z "${tails:-}" ]; then
		tails=refused
		! "${BUILD%/*}/test-app/mockgpu-probe" --quiet >/dev/null 2>&1 || tails=mapped
	fi
	[ "$tails" = mapped ]
}
