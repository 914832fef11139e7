# SPDX-License-Identifier: GPL-2.0-only
# Makes an SVG with the title $title from a table {columns, head, rows, lines}, as matrix.jq
# makes it.

def colour: {"ok": "#b7e1b0", "known": "#f6dd9c", "reproduced": "#f6dd9c", "not ok": "#f2a6a0", "lost": "#f2a6a0", "skip": "#dddddd"}[.verdict // "skip"];
def text($x; $y; $s): "<text x=\"\($x)\" y=\"\($y)\">\($s | @html)</text>";

# The width in pixels, at 7.3 per character, with a margin.
def wide($least): [$least, (map(length) | max // 0) * 7.3 + 16 | ceil] | max;

(.columns | length) as $columns | (.rows | length) as $rows
| ([.rows[].name] | wide(190)) as $left
| ([.columns[].name, (.rows[].cells[].text // "")] | wide(146)) as $width
| ($width + 4) as $step
| def box($x; $y): "<rect x=\"\($x)\" y=\"\($y)\" width=\"\($width)\" height=\"22\" fill=\"\(colour)\"/>";
"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\([$left + $step * $columns, 640] | max)\" height=\"\(60 + 24 * $rows + 18 * (.lines | length))\" font-family=\"monospace\" font-size=\"12\">",
"<rect width=\"100%\" height=\"100%\" fill=\"white\"/>",
text(8; 16; $title + if .head then "; " + .head else "" end),
(.columns | to_entries[] | ($left + $step * .key) as $x
 | (if .value.verdict then .value | box($x; 25) else empty end), text($x + 6; 40; .value.name)),
(.rows | to_entries[] | .key as $row | (50 + 24 * $row) as $y
 | text(8; $y + 16; .value.name),
   (.value.cells | to_entries[] | ($left + $step * .key) as $x
    | (.value | box($x; $y)), text($x + 6; $y + 15; .value.text // "-"))),
(.lines | to_entries[] | text(8; 66 + 24 * $rows + 18 * .key; .value)),
"</svg>"
