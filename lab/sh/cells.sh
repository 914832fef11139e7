# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # $arch and $mmus, of lib.sh
#
# Which cells a kernel has, and which programs run there. Sourced, after lib.sh and plan.sh.
#
#   $form   of lab/plan: short or long
#   $arches these machines only (default: all)
#   $tests  these programs only (default: all), where the short form runs them. A program
#           that the short form runs on none of these machines with that kernel runs where
#           the long form runs it
#   $modes  these modes only (default: all)
#   $at_once how many cells run at once

form=short arches='' tests='' modes='' at_once=1

# unsafe_in MODE: print the parameter of kvm.ko there. Legacy mode has allow_unsafe_mappings,
# which changes what nested_test sees.
unsafe_in() {
	[ "$1" = legacy ] && echo allow_unsafe_mappings=1 || echo -
}

# cell MODE NAME PROGRAM...: print its line.
cell() {
	limit=1500
	[ "$form" = short ] || limit=3600
	! kernel_is_slow "$series" || limit=7200
	mode=$1
	shift
	echo "$limit" "$arch" "$(unsafe_in "$mode")" "$series" "$mode" "$@"
}

# chosen MACHINE MODE ROLE [PART]: print the programs there.
chosen() {
	if [ -z "$tests" ]; then
		plan_programs $form "$1" "$2" "$3" ${4:+"$4"}
		return
	fi
	usual=$(for machine in ${arches:-$ARCHES}; do (plan_programs $form "$machine" '' "$3"); done)
	# shellcheck disable=SC2086 # a list
	named=$(printf '%s\n' $tests)
	wanted=$(echo "$named" | grep -xF "${usual:-none}" || true)
	plan_programs $form "$1" "$2" "$3" ${4:+"$4"} | grep -xF "${wanted:-none}" || true
	[ $form != long ] || return 0
	wanted=$(echo "$named" | grep -vxF "${usual:-none}" || true)
	plan_programs long "$1" "$2" "$3" ${4:+"$4"} | grep -xF "${wanted:-none}" || true
}

# cells_of MACHINE KERNEL [ROLE]: print lines "TIMEOUT MACHINE KVM KERNEL MODE NAME PROGRAM...",
# where KVM is a parameter of kvm.ko or "-". ROLE is the kernel's role in the plan (default:
# its role in Debian; a kernel in a folder counts as the newest). The short form has one cell
# for each mode of KVM, or one for all modes of the same kind of machine if KVM can be loaded
# again; a kernel of the user's own that lacks what Bochs needs has no cell there. The long
# form, and either form if many cells run at once, has one cell for each part in each mode.
# Programs that run a VMM always have a cell of their own.
# shellcheck disable=SC2086 # lists
cells_of() {
	use_arch "$1"
	series=$2 role=${3:-$(series_role "$2")} first='' words='' kind=''
	for mode in ${modes:-$mmus}; do
		[ "$(machine_kind "$mode")" = qemu ] || kernel_runs_in_bochs "$series" || continue
		together=''
		for part in $(plan_parts long "$arch" '' "$role"); do
			programs=$(chosen "$arch" "$mode" "$role" "$part")
			if [ -z "$programs" ]; then
				continue
			elif [ $form = long ] || [ "$part" = vmm ] || [ "$at_once" -ge 16 ]; then
				cell "$mode" "$part" $programs
			else
				together="$together $programs"
			fi
		done
		if [ -z "$together" ]; then
			continue
		elif ! kernel_reloads_kvm "$series"; then
			cell "$mode" programs $together
		elif [ "$(machine_kind "$mode")" != "$kind" ]; then
			next=$mode
			[ -z "$first" ] || cell "$first" programs $words
			first=$next words=$together kind=$(machine_kind "$next")
		else
			words="$words mmu=$mode$(unsafe_in "$mode" | sed 's/^-$//; s/^./,&/') $together"
		fi
	done
	[ -z "$first" ] || cell "$first" programs $words
}

