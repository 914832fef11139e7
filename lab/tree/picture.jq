# SPDX-License-Identifier: GPL-2.0-only
# Makes an SVG with the title $title from a table {columns, head, rows, lines}, as matrix.jq
# makes it.

# Blue, yellow, vermilion: colours that all eyes tell apart.
def colour: {"ok": "#cfe5f7", "known": "#fae09a", "reproduced": "#fae09a", "not ok": "#e8764f", "lost": "#e8764f", "skip": "#e4e4e4"}[.verdict // "skip"];
def text($x; $y; $s): "<text x=\"\($x)\" y=\"\($y)\">\($s | @html)</text>";

# What the colours mean, from left to right.
def legend: [{verdict: "ok", text: "ok"}, {verdict: "known", text: "a refusal that is known of this kernel"},
	{verdict: "not ok", text: "not ok, or no result"}, {verdict: "skip", text: "not run"}];

# The width in pixels, at 7.3 per character, with a margin.
def wide($least): [$least, (map(length) | max // 0) * 7.3 + 16 | ceil] | max;

(.columns | length) as $columns | (.rows | length) as $rows
| ([.rows[].name] | wide(190)) as $left
| ([.columns[].name, (.rows[].cells[].text // "")] | wide(146)) as $width
| ($width + 4) as $step
| def box($x; $y): "<rect x=\"\($x)\" y=\"\($y)\" width=\"\($width)\" height=\"22\" fill=\"\(colour)\"/>";
"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\([$left + $step * $columns, 680] | max)\" height=\"\(90 + 24 * $rows + 18 * (.lines | length))\" font-family=\"monospace\" font-size=\"12\">",
"<rect width=\"100%\" height=\"100%\" fill=\"white\"/>",
text(8; 16; $title + if .head then "; " + .head else "" end),
(.columns | to_entries[] | ($left + $step * .key) as $x
 | (if .value.verdict then .value | box($x; 25) else empty end), text($x + 6; 40; .value.name)),
(.rows | to_entries[] | .key as $row | (50 + 24 * $row) as $y
 | text(8; $y + 16; .value.name),
   (.value.cells | to_entries[] | ($left + $step * .key) as $x
    | (.value | box($x; $y)), text($x + 6; $y + 15; .value.text // "-"))),
(.lines | to_entries[] | text(8; 66 + 24 * $rows + 18 * .key; .value)),
((66 + 24 * $rows + 18 * (.lines | length)) as $y
 | foreach legend[] as $one ({next: 8, x: 8}; {x: .next, next: (.next + 40 + ($one.text | length) * 7.3)};
	"<rect x=\"\(.x)\" y=\"\($y)\" width=\"16\" height=\"16\" fill=\"\($one | colour)\" stroke=\"#555\"/>",
	text(.x + 22; $y + 12; $one.text))),
"</svg>"
