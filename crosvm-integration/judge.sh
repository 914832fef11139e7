# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# Runs guests with one or more cases each, for all runners of VMMs, and judges the output of the
# VMM and the guest. Sourced, after lab/sh/base.sh, with boot.sh and host.sh.
#
# guest/init documents what a guest prints. A case that ends the VMM is the last one of its guest;
# the next cases get another guest.
#
# A case passes if all of this is true: the guest's output is of this boot, has no skip and as
# many touched pages as the case has; the driver has created the buffers of the case; and the VMM
# has ended without an error. None of them is enough alone: crosvm ends with status 0 after a
# crash, and a guest may have tested nothing.
# shellcheck disable=SC2154

# Messages of any program that has failed, besides the VMM's own $FAILURES: by C's assertions,
# Rust's panics and the shell.
CRASHES='Assertion .*failed|panicked at|Segmentation fault|Bus error|Aborted'

# known_to_refuse: tell whether this kernel is older than 6.13: such kernels are known to give
# EFAULT for pages without a reference count. maps_tails() observes what this one does.
known_to_refuse() {
	[ "$(printf '6.13\n%s\n' "$(uname -r)" | sort -V | head -n 1)" != 6.13 ]
}

# said FILE PATTERN [BUT]: print the first line that matches PATTERN and not BUT, without the
# carriage return of a console. A single process: under emulation they take most of the time.
said() {
	awk -v pattern="$2" -v but="${3:-^$}" '$0 ~ pattern && $0 !~ but { sub(/\r$/, ""); print; exit }' "$1" 2>/dev/null || true
}

# own_words: write to $own_log what the guest has printed since it named this boot. What comes
# before, or after another boot, is not from this guest.
own_words() {
	awk -v mark="guest: boot $boot_name" -v boots="$(boots_of "${booted:-}")" '
		{ sub(/\r$/, "") }
		/^guest: boot / {
			own = $0 == mark && booted < boots
			if (booted >= boots)
				print "guest: booted again"
			booted += own
		}
		own { print }' "$guest_log" >"$own_log" 2>/dev/null || true
}

# section_of CASE LOG: print what a guest has printed during a case.
section_of() {
	awk -v begin="guest: $1: " '
		/^guest: [^ ]*: / { inside = index($0, begin) == 1 }
		inside { print }' "$2" 2>/dev/null || true
}

# touched_in FILE: the number of pages that the guest's programs say they have touched.
touched_in() {
	awk '/^touched: [0-9]+ pages$/ { all += $2 } END { print all + 0 }' "$1"
}

# lacks BUFFER...: print the first of these that the driver has not created in this boot.
lacks() {
	for buffer; do
		case " $made " in
		*" $buffer "*) ;;
		*) echo "$buffer"; return ;;
		esac
	done
}

# judge CASE BEGAN REFUSABLE PAGES BUFFER...: set $verdict, $cause, $touched and $ended, the line
# that says that the guest has finished the case. Writes the output of the case to
# $out/case-$prefix-CASE.log.
#
#   BEGAN      the line that the guest prints before it touches the memory
#   REFUSABLE  y if a kernel before 6.13 must refuse this case, at the first touch
#   PAGES      number of pages that the guest must touch
#   BUFFER     KIND,ORDER: the driver must create it; the one that is touched first comes first
judge() {
	section=$out/case-$prefix-$1.log
	section_of "$1" "$own_log" >"$section"
	refused=$(said "$vmm_log" "$REFUSALS")
	began=$(said "$section" "$2")
	ended=$(said "$section" "^guest: $1: ended, status")
	failed=$(said "$section" '^not ok|^bar: failed')
	skipped=$(said "$section" '# *SKIP')
	touched=$(touched_in "$section")
	crash=$(said "$guest_log" "$REPORTS")
	right="guest: $1: ended, status 0" refusable=$3 promised=$4
	shift 4
	verdict=not_ok
	if [ -n "$crash" ]; then
		cause="guest kernel: $crash"
	elif [ -n "$failed" ]; then
		cause="guest: $failed"
	elif [ -n "$skipped" ]; then
		cause="guest: $skipped"
	elif [ -n "$began" ] && [ "$ended" = "$right" ]; then
		judge_pass "$@"
	elif [ -n "$ended" ]; then
		cause=$ended
	elif is_known_refusal "${1:-}"; then
		verdict=reproduced cause=$refused
	else
		cause=${boot_fault:-"the VMM's status $status, ${refused:-$(tail -n 1 "$vmm_log")}"}
	fi
}

# judge_pass BUFFER...: judge a case that has ended without an error.
judge_pass() {
	lacking=$(lacks "$@")
	if [ "$touched" != "$promised" ]; then
		cause="the guest touched $touched pages, not $promised"
	elif [ -n "$lacking" ]; then
		cause="no buffer of $lacking was created, only: ${made:-none}"
	elif [ "$refusable" = y ] && known_to_refuse && ! maps_tails; then
		cause="it passed, though mockgpu-probe sees that this kernel does not map such pages: something else was tested"
	else
		verdict=ok cause=
	fi
}

# is_known_refusal BUFFER: tell whether a case that has not ended was refused as is known.
is_known_refusal() {
	[ -n "$refused" ] && [ -n "$began" ] && [ "$refusable" = y ] && known_to_refuse &&
		[ "$touched" = 0 ] && [ -z "$(lacks ${1:+"$1"})" ] && [ -z "$(said "$section" '^ok |^#  *OK ')" ]
}

