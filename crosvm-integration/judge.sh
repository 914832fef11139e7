# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# What the runners of VMMs share: to run guests with one or more cases each, and to
# judge what the VMM and the guest said. Sourced, after lab/sh/base.sh, with boot.sh and host.sh.
#
# A guest prints what guest/init says. A case that ends the VMM is the last one of
# its guest; those after it get another guest.
#
# What passes has the guest's own words of this boot, without a skip and with as many
# pages as promised; the buffers that were promised; and a VMM that came to its end
# well. One of them is not enough: crosvm ends with status 0 when it has crashed, and
# a guest may have tested nothing.
# shellcheck disable=SC2154

# What is said of any program that has failed, beside the VMM's own $FAILURES: by C's
# assertions, Rust's panics and the shell.
CRASHES='Assertion .*failed|panicked at|Segmentation fault|Bus error|Aborted'

# known_to_refuse: kernels before 6.13 give EFAULT for pages without a count. What this
# one does is what maps_tails() sees.
known_to_refuse() {
	[ "$(printf '6.13\n%s\n' "$(uname -r)" | sort -V | head -n 1)" != 6.13 ]
}

# said FILE PATTERN [BUT]: the first line that matches, and not BUT, without what a
# console adds. One process: under emulation that is most of what a runner costs.
said() {
	awk -v pattern="$2" -v but="${3:-^$}" '$0 ~ pattern && $0 !~ but { sub(/\r$/, ""); print; exit }' "$1" 2>/dev/null || true
}

# own_words: $own_log gets what the guest said since it named this boot. What comes
# before, or after another boot, is not this guest's.
own_words() {
	awk -v mark="guest: boot $boot_name" '
		{ sub(/\r$/, "") }
		/^guest: boot / {
			own = $0 == mark && !booted
			if (booted)
				print "guest: booted again"
			booted = booted || own
		}
		own { print }' "$guest_log" >"$own_log" 2>/dev/null || true
}

# section_of CASE LOG: what a guest said during a case.
section_of() {
	awk -v begin="guest: $1: " '
		/^guest: [^ ]*: / { inside = index($0, begin) == 1 }
		inside { print }' "$2" 2>/dev/null || true
}

# touched_in FILE: how many pages the guest's programs say that they touched.
touched_in() {
	awk '/^touched: [0-9]+ pages$/ { all += $2 } END { print all + 0 }' "$1"
}

# lacks BUFFER...: the first of these that the driver did not make in this boot.
lacks() {
	for buffer; do
		case " $made " in
		*" $buffer "*) ;;
		*) echo "$buffer"; return ;;
		esac
	done
}

# judge CASE BEGAN REFUSABLE PAGES BUFFER...: sets $verdict, $cause, $touched and $ended,
# which says that the guest came to the end of the case. What was said goes to
# $out/case-$prefix-CASE.log.
#
#   BEGAN      what the guest prints before it touches the memory
#   REFUSABLE  y when a kernel before 6.13 must refuse this case, at the first touch
#   PAGES      how many the guest must touch
#   BUFFER     KIND,ORDER: the driver must make it; what is touched first comes first
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

# judge_pass BUFFER...: of a case that came to its end without a complaint.
judge_pass() {
	lacking=$(lacks "$@")
	if [ "$touched" != "$promised" ]; then
		cause="the guest touched $touched pages, not $promised"
	elif [ -n "$lacking" ]; then
		cause="no buffer of $lacking was made, only: ${made:-none}"
	elif [ "$refusable" = y ] && known_to_refuse && ! maps_tails; then
		cause="it passed, though mockgpu-probe sees that this kernel does not map such pages: something else was tested"
	else
		verdict=ok cause=
	fi
}

# is_known_refusal BUFFER: of a case that did not come to its end.
is_known_refusal() {
	[ -n "$refused" ] && [ -n "$began" ] && [ "$refusable" = y ] && known_to_refuse &&
		[ "$touched" = 0 ] && [ -z "$(lacks ${1:+"$1"})" ] && [ -z "$(said "$section" '^ok |^#  *OK ')" ]
}

# judge_boot: the last case of a guest also answers for the guest's and the VMM's end.
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
		boot_fault="the guest had no end${end:+: $end}"
	fi
	if [ "$verdict" != not_ok ] && [ -n "$boot_fault" ]; then
		verdict=not_ok cause=$boot_fault
	fi
}

# report NAME CASE PAGES: the case's lines of TAP, from what judge() set.
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
	echo "# cell test=$1 verdict=$verdict mapped=$mapped total=$3"
}

# skip_cases NAME REASON CASE...: the lines of TAP of cases that cannot be; with $require they
# have failed.
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
		echo "# cell test=$prefix-$case verdict=$verdict mapped=0 total=$(pages_of "$case")"
	done
	[ $verdict = skip ]
}

# end_boot BEFORE: what is left of a guest and its servers, and what they said; BEFORE is
# how many buffers there were.
end_boot() {
	end_servers
	watch_fault=$(said "$watch_log" '^fault: ')
	[ "$(buffers)" = "$1" ] || boot_fault="there are $(buffers) buffers left, there were $1"
	boot_fault=${watch_fault:-$boot_fault}
	made=$(buffers_made "$boot_name" | tr '\n' ' ')
	own_words
	sed -n "s/^time: /# $boot: /p" "$watch_log" 2>/dev/null || true
}

# run_cases NAME CASE...: all of them, with as few guests as can be; NAME is the route's
# and the layout's, and put before the names of the results. boot() runs a guest, cases.sh
# says what is promised of a case. Returns 0 when all is as expected, else 1.
run_cases() {
	prefix=$1 not_ok=0
	shift
	forget_logs
	while [ $# -gt 0 ]; do
		begin_boot "$1"
		before=$(buffers)
		status=0 boot_fault='' booted=$*
		boot "$@"
		end_boot "$before"
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
