# SPDX-License-Identifier: GPL-2.0-only
# Makes a table for picture.jq, whose rows have a class, from the differences of compare.jq.

# As in matrix.jq: noncompound-o9-read-tails -> noncompound-o9; the probe's orders of access.
def buffer: sub("-(read|write|gem|dmabuf)-.*$"; "") | sub(" [a-z]+$"; "");

def side: if . == null then {verdict: "lost", text: "lost"}
	elif .total then {verdict, text: "\(.mapped)/\(.total) \(.verdict)"}
	else {verdict, text: .verdict} end;
def absent: if .verdict == "lost" then {verdict: null, text: "-"} else . end;
def place: [.series // empty, .mmu] | join(" ") | if . == "-" then "lab" else . end;
def why: (.b.why // .a.why // "") | if . == "" then "" else ": " + .[0:160] end;

# One row for all lost tests of a program, and one for all buffers of a kind.
def group: if .change == "lost" and .what == "test" then "lost"
	elif .what == "pages" then .test | buffer else "test " + .test end;
def severity: {"lost": 0, "not ok": 1, "skip": 2, "known": 3, "reproduced": 3, "ok": 4}[.b.verdict // "lost"];
def share: if (.total // 0) > 0 then .mapped / .total else 0 end;

def row:
	. as $group | (min_by([severity, (.b // {} | share)])) as $worst
	| $worst | {
		class,
		name: ("\(.arch | if . == "x86_64" or . == "host" then "" else . + " " end)\(place) \(.program) "
			+ (if ($group | length) == 1 then .test
			   elif .what == "pages" then "\(.test | buffer), \($group | length) cases, the worst"
			   else "\($group | length) tests" end)),
		cells: [(.a | side | absent), (.b | side | if $worst.change == "lost" then . else absent end)],
		why: (if .what == "pages" then "" else why end)
	};

{
	columns: [.a, .b | {name: ((if (.kernels | length) == 1 and .kernels[0] != .name then "\(.name) (\(.kernels[0]))" else .name end) | if length > 40 then "...\(.[-37:])" else . end), verdict: null}],
	head: "\(.worse) worse, \(.better) better, \(.other) otherwise different, \(.new) only in B, \(.same) the same",
	rows: [.differences | group_by([.class, .arch, .series, .mmu, .program, .what, group])[] | row]
		| sort_by([{"worse": 0, "better": 1, "other": 2, "new": 3}[.class], .name]),
	lines: ([if .failed_in_both > 0 then "failed in both: \(.failed_in_both)" else empty end]
		+ [.incomplete[] | "A itself gave no result: \(place) \(.program) \(.test)\(why)"])
}
