# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# Reads lab/plan and lab/skips. Sourced, after $LAB is set to the folder lab.

PLAN=${MOCKGPU_PLAN:-$LAB/plan}
SKIPS=${MOCKGPU_SKIPS:-$LAB/skips}

# plan_awk PROGRAM [-v NAME=VALUE...]: run an awk program over the rows of the plan. It has
# runs(form, machine, mode, kernel), which is true if the row's program runs there. An empty
# machine, mode or kernel matches any.
plan_awk() {
	program=$1
	shift
	awk "$@" '
		function has(list, word) { return index("," list ",", "," word ",") }
		# For one word of WHERE, without its ~: 0 if the machine or kernel differs, 1 if
		# only the mode differs, 2 if all match.
		function fits(word, machine, mode, kernel, part, kernels) {
			kernels = ""
			if (split(word, part, "@") > 1)
				kernels = part[2]
			split(part[1], part, ":")
			if (machine != "" && part[1] != machine)
				return 0
			if (kernel != "" && !(kernels == "" ? kernel != "debug" : has(kernels, kernel)))
				return 0
			return mode == "" || part[2] == "all" || has(part[2], mode) ? 2 : 1
		}
		function runs(form, machine, mode, kernel, i, fit, short, long, is_long) {
			short = long = is_long = 0
			for (i = 5; i <= NF; i++) {
				if ($i ~ /^~/) {
					fit = fits(substr($i, 2), machine, mode, kernel)
					is_long = is_long || fit
					long = long || fit == 2
				} else if (fits($i, machine, mode, kernel) == 2) {
					short = 1
				}
			}
			return form == "long" && is_long ? long : short
		}
		/^#/ || NF == 0 { next }
		'"$program" "$PLAN"
}

# plan_programs FORM MACHINE MODE KERNEL [PART...]: print the programs of these parts, or of
# all but step, in the order of the plan.
plan_programs() {
	form=$1 machine=$2 mode=$3 kernel=$4
	shift 4
	plan_awk '(parts == "" ? $2 != "step" : index(" " parts " ", " " $2 " ")) && runs(form, machine, mode, kernel) { print $1 }' \
		-v form="$form" -v machine="$machine" -v mode="$mode" -v kernel="$kernel" -v parts="$*"
}

# plan_parts FORM MACHINE MODE KERNEL: print the parts that have a program there.
plan_parts() {
	plan_awk '$2 != "step" && runs(form, machine, mode, kernel) && !seen[$2]++ { print $2 }' \
		-v form="$1" -v machine="$2" -v mode="$3" -v kernel="$4"
}

# plan_seconds PROGRAM...: print what they take together; other words count as 0.
plan_seconds() {
	plan_awk '{ seconds[$1] = $4 } END { n = split(names, name, " "); for (i = 1; i <= n; i++) sum += seconds[name[i]]; print sum + 0 }' \
		-v names="$*"
}

# plan_needs PROGRAM: print its NEEDS, or nothing if it is in no row.
plan_needs() {
	plan_awk '$1 == name { print $3 }' -v name="$1"
}

# plan_harmful: print the programs that change the machine that they run on.
plan_harmful() {
	plan_awk 'has($3, "host") { print $1 }'
}

# plan_unlisted NAME...: print those that have no row.
plan_unlisted() {
	plan_awk '{ row[$1] = 1 } END { n = split(names, name, " "); for (i = 1; i <= n; i++) if (!(name[i] in row)) print name[i] }' \
		-v names="$*"
}

