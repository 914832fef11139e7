# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154 # for in_tree(); $arch; $LOG of who sources this
#
# Builds kernels in the lab's tree, which has the compilers. All output goes to $LOG.
# Sourced, after lib.sh.

# About how many files make up a small kernel.
KBUILD_FILES=1500

# kbuild_folders FOLDER [rw] [SOURCE]: show them to the lab's tree, at their own paths.
kbuild_folders() {
	BINDS="$1 $1 ${2:-}"
	source=${3:-$(readlink -e "$1/source" || true)}
	[ -z "$source" ] || BINDS="$BINDS
$source $source"
}

# kbuild_words: print make's words to build for $arch.
kbuild_words() {
	echo "ARCH=$kbuild_arch${triplet:+ CROSS_COMPILE=$triplet-}"
}

# kbuild_explain WHAT: die with one line about a failed step, from its log.
kbuild_explain() {
	line=$(grep -m 1 -E 'No space left|[^a-z]error[: ]|not clean|Error [0-9]|Killed' "$LOG" || tail -n 1 "$LOG")
	die "$1: ${line:-no output}; all of the output is in $LOG"
}

# kbuild_step WHAT FOLDER COMMAND...: run it in that folder of the tree.
kbuild_step() {
	what=$1 where=$2
	shift 2
	# shellcheck disable=SC2016 # the inner shell expands
	with_progress "preparing the kernel" quietly "$LOG" in_tree sh -c 'cd "$0" && exec nice -n 15 "$@"' "$where" "$@" ||
		kbuild_explain "$what"
}

# kbuild_progress: print a line for every ten files, and nothing else.
kbuild_progress() {
	awk -v all="$KBUILD_FILES" -v me="${0##*/}" '{ print > log_file; fflush(log_file) }
		/^  (CC|AS)/ && ++n % 10 == 0 { printf "%s: %d of about %d files\n", me, n, all > "/dev/stderr" }' log_file="$LOG"
}

# kbuild_compile WHAT FOLDER MAKE...: run that command there, with progress.
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