# judge_boot: judge the end of the guest and the VMM, which counts for the last case.
judge_boot() {
	case $verdict in
	reproduced) known=$REFUSALS${AFTER_REFUSAL:+|$AFTER_REFUSAL} ;;
	*) known= ;;
	esac
	failure=$(said "$vmm_log" "$CRASHES|$FAILURES" "$known")
	end=$(said "$own_log" '^guest: (ended|booted again)')
	if [ -n "$failure" ]; then
		boot_fault="the VMM failed: $failure"
	elif [ -n "$ended" ] && [ "$status" != 0 ]; then
		boot_fault=${boot_fault:-"the VMM's status $status, $(tail -n 1 "$vmm_log")"}
	elif [ -n "$ended" ] && [ "$end" != "guest: ended" ]; then
		boot_fault="the guest did not end properly${end:+: $end}"
	fi
	if [ "$verdict" != not_ok ] && [ -n "$boot_fault" ]; then
		verdict=not_ok cause=$boot_fault
	fi
}

# lost_to_emulator: tell whether QEMU's emulation of SVM has ended this guest, which has reported
# nothing itself: docs/findings/vectoring-type.md. Nothing but the emulation makes KVM say that an
# event was being delivered (suberror 3) at a first access (the nested page fault, 0x400, of a page
# that is not present, from the guest's final address, a read or a write) to a device.
lost_to_emulator() {
	case ${machine:-} in
	TCG*) ;;
	*) return 1 ;;
	esac
	awk '
		/^KVM internal error/ { errors++ }
		/^KVM internal error. Suberror: 3/ { ours++ }
		/^extra data\[/ { sub(/\r$/, ""); data[substr($2, 6, 1)] = $3 }
		END {
			exit !(errors == 1 && ours == 1 && data[0] == data[3] && data[1] == "0x0000000000000400" &&
				data[2] ~ /^0x000000010000000[46]$/)
		}' "$vmm_log" 2>/dev/null && [ -z "$(said "$guest_log" "$REPORTS")" ] && [ -z "$(said "$own_log" '^not ok')" ]
}

# The most guests of a run_cases() that may be lost so. Each is told, and counted by lab/test.
LOST_MOST=2

# report NAME CASE PAGES: print the case's lines of TAP, from what judge() has set.
report() {
	count=$((${count:-0} + 1))
	mapped=$touched
	case $verdict in
	ok) echo "ok $count $1" ;;
	reproduced) mapped=0 && echo "ok $count $1 # XFAIL $cause" ;;
	*)
		not_ok=1
		echo "not ok $count $1"
		echo "# $cause"
		tail -q -n 10 "$section" "$vmm_log" | tr -d '\r' | sed 's/^/# /'
		;;
	esac
	sed -n 's/^bench: /# &/p' "$section"
	echo "# result test=$1 verdict=$verdict mapped=$mapped total=$3"
}

# skip_cases NAME REASON CASE...: print the lines of TAP of cases that are not possible; with
# $require they have failed.
skip_cases() {
	prefix=$1 reason=$2 verdict=skip
	shift 2
	for case; do
		count=$((${count:-0} + 1))
		if [ -n "${require:-}" ]; then
			echo "not ok $count $prefix-$case"
			echo "# required, and cannot be: $reason"
			verdict=not_ok
		else
			echo "ok $count $prefix-$case # SKIP $reason"
		fi
		echo "# result test=$prefix-$case verdict=$verdict mapped=0 total=$(pages_of "$case")"
	done
	[ $verdict = skip ]
}

# end_boot BEFORE: end the servers of a guest and collect the output; BEFORE is the number of
# buffers before it.
end_boot() {
	end_servers
	watch_fault=$(said "$watch_log" '^fault: ')
	[ "$(buffers)" = "$1" ] || boot_fault="there are $(buffers) buffers, before the boot there were $1"
	boot_fault=${watch_fault:-$boot_fault}
	made=$(buffers_made "$boot_name" | tr '\n' ' ')
	own_words
	sed -n "s/^time: /# $boot: /p" "$watch_log" 2>/dev/null || true
}

# run_cases NAME CASE...: run all cases with as few guests as possible. NAME, the prefix of the
# results' names, has the route and the layout. boot() runs a guest, cases.sh has the properties
# of a case. Returns 0 if everything is as expected, else 1.
run_cases() {
	prefix=$1 not_ok=0 lost=0
	shift
	forget_logs
	while [ $# -gt 0 ]; do
		begin_boot "$1"
		before=$(buffers)
		status=0 boot_fault='' booted=$*
		boot "$@"
		end_boot "$before"
		if lost_to_emulator; then
			if [ $lost -lt $LOST_MOST ]; then
				lost=$((lost + 1))
				echo "# emulator: $boot: QEMU's emulation of SVM has ended this guest (docs/findings/vectoring-type.md): booting another, $lost of at most $LOST_MOST"
				keep_lost $lost
				continue
			fi
			boot_fault="QEMU's emulation of SVM has ended this guest, too (docs/findings/vectoring-type.md)"
		fi
		for case in $booted; do
			shift
			promised=$(pages_of "$case")
			# shellcheck disable=SC2046 # a list
			judge "$case" "$(first_touch "$case")" "$(is_refusable "$case")" "$promised" $(buffers_of "$case")
			if [ -z "$ended" ] || [ "$case" = "${booted##* }" ]; then
				judge_boot
			fi
			report "$prefix-$case" "$case" "$promised"
			[ -n "$ended" ] || break
		done
		keep_logs
	done
	return $not_ok
}
