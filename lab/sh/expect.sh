# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# What the lab's own tests share: run a command and check its exit status and a line of its
# output, in TAP. Sourced, after lib.sh. $work is the test's own folder, with TMPDIR in it.

work=$(mktemp -d) || exit
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
mkdir "$work/tmp"
TMPDIR=$work/tmp
export TMPDIR
count=0
failed=0
echo "TAP version 13"

# report NAME: print the result of the condition before it, by $?.
report() {
	result=$?
	count=$((count + 1))
	if [ $result = 0 ]; then
		echo "ok $count $1"
	else
		tail -n 20 "$work/err" | sed 's/^/# /'
		echo "not ok $count $1"
		failed=1
	fi
}

# expect NAME STATUS PATTERN COMMAND...: it must end with STATUS and print a line like PATTERN.
expect() {
	name=$1 want=$2 pattern=$3
	shift 3
	"$@" >"$work/out" 2>"$work/err"
	got=$?
	echo "exit status $got, wanted $want and '$pattern'" >>"$work/err"
	[ $got = "$want" ] && cat "$work/out" "$work/err" | grep -v '^exit status' | grep -q -e "$pattern"
	report "$name"
}

# expect_lines NUMBER NAME STATUS PATTERN COMMAND...: the same, with exactly that many lines
# on standard error.
expect_lines() {
	lines=$1
	shift
	expect "$@"
	[ "$(grep -c -v '^exit status' "$work/err")" = "$lines" ]
	report "$1: in $lines lines"
}

expect_line() {
	expect_lines 1 "$@"
}

expect_quiet() {
	expect_lines 0 "$@"
}

# plan: end the test.
plan() {
	echo "1..$count"
	exit $failed
}
