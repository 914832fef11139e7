# SPDX-License-Identifier: GPL-2.0-only
# Makes docs/findings/README.md from $index, $tests and $releases, as lab/findings gives them.

def glob: gsub("(?<c>[.+()\\[\\]])"; "\\\(.c)") | gsub("\\*"; ".*") | "^\(.)$";
def is_named($list): .test as $test | ($list / ",")
	| (map(select(startswith("!") | not)) | any(. as $one | $test | test($one | glob)))
	and (map(select(startswith("!")) | .[1:]) | any(. as $one | $test | test($one | glob)) | not);
def version_key: [scan("[0-9]+|[^0-9]+") | (tonumber? // .) | [type, .]];
def kernel: (if .arch == "x86_64" then "" else .arch + " " end) + .series;

# What the tests of a finding said on a kernel, the modes together.
def status:
	map(select(.test != "all of it" or .verdict == "skip")) | map(select(.verdict != "skip")) as $ran
	| if length == 0 then "not run"
	  elif $ran | length == 0 then "skipped"
	  elif any(.verdict == "not ok") then "**failed**"
	  elif any(.verdict == "known") then "seen (\(map(select(.verdict == "known")) | length) of \($ran | length))"
	  else "not seen" end;

($index | map(.program) | unique | map(select(. != "-"))) as $programs
| ($tests | map(select(.program | IN($programs[])))) as $found
| (if $found == [] then "" | halt_error(1) else . end)
| ($found | map(kernel) | unique | sort_by(version_key)) as $kernels
| ($found | group_by(kernel) | map({(.[0] | kernel): "\(.[0].arch)-\(.[0].series)"}) | add) as $names
| "# What we found",
"",
"By symptom, with what our tests said on each kernel, in all modes of its MMU together.",
"`lab/findings` makes this page from the results of `make test`; these are of \($day):",
"",
($kernels[] | "* \(.): \($releases[0][$names[.]] // "?")"),
"",
"*seen (N of M)*: N of the M tests that ran met it, as is known of that kernel. *not seen*: all of them",
"passed. *skipped*, *not run*: nothing is known from this run (`make test-long` runs more kernels and",
"modes). *cannot be*: not on such a CPU. *see there*: no test of the suite shows it; the page says how it was seen and where.",
"",
"| symptom | page | \($kernels | join(" | ")) |",
"|---|---|\($kernels | map("---|") | add)",
($index[] | . as $row | (.page | sub("#.*"; "")) as $file
	| "| \(.symptom | gsub("\\|"; "\\|")) | [\($file)](\(.page | sub("#"; ".md#") | if contains(".md") then . else . + ".md" end)) | \(
		[$kernels[] as $kernel | if $row.program == "-" then "see there"
			elif $row.arch and ($kernel | startswith($row.arch + " ") | not) then "cannot be" else
			[$found[] | select(kernel == $kernel and .program == $row.program) | select(is_named($row.tests))] | status end]
		| join(" | ")) |"),
"",
"Those with a patch of ours: [read-only-first](read-only-first.patch),",
"[spurious-efault](spurious-efault.patch) (both run through the suite),",
"[vectoring-type](vectoring-type.patch) (tried with its reproducer),",
"[discarded-buffer](discarded-buffer.patch) (run with a driver that relies on it),",
"[wrong-reference](wrong-reference.patch) (neither built nor run here)."