# skips_unexpected FORM MACHINE MODE VERSION TAP: print lines "TEST: REASON" for the skips in
# a file of results that lab/skips does not list; a program that skips as a whole is
# "all of it". VERSION is the kernel's series, as 7.3 or 7.4-rc, or for another build its
# number and name, as 7.3+debug.
skips_unexpected() {
	program=${5##*/}
	awk -v form="$1" -v machine="$2" -v mode="$3" -v version="$4" -v program="${program%.tap}" -v skips="$SKIPS" '
		'"$SKIPS_AWK"'
		FILENAME == skips { read_rule(); next }
		skip_of() && !is_named() { print test ": " reason }' "$SKIPS" "$5"
}

# skips_judge FORM MACHINE MODE VERSION TAP: add a failed result for each of them.
skips_judge() {
	unexpected=$(skips_unexpected "$@")
	[ -z "$unexpected" ] || printf '%s\n' "$unexpected" | sed 's/^/not ok - a skip that lab\/skips does not name: /' >>"$5"
}

# For awk: rules of lab/skips, and the skips of a TAP file.
SKIPS_AWK='
	function has(list, word) { return index("," list ",", "," word ",") }
	function number(v, part) { split(v, part, /[.+-]/); return part[1] * 1000 + part[2] }
	function any(list, word) { return list == "*" || has(list, word) }
	# In glob a * matches anything, as in the shell.
	function like(text, glob, part, n, i, at) {
		n = split(glob, part, /\*/)
		if (n == 1)
			return text == glob
		if (substr(text, 1, length(part[1])) != part[1])
			return 0
		text = substr(text, length(part[1]) + 1)
		for (i = 2; i < n; i++) {
			if (!(at = index(text, part[i])))
				return 0
			text = substr(text, at + length(part[i]))
		}
		return length(text) >= length(part[n]) && substr(text, length(text) - length(part[n]) + 1) == part[n]
	}
	function is_kernel(list, word, n, i, op, v, ok) {
		if (list == "*")
			return 1
		n = split(list, word, ",")
		for (i = 1; i <= n; i++) {
			v = word[i]; op = ""
			if (match(v, /^[<>]=?/)) { op = substr(v, 1, RLENGTH); v = substr(v, RLENGTH + 1) }
			if (v !~ /^[0-9]/) { if (v == "debian" ? version !~ /[+]/ : version ~ ("[+]" v "$")) return 1; continue }
			ok = number(version) - number(v)
			if (op == "<" ? ok < 0 : op == "<=" ? ok <= 0 : op == ">" ? ok > 0 : op == ">=" ? ok >= 0 : ok == 0)
				return 1
		}
		return 0
	}
	# What may be skipped in PROGRAM may be in PROGRAM-bar, PROGRAM-buddy and PROGRAM-cutoff.
	function plain_program(name) { sub(/-(bar|buddy|cutoff)$/, "", name); return name }
	# PROGRAM TEST FORM MACHINE MODE KERNEL REASON...
	function read_rule(words, i) {
		if (/^#/ || NF == 0)
			return
		if ($1 != "*" && !like(program, $1) && !like(plain_program(program), $1) || !any($3, form) || !any($4, machine) || !any($5, mode) || !is_kernel($6))
			return
		words = $0
		for (i = 0; i < 6; i++)
			sub(/^[ \t]*[^ \t]+[ \t]+/, "", words)
		rules++
		rule_test[rules] = $2
		rule_reason[rules] = words
	}
	function skip_of(at) {
		if (!match($0, /# *SKIP */) || !/^(ok|1\.\.0)/)
			return 0
		reason = substr($0, RSTART + RLENGTH)
		test = substr($0, 1, RSTART - 1)
		if (!sub(/^ok *[0-9]* *(- *)?/, "", test))
			test = "all of it"
		gsub(/^ +| +$/, "", test)
		gsub(/^ +| +$/, "", reason)
		return 1
	}
	function is_named(i) {
		for (i = 1; i <= rules; i++)
			if (like(test == "all of it" ? "-" : test, rule_test[i]) && like(reason, rule_reason[i]))
				return 1
		return 0
	}
'

# skips_report TAP...: print the skips by reason, with their number and programs.
skips_report() {
	echo "skipped, by reason:"
	skips_list "$@"
}

skips_list() {
	awk '
		'"$SKIPS_AWK"'
		FNR == 1 { program = FILENAME; sub(/.*\//, "", program); sub(/\.tap$/, "", program) }
		skip_of() {
			count[reason]++
			if (!seen[reason, program]++)
				names[reason] = names[reason] (names[reason] == "" ? "" : ", ") program
		}
		END { for (reason in count) printf "%5d  %s (%s)\n", count[reason], reason, names[reason] }' "$@" | sort -rn
}

# plan_sources: print the names of all programs in the sources below the current folder,
# which is the root of a repository.
plan_sources() {
	for source in $(find test-app/tests -name '*_test.c') crosvm-integration/tests/*_test.c \
		crosvm-integration/tests/run-* crosvm-integration/guest/[!v]*.c crosvm-integration/guest/vgpu-*.c; do
		[ ! -e "$source" ] || basename "$source" .c
	done
	for source in lab/tests/selftest* crosvm-integration/tests/selftest-*; do
		[ ! -x "$source" ] || basename "$source"
	done
	for source in test-app/tools/*/main.c; do
		[ ! -e "$source" ] || echo "mockgpu-$(basename "${source%/main.c}")"
	done
	for folder in crosvm-integration/vhost-gpu crosvm-integration/buffer-gpu crosvm-integration/vmm-watch; do
		[ ! -d "$folder" ] || basename "$folder"
	done
}

# variant_parameters PROGRAM: print what PROGRAM-bar, PROGRAM-buddy or PROGRAM-cutoff loads the
# module with; nothing for other programs. buddy: VRAM from the kernel's allocator of blocks, and
# buffers scattered in it, page by page at their beginning.
variant_parameters() {
	case $1 in
	*-bar) echo vram=bar ;;
	*-buddy) echo vram_manager=buddy vram_block=4096 ;;
	*-cutoff) echo vram=cutoff ;;
	esac
}

# plain_program PROGRAM: print what such a program runs.
plain_program() {
	[ -n "$(variant_parameters "$1")" ] && echo "${1%-*}" || echo "$1"
}

# vmm_command PROGRAM: print the command for a row run-VMM or run-VMM-ROUTE.
vmm_command() {
	echo "crosvm-integration/$1" | sed 's/run-/run /; s/\(run [^-]*\)-/\1 -r /'
}

# step_of NAME: print the path, in this repository, of a step of the suite.
step_of() {
	(cd "$LAB/.." && find lab lab/tests crosvm-integration/tests -maxdepth 1 -type f -perm -100 -name "$1" 2>/dev/null)
}

# has_source PROGRAM PART: succeed if the sources make it; $sources has most of them.
has_source() {
	set -- "$(plain_program "$1")" "$2"
	case $1 in
	run-*-test) [ -x "crosvm-integration/tests/$1" ] ;;
	run-*-*)
		vmm=${1#run-} vmm=${vmm%%-*}
		grep -qs "^ROUTES=.*[\" ]${1#"run-$vmm-"}[\" ]" "crosvm-integration/vmm/$vmm.sh"
		;;
	run-*) [ -f "crosvm-integration/vmm/${1#run-}.sh" ] ;;
	kunit) [ -x lab/kunit ] ;;
	kunit-ttm | kvm-selftests | reproducers) [ -x "lab/incell/$1" ] ;;
	pfnmap) grep -q "/$1" test-app/Makefile ;;
	gbm_mesa_test) grep -q "/$1" crosvm-integration/gbm.mk ;;
	*) if [ "$2" = step ]; then [ -n "$(step_of "$1")" ]; else printf '%s\n' "$sources" | grep -qxF "$1"; fi ;;
	esac
}

