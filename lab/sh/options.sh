# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # $arch, of machine.sh
#
# The options that a kernel needs for a cell, from tree/cell.config. Sourced by lib.sh.

OPTIONS=$LAB/tree/cell.config

# options_needed: print those that a kernel for $arch must have, one a line.
options_needed() {
	awk -v arch="$arch" 'NR == 1 { on = 1 } /^\[/ { on = $0 == "[" arch "]"; next } on && /^CONFIG_/' "$OPTIONS"
}

# options_fragment: print all of them for $arch, as a Kconfig fragment.
options_fragment() {
	awk -v arch="$arch" 'NR == 1 { on = 1 } /^\[/ { on = $0 == "[" arch "]" || $0 == "[wanted]"; next } on' "$OPTIONS"
}

# options_lacking CONFIG: print the lines of standard input that a .config lacks. An option
# that is "m" here may be built in there.
options_lacking() {
	awk '
		NR == FNR { has[$0]; next }
		/^CONFIG_/ {
			built_in = $0
			sub(/=m$/, "=y", built_in)
			if (!($0 in has) && !(built_in in has))
				print
		}' "$1" -
}

# options_missing CONFIG: print the needed options that it lacks, on one line, or nothing.
options_missing() {
	options_needed | options_lacking "$1" | paste -sd' '
}
