# SPDX-License-Identifier: GPL-2.0-only
# Makes the table of lab/matrix and lab/page from the list of results. Cells of the table have
# all members of their result; "folder" is only there for lab/page.

def severity: {"skip": 0, "ok": 1, "reproduced": 2, "not ok": 3}[.verdict];

# noncompound-o9-read-tails-skewed -> noncompound-o9, mapping-split-gem-own-read ->
# mapping-split. The name of a VMM's route stays whole.
def row: .test | sub("-(read|write|gem|dmabuf)-.*$"; "");

def kernel: (if .arch == "x86_64" then "" else .arch + " " end) + .series;
def column: "\(kernel) \(.mmu)";

# Sorts numbers in names by value: 6.12 after 6.1.
def version_key: [scan("[0-9]+|[^0-9]+") | (tonumber? // .) | [type, .]];

def worst: max_by([severity, (if .total > 0 then -.mapped / .total else 0 end)]);

# The line of a program without pages: it did not run to its end.
def is_empty: .total == 0 and .verdict == "not ok";
def is_gone: .program == "" and .verdict == "skip";
def is_cell: .test == "cell";
def text: if is_cell then "not ok" elif is_empty then "no result" elif is_gone then "-" else "\(.mapped)/\(.total) \(.verdict)" end;

# What to show for a column without any result, or null.
def nothing: if all(is_gone) then .[0] elif all(is_empty or is_gone) then map(select(is_empty))[0] else null end;

(group_by(column) | map({key: (.[0] | column), value: .}) | from_entries) as $by_column
| ($by_column | keys_unsorted | sort_by(version_key)) as $columns
| ($by_column | map_values(nothing)) as $nothings
| (group_by(kernel) | map(nothing | select(. and is_empty)) | length) as $silent
| (map(kernel) | unique | length) as $kernels
| {
	columns: [$columns[] as $c | $by_column[$c] | {name: $c, verdict: ($nothings[$c].verdict // null)}
		+ (.[0] | {arch, series, mmu, folder})],
	head: (if $silent > 0 then "\($silent) of \($kernels) kernels gave no result" else null end),
	rows: ([group_by(row)[] | . as $group | select(any(is_gone | not)) | {
		name: ($group[0] | row),
		cells: [($group | group_by(column) | map({key: (.[0] | column), value: .}) | from_entries) as $cells
			| $columns[] as $c | $nothings[$c] as $nothing | ($cells[$c] // [])
			| if $nothing then $nothing | {verdict, text: (if is_gone then "-" else "no result" end)}
			  elif length == 0 then {}
			  else worst | . + {text: text} end]
	}] | sort_by(.name | version_key)),
	lines: ([.[] | select(.why) | if is_gone then "\(kernel): \(.why)" elif is_cell then "\(column): \(.why)"
		else "\(column): \(.program): \(.why)" end] | unique)
}
