# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # of lib.sh and tap.sh
#
# A test that has a cell of its own in each of several kernels. Sourced, after lib.sh and tap.sh,
# by a script that defines on_kernel SERIES: it runs a program in a cell, which prints TAP.

# each_kernel TEST [SERIES|DIR...]: run on_kernel on each, and print a line of TAP for it: ok if it
# ends with 0 and TEST, a part of the name of a test, has passed there. Exit status: as tap_report.
each_kernel() {
	needed=$1
	shift
	names=$(kernel_names "$@") || exit
	# shellcheck disable=SC2086 # a list
	set -- $names
	for series; do
		check_series "$series"
	done
	words=$(mktemp)
	trap 'rm -f "$words"' EXIT
	echo "TAP version 13"
	echo "1..$#"
	for series; do
		status=0
		on_kernel "$series" >"$words" 2>&1 || status=$?
		if [ $status = 0 ] && grep -q "^ok .*$needed" "$words"; then
			tap_report ok "$series, $(grep -c '^ok ' "$words") tests"
		else
			grep -v -e '^#  *RUN ' -e '^#  *OK ' -e '^ok ' "$words" | tail -n 40 | sed 's/^/# /'
			tap_report "not ok" "$series, exit status $status"
		fi
	done
	exit "$failed"
}
