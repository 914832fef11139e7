# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # what lab/run sets
#
# The end of a cell: what lab/run prints and keeps of it, and its exit status. Sourced by
# lab/run.

# reports: print the kernel's own reports, from the log and from the console, which is all
# that a crash leaves. A program that provokes some writes them to the file "provoked", as
# dmesg prints them, with their times: those lines are left out, and no others like them.
reports() {
	provoked=$run/provoked
	[ -e "$provoked" ] || provoked=/dev/null
	cat "$console" "$run/dmesg" 2>/dev/null |
		tr -d '\r' |
		grep -a -E "$REPORTS" |
		grep -a -v -x -F -f "$provoked" |
		sort -u
}

# keep_logs: keep the console and the kernel log, unless both are empty.
keep_logs() {
	[ -s "$console" ] || [ -s "$run/dmesg" ] || return 0
	if [ -z "$out" ]; then
		out=$REPO/build/runs/$(date +%Y%m%d-%H%M%S)-$series-$mmu-$$
		mkdir -p "$out" && cp "$console" "$out/" || return 0
		# shellcheck disable=SC2012 # the names are ours
		ls -d "$REPO"/build/runs/* | head -n -10 | xargs -r rm -rf
		log "console and kernel log are in $out"
	fi
	[ ! -e "$run/dmesg" ] || cp "$run/dmesg" "$out/dmesg"
}

show_reports() {
	log "kernel $release reported:"
	reports | head -n 20 >&2
}

show_console() {
	if [ -s "$console" ]; then
		log "the last lines of the console:"
		tail -n 30 "$console" | tr -d '\r' >&2
	elif [ -e "$run/booted" ]; then
		log "the console is empty: the kernel has booted and reported nothing since; -v shows all of its messages"
	else
		log "the console is empty: the kernel did not get far (is --memory $memory too little?); run again with -v to see its first messages"
	fi
	keep_logs
}

# outcome_lost: report a cell that left no exit status.
outcome_lost() {
	words=$(grep -v 'warning: TCG' "$run/machine.log" | head -n 3 | paste -sd' ')
	case $words in
	*'terminating on signal'*)
		log "a signal ended the cell: $words"
		keep_logs
		exit "$EXIT_FAILED"
		;;
	esac
	[ "$emulator" = bochs ] && name=Bochs || name=QEMU
	[ -s "$console" ] || [ "$status" = 0 ] || [ -e "$run/booted" ] ||
		die "$name did not start, exit status $status: ${words:-no message}"
	log "the cell ended without an exit status (crash?), kernel $release, $mmu, $name's status $status${words:+: $words}"
	[ -z "$(reports)" ] || show_reports
	show_console
	[ -z "$(reports)" ] || exit "$LAB_EXIT_REPORT"
	exit "$EXIT_FAILED"
}

# outcome_stopped: report a cell that KVM did not run any further.
outcome_stopped() {
	log "this machine's KVM has stopped the cell, kernel $release, $mmu:"
	grep -A 40 -E "^($QEMU_STOPPED)" "$run/machine.log" >&2
	[ ! -s "$console" ] || show_console
	exit "$EXIT_FAILED"
}

outcome() {
	[ ! -e "$run/stopped" ] || outcome_stopped
	if [ -e "$run/limit" ]; then
		log "no end after $(cat "$run/limit"), kernel $release, $mmu"
		show_console
		exit "$LAB_EXIT_TIMEOUT"
	fi
	[ -s "$run/status" ] || outcome_lost
	if [ -n "$(reports)" ]; then
		show_reports
		keep_logs
		exit "$LAB_EXIT_REPORT"
	fi
	[ -z "$out" ] || keep_logs
	exit "$(cat "$run/status")"
}
