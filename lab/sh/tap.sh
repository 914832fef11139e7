# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034 # for the scripts that source this
#
# Writes TAP, and counts and summarizes files of it. Sourced.

count=0 failed=0
# tap_report RESULT NAME [DIRECTIVE]: print one TAP line, and count it; RESULT is "ok" or "not ok".
tap_report() {
	count=$((count + 1))
	echo "$1 $count - $2${3:+ # $3}"
	[ "$1" = ok ] || failed=1
}

# tap_count FILE...: print "passed failed skipped" over all of them.
tap_count() {
	cat "$@" 2>/dev/null | awk '
		/^ok .*# *SKIP/ || /^1\.\.0 *# *SKIP/ { skipped++; next }
		/^ok / { passed++ }
		/^not ok/ { failed++ }
		END { print passed + 0, failed + 0, skipped + 0 }'
}

# tap_summary FILE: print one line about it.
tap_summary() {
	# shellcheck disable=SC2046 # three numbers
	set -- "$1" $(tap_count "$1")
	seconds=$(sed -n 's/^# .* ended with .* after \([0-9]*\) s$/\1/p' "$1")
	name=${1##*/}
	known=$(grep -c '# *XFAIL' "$1" || true)
	printf '%-20s %4d passed %3d failed %3d skipped' "${name%.tap}" "$2" "$3" "$4"
	[ "$known" = 0 ] || printf ', of the passed %d known refusals' "$known"
	printf ' (%s s)\n' "${seconds:-?}"
}

# tap_failures FILE: print its failed lines with the lines just before them.
tap_failures() {
	{ grep -B 6 '^not ok' "$1" || true; } | tail -n 40 | sed 's/^/    /'
}

# tap_times FILE...: print the ten programs that took longest in all cells together, and
# their longest run, from the line at the end of each run.
tap_times() {
	cat "$@" | awk '
		/^# [^ ]+ ended with [0-9]+ after [0-9]+ s$/ {
			runs[$2]++
			sum[$2] += $(NF - 1)
			if ($(NF - 1) + 0 > most[$2] + 0)
				most[$2] = $(NF - 1)
			all += $(NF - 1)
		}
		END {
			for (name in runs)
				printf "%6d s  %4.1f %%  %s %s\n", sum[name], all ? 100 * sum[name] / all : 0, name,
					(runs[name] > 1) ? "(" runs[name] " runs, the longest " most[name] " s)" : ""
		}' | sort -s -k1,1rn | head -n 10
}
