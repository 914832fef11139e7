# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# Inputs of fuzz targets as text: bytes as pairs of hexadecimal digits, a blank line between two
# inputs, comments from # to the end of the line. Sourced.

# seeds_unpack FILE FOLDER: write each input to a file of its own. Fails if anything in FILE is no
# byte. No FILE: no input.
seeds_unpack() {
	mkdir -p "$2"
	[ -e "$1" ] || return 0
	seeds_count=0
	seeds_octal=$(awk '
		function digit(c) { return index("0123456789abcdef", c) - 1 }
		NF == 0 { if (line) print line; line = ""; next }
		{ sub(/#.*/, "") }
		{ for (i = 1; i <= NF; i++) {
			if ($i !~ /^[0-9a-f][0-9a-f]$/) { bad = 1; exit }
			line = line sprintf("\\0%03o", digit(substr($i, 1, 1)) * 16 + digit(substr($i, 2)))
		} }
		END { if (line) print line; exit bad }' "$1") || return
	[ "$seeds_octal" ] || return 0
	while read -r seeds_line; do
		seeds_count=$((seeds_count + 1))
		printf %b "$seeds_line" >"$2/seed-$seeds_count"
	done <<EOF
$seeds_octal
EOF
}

# seeds_print FILE: print an input as text.
seeds_print() {
	od -An -v -tx1 "$1" | sed 's/^ *//'
}
