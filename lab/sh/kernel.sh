# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154 # for the scripts that source this; $arch of machine.sh
#
# A kernel, by its name: a Debian series or debug (series.sh), or a kernel in a folder
# (own.sh). Sourced by lib.sh.
#
#   kernel_name WORD     print the name for what a user types: a name, or a kernel's folder
#   kernel_mark NAME     print the file with its release, which exists once it can be run
#   kernel_release NAME  print that release, or nothing
#   kernel_out NAME      print the folder for what is built for it
#   kernel_version NAME  print what lab/skips calls it
#   kernel_is_slow NAME  succeed if it has sanitizers
#   kernel_reloads_kvm NAME  succeed if a cell can load KVM again, in another mode
#   kernel_runs_in_bochs NAME  succeed if it has what a cell in Bochs needs
#   kernel_use NAME      set kernel, release, dir (its kernel_out), image, headers (the
#                        build folder for modules) and modules_root (the parent of
#                        lib/modules), both in the lab's tree; sanitizers, if it has any; and
#                        for a kernel in a folder cc, share, binds and kvm

kernel_name() {
	# No shell has expanded a "~" inside a quoted list of kernels.
	# shellcheck disable=SC2088
	case $1 in
	'') die "an empty name of a kernel: see --help" ;;
	'~/'*) own_register "${HOME:-}/${1#??}" ;;
	*/* | . | ..) own_register "$1" ;;
	experimental)
		series_roles | sed -n 's/^candidate //p' | grep . ||
			die "Debian's experimental has no release candidate that can be installed here (lab/setup --refresh asks again)"
		;;
	*)
		[ ! -d "$1" ] || is_series "$1" || die "unknown kernel series '$1': write ./$1 for the folder"
		echo "$1"
		;;
	esac
}

# kernel_names WORD...: print the names of all of them, one a line.
kernel_names() {
	for word; do
		kernel_name "$word" || return
	done
}

kernel_mark() {
	if kernel_is_own "$1"; then
		own_record "$1"
	elif [ "$arch" = x86_64 ]; then
		echo "$TREE/.mockgpu/kernels/$1"
	else
		echo "$TREE/.mockgpu/kernels-$arch/$1"
	fi
}

kernel_release() {
	if kernel_is_own "$1"; then
		own_get "$1" release
	else
		cat "$(kernel_mark "$1")" 2>/dev/null || true
	fi
}

kernel_out() {
	echo "$REPO/build/$arch/$1"
}

# A series is its own version; other kernels have the number of their release.
kernel_version() {
	if ! kernel_is_own "$1"; then
		case $1 in
		[0-9]*) echo "$1" ;;
		*) echo "$(kernel_release "$1" | cut -d. -f1-2)+$1" ;;
		esac
	elif [ -n "$(own_get "$1" series)" ]; then
		own_get "$1" series
	else
		echo "$(kernel_release "$1" | cut -d. -f1-2)+own"
	fi
}

kernel_is_slow() {
	[ "$1" = debug ] || { kernel_is_own "$1" && [ -n "$(own_get "$1" sanitizers)" ]; }
}

kernel_reloads_kvm() {
	[ "$arch" = x86_64 ] && ! { kernel_is_own "$1" && [ -n "$(own_get "$1" builtin)" ]; }
}

# Debian's kernels all do. lab/build unpacks no kernel with sanitizers.
kernel_runs_in_bochs() {
	! kernel_is_slow "$1" || return 1
	! kernel_is_own "$1" || [ -n "$(own_get "$1" bochs)" ]
}

kernel_use() {
	kernel=$1 dir=$(kernel_out "$1") cc='' share='' binds='' kvm='' sanitizers=
	if kernel_is_own "$1"; then
		own_use "$1"
		return
	fi
	release=$(kernel_release "$1")
	[ -n "$release" ] || die "kernel $1 is not there: run lab/setup $1"
	[ "$1" != debug ] || sanitizers=y
	image=$(image_of "$release" "$cell_tree") || exit
	headers=/lib/modules/$release/build
	modules_root=${cell_tree#"$TREE"}/
}
