# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # $arch and $mmus, of lib.sh
#
# Which cells a kernel is run in, with which programs. Sourced, after lib.sh and plan.sh.
#
#   $form   of lab/plan: short or long
#   $arches the machines that are asked for (default: all)
#   $tests  these programs only (default: all), where the short form has them; those that it
#           has on none of these machines with that kernel, where the long one has them
#   $modes  these modes only (default: all)
#   $at_once how many cells run at the same time

form=short arches='' tests='' modes='' at_once=1

# unsafe_in MODE: in legacy mode kvm.ko is loaded with allow_unsafe_mappings, which makes a
# difference to nested_test.
unsafe_in() {
	[ "$1" = legacy ] && echo allow_unsafe_mappings=1 || echo -
}

# cell MODE NAME PROGRAM...: its line.
cell() {
	limit=1500
	[ "$form" = short ] || limit=3600
	! kernel_is_slow "$series" || limit=7200
	mode=$1
	shift
	echo "$limit" "$arch" "$(unsafe_in "$mode")" "$series" "$mode" "$@"
}

# chosen MACHINE MODE ROLE [PART]: the programs there.
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

# cells_of MACHINE KERNEL [ROLE]: lines "TIMEOUT MACHINE KVM KERNEL MODE NAME PROGRAM...", KVM
# a parameter of kvm.ko or "-"; ROLE: what the kernel is to the plan (default: what it is to
# Debian, and a folder's kernel is like the newest). The short form has one cell for each
# mode of KVM, and one for all modes where KVM can be loaded again; the long one, and one on a
# machine with many CPUs, has one for each part of each mode. What runs a VMM has a cell of
# its own always.
# shellcheck disable=SC2086 # lists
cells_of() {
	use_arch "$1"
	series=$2 role=${3:-$(series_role "$2")} first='' words=''
	for mode in ${modes:-$mmus}; do
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
		elif [ -z "$first" ]; then
			first=$mode words=$together
		else
			words="$words mmu=$mode$(unsafe_in "$mode" | sed 's/^-$//; s/^./,&/') $together"
		fi
	done
	[ -z "$first" ] || cell "$first" programs $words
}

# kernels_of WORD...: the names of the kernels that somebody types: series that there may be, or
# folders with a kernel.
kernels_of() {
	names=$(kernel_names "$@") || return
	for name in $names; do
		check_series_name "$name"
	done
	echo "$names"
}

# check_programs [-s] PROGRAM...: rows of lab/plan that are run in a cell, or with -s steps too.
check_programs() {
	steps=
	[ "${1:-}" != -s ] || { steps=y; shift; }
	for program; do
		part=$(plan_awk '$1 == name { print $2 }' -v name="$program")
		case $part in
		'') die "unknown test '$program': lab/plan has no such row" ;;
		tool) die "'$program' is no test: others run it" ;;
		step) [ -n "$steps" ] || die "'$program' is run without a kernel: there is nothing to compare" ;;
		esac
	done
}
