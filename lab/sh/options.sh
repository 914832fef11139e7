# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # $arch, of machine.sh
#
# The options that a kernel needs for a cell, of tree/cell.config. Sourced by lib.sh.

OPTIONS=$LAB/tree/cell.config

# options_needed: those for $arch, a line each.
options_needed() {
	awk -v arch="$arch" 'NR == 1 { on = 1 } /^\[/ { on = $0 == "[" arch "]"; next } on && /^CONFIG_/' "$OPTIONS"
}

# options_fragment: all of them for $arch, as Kconfig reads them.
options_fragment() {
	awk -v arch="$arch" 'NR == 1 { on = 1 } /^\[/ { on = $0 == "[" arch "]" || $0 == "[wanted]"; next } on' "$OPTIONS"
}

# options_lacking CONFIG: those of the lines of standard input that a .config lacks; "m"
# may be built in.
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

# options_missing CONFIG: what it lacks of those needed, on one line, or nothing.
options_missing() {
	options_needed | options_lacking "$1" | paste -sd' '
}
