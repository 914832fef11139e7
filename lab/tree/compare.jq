# SPDX-License-Identifier: GPL-2.0-only
# Makes the differences from the records of two folders of results; lab/compare says what
# counts as worse. $a and $b are records {arch, series, mmu, program, what, test, verdict},
# those of pages with mapped and total, some with why. $name_a and $name_b are strings.

def rank: {"not ok": 0, "skip": 1, "known": 2, "reproduced": 2, "ok": 3}[.verdict] // 0;
def share: if (.total // 0) > 0 then .mapped / .total else 0 end;

# If each side has one kernel, compare these two and ignore their names.
def kernels: [.[] | select(.arch != "host") | [.arch, .series]] | unique;
def is_one: kernels | group_by(.[0]) | all(length == 1);
(($a | is_one) and ($b | is_one)) as $paired
| def key: [.arch, (if $paired and .arch != "host" then "" else .series end), .mmu, .program, .what, .test];

# Of several results with the same name the worst counts.
def by_key: group_by(key) | map({key: (.[0] | key | tojson), value: min_by([rank, share])}) | from_entries;

# Stands for a program without results: if B lacks it, nothing is lost.
def is_no_result: .what == "test" and (.test == "all of it" or .test == "its end");

# A known refusal that a test only meets by luck.
def is_luck: .verdict == "known" and ((.why // "") | startswith("known, by luck"));

# The kind of change from A to B.
def change($a; $b):
	if $b == null then (if $a | is_no_result then "other" else "lost" end)
	elif $a == null then (if $b.verdict == "not ok" then "new failure" else "new" end)
	else ($a | rank) as $from | ($b | rank) as $to
		| if $from == $to then
			(if ($b | share) < ($a | share) then "worse"
			 elif ($b | share) > ($a | share) then "better"
			 elif $a.total != $b.total or ($a.verdict == "skip" and $a.why != $b.why) then "other"
			 else "same" end)
		  elif $b.verdict == "not ok" then "worse"
		  elif $a.verdict == "not ok" and $b.verdict == "skip" then "other"
		  elif $to < $from then (if $b | is_luck then "luck" else "worse" end)
		  else "better" end
	end;

def class: {"lost": "worse", "new failure": "worse", "luck": "other"}[.] // .;

($a | by_key) as $of_a | ($b | by_key) as $of_b
| [($of_a + $of_b | keys_unsorted[]) as $key
   | $of_a[$key] as $x | $of_b[$key] as $y | change($x; $y) as $change
   | ($x // $y) as $any
   | {arch: $any.arch, mmu: $any.mmu, program: $any.program, what: $any.what, test: $any.test,
      change: $change, class: ($change | class)}
     + (if $paired then {} else {series: $any.series} end)
     + {a: ($x | if . then {verdict, mapped, total, why} | with_entries(select(.value != null)) else null end),
	b: ($y | if . then {verdict, mapped, total, why} | with_entries(select(.value != null)) else null end)}]
| . as $all
| def count($class): map(select(.class == $class)) | length;
{
	a: ({name: $name_a} + {kernels: [$a[] | select(.arch != "host") | .series] | unique}),
	b: ({name: $name_b} + {kernels: [$b[] | select(.arch != "host") | .series] | unique}),
	worse: count("worse"), better: count("better"), other: count("other"), new: count("new"), same: count("same"),
	failed_in_both: map(select(.class == "same" and .b.verdict == "not ok")) | length,
	# The parts of A without a result: cells that died, and programs that printed none.
	incomplete: [.[] | select(.a.verdict == "not ok" and (is_no_result or .test == "cell")) | del(.b, .class, .change)],
	differences: (map(select(.class != "same"))
		| sort_by([(.class | {"worse": 0, "better": 1, "other": 2, "new": 3}[.]), .arch, .mmu, .program, .what, .test]))
}
