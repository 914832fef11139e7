# SPDX-License-Identifier: GPL-2.0-only
# From the list of results to the table of lab/matrix.

def severity: {"skip": 0, "ok": 1, "reproduced": 2, "not ok": 3}[.verdict];

# noncompound-o9-read-tails-skewed -> noncompound-o9, mapping-split-gem-own-read ->
# mapping-split; a VMM's routes stay whole.
def row: .test | sub("-(read|write|gem|dmabuf)-.*$"; "");

def column: (if .arch == "x86_64" then "" else .arch + " " end) + "\(.series) \(.mmu)";

# 6.12 after 6.1, tails of names by order of their numbers.
def version_key: [scan("[0-9]+|[^0-9]+") | (tonumber? // .) | [type, .]];

def worst: max_by([severity, (if .total > 0 then -.mapped / .total else 0 end)]);

. as $all
| ([.[] | column] | unique | sort_by(version_key)) as $columns
| {
	columns: $columns,
	rows: [group_by(row)[] | . as $group | {
		name: ($group[0] | row),
		cells: [$columns[] as $c | ($group | map(select(column == $c)))
			| if length == 0 then {} else worst | {verdict, text: "\(.mapped)/\(.total) \(.verdict)"} end]
	}] | sort_by(.name | version_key)
}