# cells_setup MACHINE ROLE KERNEL...: get what their cells need besides the kernels: Bochs. ROLE
# is as for cells_of.
cells_setup() {
	machine=$1 role=$2
	shift 2
	# shellcheck disable=SC2086 # maybe no word
	for kernel; do
		(cells_of "$machine" "$kernel" $role)
	done | while read -r _ _ _ _ mode _; do
		machine_kind "$mode"
	done | grep -q bochs || return 0
	"$LAB/setup" --bochs
}

# kernels_of WORD...: print the names of the kernels that a user has named: series, or folders
# with a kernel.
kernels_of() {
	names=$(kernel_names "$@") || return
	for name in $names; do
		check_series_name "$name"
	done
	echo "$names" | awk '!seen[$0]++'
}

# check_programs [-s] PROGRAM...: die unless each is a row of lab/plan that runs in a cell, or
# with -s also a step.
check_programs() {
	steps=
	[ "${1:-}" != -s ] || { steps=y; shift; }
	for program; do
		part=$(plan_awk '$1 == name { print $2 }' -v name="$program")
		case $part in
		'') die "unknown test '$program': lab/plan has no such row" ;;
		tool) die "'$program' is no test: other programs run it" ;;
		step) [ -n "$steps" ] || die "'$program' is run without a kernel: it cannot be used here" ;;
		esac
	done
}

# tests_in PROGRAM: print the names of its tests, or nothing if it is not one of kselftest's
# harness. They are in its symbols: "PROGRAM -l" would want its machine and libraries.
tests_in() {
	file=$(find "$REPO/build/$arch/test-app/$1" "$REPO/build/$arch/crosvm-integration/$1" 2>/dev/null | head -n 1)
	# shellcheck disable=SC2086 # words
	[ -z "$file" ] || $TREE_LOADER "$TREE/usr/bin/nm" "$file" 2>/dev/null | awk '
		sub(/.* wrapper_/, "") { is_test[$0] }
		sub(/.* _register_/, "") { name[$0] }
		function fixture_of(name, fixture, longest) {
			for (fixture in is_fixture)
				if (index(name, fixture "_") == 1 && length(fixture) > length(longest))
					longest = fixture
			return longest
		}
		END {
			for (each in name)
				if (each ~ /_data$/ && !(each in is_test))
					is_fixture[substr(each, 1, length(each) - 5)]
			for (each in name) {
				fixture = fixture_of(each)
				rest = fixture == "" ? each : substr(each, length(fixture) + 2)
				if (each in is_test)
					tests[fixture] = tests[fixture] " " rest
				else if (fixture != "" && rest != "data" && rest !~ /_xfail$/)
					variants[fixture] = variants[fixture] " " rest
			}
			for (fixture in tests) {
				n = split(tests[fixture], test, " ")
				kinds = split(variants[fixture], kind, " ")
				for (i = 1; i <= n; i++) {
					if (!kinds)
						print (fixture == "" ? "global" : fixture) "." test[i]
					for (j = 1; j <= kinds; j++)
						print fixture "." kind[j] "." test[i]
				}
			}
		}'
}

# check_tests LIST: die unless each PROGRAM:NAME, one a line, can have a result. Programs must
# be built. TAP_AWK has two names of its own.
check_tests() {
	echo "$1" | grep : | while read -r row; do
		program=${row%%:*} test=${row#*:}
		case $test in
		'its end' | 'all of it') continue ;;
		esac
		names=$(tests_in "$(plain_program "$program")") last=$(echo "$test" | sed 's/.*[^a-z0-9_]//')
		[ -z "$names" ] || echo "$names" | grep -qxF -e "$test" ||
			die "$program has no test '$test', but for example $(echo "$names" | sort | grep -m 1 -e "[.]$last\$" || echo "$names" | sort | head -n 1)"
	done || exit
}
