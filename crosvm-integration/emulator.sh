# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# A fault of the machine below KVM, told apart from one of KVM, of the VMM or of
# mockgpu: QEMU's emulation of SVM loses a guest, now and then
# (docs/findings/emulated-svm.md). Either the host's own registers are left in its VMCB:
# from then on it "runs" at the instruction after KVM's VMRUN, with the host's CR3,
# where nothing else takes a guest. Or its CPU ends in a triple fault; a guest that does
# so each time is not taken for lost, see boot_anew(). Sourced, beside judge.sh.
# shellcheck disable=SC2154

TRACING=/sys/kernel/tracing
WATCH=$TRACING/instances/mockgpu-lost
# SVM_EXIT_SHUTDOWN: a triple fault.
SHUTDOWN=0x7f

# vmrun_text: "START END", of the function with VMRUN in it; nothing on another CPU's
# make of KVM, or where kvm_amd is built in: that is no lab's kernel. All symbols would
# take seconds to sort under emulation.
vmrun_text() {
	grep -F '[kvm_amd]' /proc/kallsyms | sort | awk '$3 == "__svm_vcpu_run" { start = $1; next }
		start && $1 != start { print "0x" start, "0x" $1; exit }'
}

# watch_exits: from now on $WATCH has each exit of a guest from there, and in the lab
# each triple fault. Without a word where that cannot be: then nothing is ever taken for
# lost.
watch_exits() {
	rm -f "$out/lost"
	[ ! -d $WATCH ] || { echo >$WATCH/trace && return; }
	range=$(vmrun_text)
	[ -n "$range" ] || return 0
	[ -d $TRACING/events ] || mount -t tracefs tracefs $TRACING 2>/dev/null || return 0
	mkdir $WATCH 2>/dev/null || return 0
	echo 64 >$WATCH/buffer_size_kb
	filter="(guest_rip >= ${range% *} && guest_rip < ${range#* })"
	[ -z "${MOCKGPU_SERIES:-}" ] || filter="$filter || exit_reason == $SHUTDOWN"
	echo "$filter" >$WATCH/events/kvm/kvm_exit/filter
	echo 1 >$WATCH/events/kvm/kvm_exit/enable
}

# end_when_lost PROCESS: wait for such an exit and end the VMM, or for end_watch. What
# asks again and again instead takes most of an emulated CPU.
end_when_lost() {
	[ -d $WATCH ] || return 0
	read -r event <$WATCH/trace_pipe
	case $event in
	*kvm_exit:*)
		echo "${event#*kvm_exit: }" >"$out/lost"
		kill "$1" 2>/dev/null
		;;
	esac
}

# end_watch: the end of end_when_lost, after all exits that there were.
end_watch() {
	[ ! -d $WATCH ] || echo end >$WATCH/trace_marker
}

# lost_guest: the first exit of a guest that the emulator has lost; nothing when none
# was.
lost_guest() {
	cat "$out/lost" 2>/dev/null || true
}

unwatch_exits() {
	[ ! -d $WATCH ] || { echo 0 >$WATCH/events/kvm/kvm_exit/enable && rmdir $WATCH; }
}
