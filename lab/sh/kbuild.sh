# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154 # for in_tree(); $arch; $LOG of who sources this
#
# Building kernels in the lab's tree, which has the compilers. All output goes to $LOG.
# Sourced after lib.sh.

# About how many files a small kernel has.
KBUILD_FILES=1500

# kbuild_folders FOLDER [rw] [SOURCE]: let the lab's tree have them, at their own places.
kbuild_folders() {
	BINDS="$1 $1 ${2:-}"
	source=${3:-$(readlink -e "$1/source" || true)}
	[ -z "$source" ] || BINDS="$BINDS
$source $source"
}

# kbuild_words: what make gets to build for $arch.
kbuild_words() {
	[ "$arch" = x86_64 ] && echo ARCH=x86_64 || echo ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu-
}

# kbuild_explain WHAT: the one line of a failed step, from its log.
kbuild_explain() {
	line=$(grep -m 1 -E 'No space left|[^a-z]error[: ]|not clean|Error [0-9]|Killed' "$LOG" || tail -n 1 "$LOG")
	die "$1: ${line:-no output}; all of the output is in $LOG"
}

# kbuild_step WHAT FOLDER COMMAND...: in that folder of the tree.
kbuild_step() {
	what=$1 where=$2
	shift 2
	# shellcheck disable=SC2016 # the inner shell expands
	with_progress "preparing the kernel" quietly "$LOG" in_tree sh -c 'cd "$0" && exec nice -n 15 "$@"' "$where" "$@" ||
		kbuild_explain "$what"
}

# kbuild_progress: a line per ten files, for a build that says nothing else.
kbuild_progress() {
	awk -v all="$KBUILD_FILES" -v me="${0##*/}" '{ print > log_file; fflush(log_file) }
		/^  (CC|AS)/ && ++n % 10 == 0 { printf "%s: %d of about %d files\n", me, n, all > "/dev/stderr" }' log_file="$LOG"
}

# kbuild_compile WHAT FOLDER MAKE...: that command there, with progress.
kbuild_compile() {
	what=$1 where=$2
	shift 2
	ok=$LOG.ok
	rm -f "$ok"
	# shellcheck disable=SC2016 # the inner shell expands
	{
		in_tree sh -c 'cd "$0" && exec nice -n 15 "$@" 2>&1' "$where" "$@" && : >"$ok"
	} | kbuild_progress
	[ -e "$ok" ] || kbuild_explain "$what"
	rm -f "$ok"
}
