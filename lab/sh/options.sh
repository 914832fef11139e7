# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # $arch, of machine.sh
#
# The options that a kernel needs for a cell, from tree/cell.config. Sourced by lib.sh.

OPTIONS=$LAB/tree/cell.config

# options_needed: print those that a kernel for $arch must have, one a line.
options_needed() {
	options_of "$OPTIONS" "$arch" | grep '^CONFIG_'
}

# options_of FILE PART...: print the lines of a file before its first "[PART]", and of these.
options_of() {
	file=$1
	shift
	awk -v parts=" $* " 'NR == 1 { on = 1 } /^\[/ { on = index(parts, " " substr($0, 2, length($0) - 2) " "); next } on' "$file"
}

# options_fragment: print all of them for $arch, as a Kconfig fragment.
options_fragment() {
	options_of "$OPTIONS" "$arch" wanted
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