# plan_findings: print what is wrong with the plan, a line each.
plan_findings() {
	plan_awk '
		seen[$1]++ == 1 { print $1 ": twice in the plan" }
		NF < 4 || $4 !~ /^[0-9]+$/ { print $1 ": PART, NEEDS and SECONDS are not all there" }
		!has("driver,kvm,live,vmm,ttm,step,tool", $2) { print $1 ": no such part: " $2 }
		$2 != "tool" && NF < 5 { print $1 ": runs nowhere" }
		{
			for (i = 5; i <= NF; i++)
				if ($i !~ /^~?(x86_64|arm64|riscv64|host):[a-z0-9_,]+(@[a-z,]+)?$/)
					print $1 ": not understood: " $i
				else if ($i ~ /@/ && ("," substr($i, index($i, "@") + 1)) !~ /^(,(oldstable|stable|previous|newest|candidate|debug))+$/)
					print $1 ": no such kernel: " $i
		}'
	sources=$(plan_sources)
	plan_awk '{ print $1, $2, $3 }' | while read -r program part needs; do
		has_source "$program" "$part" || echo "$program: in the plan, and no source of that name"
		[ -z "$(variant_parameters "$program")" ] || continue
		case ,$needs, in
		*,module,*) expected=0 ;;
		*) expected=1 ;;
		esac
		found=0
		# shellcheck disable=SC2046 # paths without blanks
		grep -qs MOCKGPU_MODULE $(find test-app/tests crosvm-integration/tests -name "$program.c" 2>/dev/null) /dev/null || found=1
		[ $found = $expected ] || echo "$program: NEEDS and the source do not agree about the module's file"
	done
	# shellcheck disable=SC2086 # a list
	plan_unlisted $sources | sed 's/$/: not in the plan: it would never be run/'
}

# skips_findings: print what is wrong with lab/skips, a line each.
skips_findings() {
	programs=$(plan_awk '$2 != "tool" { print $1 }' | tr '\n' ' ')
	awk -v programs="$programs" '
		'"$SKIPS_AWK"'
		/^#/ || NF == 0 { next }
		NF < 7 { print $1 ": a skip without a reason" }
		$3 !~ /^(\*|(short|long))$/ { print $1 ": no such form: " $3 }
		$4 !~ /^(\*|x86_64|arm64|riscv64|host)(,(x86_64|arm64|riscv64|host))*$/ { print $1 ": no such machine: " $4 }
		$6 !~ /^(\*|([<>]?=?[0-9]+\.[0-9]+|[a-z]+)(,([<>]?=?[0-9]+\.[0-9]+|[a-z]+))*)$/ { print $1 ": no such kernel: " $6 }
		{
			n = split(programs, name, / +/)
			for (i = 1; i <= n && !like(name[i], $1); i++)
				;
			if (i > n)
				print $1 ": a skip of no program of the plan"
		}' "$SKIPS"
}
