# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154 # for the scripts that source this; $arch of machine.sh
#
# A kernel: what is run, by its name. That is a series of Debian's or debug (series.sh), or
# one of somebody's own (own.sh). Sourced by lib.sh.
#
#   kernel_name WORD     the name of what somebody types: a name, or a folder with a kernel
#   kernel_mark NAME     the file with its release, there once it can be run
#   kernel_release NAME  that release, or nothing
#   kernel_out NAME      where what is built for it goes
#   kernel_version NAME  what lab/skips calls it
#   kernel_is_slow NAME  whether it has sanitizers
#   kernel_reloads_kvm NAME  whether a cell can load KVM again, in another mode
#   kernel_use NAME      sets kernel, release, dir (its kernel_out), image, headers (the
#                        build folder for modules) and modules_root (what lib/modules is
#                        in), both in the lab's tree; sanitizers, unless it has none; and
#                        of one's own cc, share, binds and kvm, else nothing

kernel_name() {
	# What no shell has replaced, of a list of kernels in quotes.
	# shellcheck disable=SC2088
	case $1 in
	'~/'*) own_register "${HOME:-}/${1#??}" ;;
	*/* | . | ..) own_register "$1" ;;
	*) echo "$1" ;;
	esac
}

# kernel_names WORD...: the names of all of them, one a line.
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

# A series is its own number; what is built here is told by its release.
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
