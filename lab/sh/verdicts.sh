# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# Reads a folder of results: its TAP files and the probe's JSON. Sourced, after lib.sh.

# TAP_AWK: awk functions that parse the results of a TAP file, one at a time.
#
#   program       the name of the program; set it first
#   tap_result()  true if the line is a result; sets test, verdict (ok, known, skip, not ok)
#                 and why. For a program that skipped as a whole, or gave no result, test is
#                 "all of it"; for "not ok - PROGRAM ended with ..." it is "its end".
TAP_AWK='
	function tap_reason(line, at) {
		at = match(line, / *# *(SKIP|XFAIL|TODO)?/)
		why = substr(line, at + RLENGTH)
		gsub(/^[ :]+|[ \t\r]+$/, "", why)
		return at
	}
	function tap_result(line, at, numbered) {
		line = $0
		why = ""
		if (line ~ /^1\.\.0/ && line ~ /# *SKIP/) {
			tap_reason(line)
			test = "all of it"
			verdict = "skip"
			return 1
		}
		if (line !~ /^(not )?ok( |$)/)
			return 0
		verdict = line ~ /^not/ ? "not ok" : "ok"
		sub(/^(not )?ok */, "", line)
		numbered = sub(/^[0-9]+ */, "", line)
		sub(/^- */, "", line)
		if (line ~ /# *SKIP/ && verdict == "ok")
			verdict = "skip"
		if (line ~ /# *XFAIL/ && verdict == "ok")
			verdict = "known"
		at = line ~ /# *(SKIP|XFAIL|TODO)/ ? match(line, / *# *(SKIP|XFAIL|TODO)/) : match(line, / # /)
		if (at) {
			tap_reason(substr(line, at))
			line = substr(line, 1, at - 1)
		}
		gsub(/[ \t\r]+$/, "", line)
		test = line
		# kselftest prints no name with some skips; take what comes before the colon.
		if (test == "") {
			test = why
			sub(/:.*/, "", test)
			why = substr(why, length(test) + 1)
			sub(/^: */, "", why)
		}
		if (numbered || verdict != "not ok")
			return 1
		# A line that the lab has added.
		at = index(test, program ": ")
		if (at == 1) {
			why = substr(test, length(program) + 3)
			test = "all of it"
		} else if (index(test, program " ended with") == 1) {
			why = test
			test = "its end"
		}
		return 1
	}
'

# verdicts_of RESULTS: print a line for each test in a folder of results, with tabs: ARCH
# SERIES MMU PROGRAM TEST VERDICT WHY. Steps of the suite have the machine "host". A cell's own
# result, whether it came to its end, is the test "cell" of a program with the cell's name.
verdicts_of() {
	find "$1" -maxdepth 2 -name '*.tap' | LC_ALL=C sort | while read -r tap; do
		program=${tap##*/} cell=${tap%/*} cell=${cell##*/} is_cell=
		[ "${tap%/*}" != "$1" ] || cell=host
		[ ! -e "${tap%.tap}/programs" ] || is_cell=y
		tr -d '\000\t' <"$tap" | awk -v cell="$cell" -v is_cell="$is_cell" -v program="${program%.tap}" -v OFS='\t' '
			'"$TAP_AWK"'
			BEGIN {
				arch = mmu = cell
				sub(/-.*/, "", arch)
				sub(/.*-/, "", mmu)
				series = substr(cell, length(arch) + 2, length(cell) - length(arch) - length(mmu) - 2)
				if (cell == "host") {
					mmu = "-"
					series = "lab"
				}
			}
			tap_result() {
				# This is about lab/skips, not about the kernel.
				if (index(test, "a skip that lab/skips does not name") == 1)
					next
				if (is_cell) {
					why = verdict == "ok" ? "" : test
					sub(/: see .*/, "", why)
					test = "cell"
				}
				print arch, series, mmu, program, test, verdict, why
			}'
	done
}

# A TAP line about a buffer's pages: "# result test=NAME verdict=WORD mapped=N total=N", then
# pages=RUNS if it was tried (struct judgement), or why=WORDS if a program gave no result.
PAGES_LINE='^# result test=(?<test>\\S+) verdict=(?<verdict>\\S+) mapped=(?<mapped>\\d+) total=(?<total>\\d+)( pages=(?<pages>\\S+))?( why=(?<why>.*))?$'

# pages_cell NAME RELEASE [PROGRAM]: add what describes the cell to lines of JSON.
pages_cell() {
	tree_jq -c --arg cell "$1" --arg release "$2" --arg program "${3:-}" '
		($cell | capture("^(?<arch>[^-]+)-(?<series>.+)-(?<mmu>[^-]+)$"))
		+ {release: $release, program: (.program // $program)} + {test, verdict, mapped, total}
		+ if (.pages // "") != "" then {pages} else {} end + if .why then {why} else {} end
		+ if .text then {text} else {} end + if .orders then {orders} else {} end'
}

# pages_of CELL: print what the programs of a cell said about pages, one JSON object each.
pages_of() {
	release=$(cat "$1/release" 2>/dev/null || echo unknown)
	{
		[ -z "$(find "$1" -maxdepth 1 -name '*.tap')" ] || tree_jq -nRc 'inputs
			| (capture("'"$PAGES_LINE"'") | .verdict |= sub("_"; " ") | .mapped |= tonumber | .total |= tonumber)
			+ {program: (input_filename | sub(".*/"; "") | sub("[.]tap$"; ""))}' "$1"/*.tap
		[ ! -r "$1/mockgpu-probe.json" ] ||
			tree_jq -c '.results[] + {program: "mockgpu-probe"}' "$1/mockgpu-probe.json" 2>/dev/null || true
	} | pages_cell "${1##*/}" "$release"
}

# records_of RESULTS: print a JSON object for each test, and for each buffer if its program gave
# a result; each of the probe's orders of access has one too. The input of compare.jq.
records_of() {
	verdicts_of "$1" | tree_jq -Rc 'split("\t") | {arch: .[0], series: .[1], mmu: .[2], program: .[3], what: "test", test: .[4], verdict: .[5]}
		+ if .[6] != "" then {why: .[6]} else {} end'
	for cell in "$1"/*-*-*/; do
		[ ! -d "$cell" ] || pages_of "${cell%/}"
	done | tree_jq -c 'select(.total > 0) | {arch, series, mmu, program, what: "pages", test, verdict, mapped, total} as $whole
		| $whole, (.orders // {} | to_entries[] | $whole + {test: "\($whole.test) \(.key)", mapped: .value})'
}
