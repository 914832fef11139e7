# SPDX-License-Identifier: GPL-2.0-only
# Prints what is wrong with the result of one round of mockgpu-bench --json, a line each.
# Run it with jq -n, so that no result at all is an error.

def is_spread: 0 < .min and .min <= .median and .median <= .max;
# Both are rounded to a thousandth.
def is_near($other): (. - $other | fabs) <= 0.002 + 0.02 * $other;
# Kernels before 6.12 have no huge entries; some have no udmabuf or no heap.
def is_known: .error == if .mockgpu then "EOPNOTSUPP" else "ENOENT" end;

def wrong_error: select(.error and (is_known | not)) | "\(.name): \(.error)";
def wrong_times:
	. as $source | select(.error | not) |
	select(([.create_ms, .touch_ms, .free_ms, .total_ms] | all(is_spread) | not) or
		(.total_ms.median | is_near($source.create_ms.median + $source.touch_ms.median) | not)) |
	"\(.name): the times make no sense";
def wrong_ratios($others):
	select(.mockgpu and (.error | not)) |
	. as $source | $others[] | . as $other |
	select($source.ratios[.name].median // -1 |
		is_near($source.total_ms.median / $other.total_ms.median) | not) |
	"\($source.name): the ratio to \($other.name) is not that of the times";

input |
(.sources | map(select((.mockgpu or .error) | not))) as $others |
(if $others == [] then "nothing to compare with" else empty end),
(if [.sources[] | select(.mockgpu)] == [] then "nothing of mockgpu" else empty end),
(.sources[] | wrong_error, wrong_times, wrong_ratios($others))
