# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154 # for the scripts that source this; $arch of machine.sh
#
# A kernel: what is run, by its name. That is a series of Debian's, or debug; which of them
# there are is in series.sh. Sourced by lib.sh.
#
#   kernel_mark NAME     the file with its release, there once it can be run
#   kernel_release NAME  that release, or nothing
#   kernel_out NAME      where what is built for it goes
#   kernel_use NAME      sets kernel, release, dir (its kernel_out), image, headers (the
#                        build folder for modules) and modules_root (what lib/modules is
#                        in); both in the lab's tree

kernel_mark() {
	[ "$arch" = x86_64 ] && echo "$TREE/.mockgpu/kernels/$1" || echo "$TREE/.mockgpu/kernels-$arch/$1"
}

kernel_release() {
	cat "$(kernel_mark "$1")" 2>/dev/null || true
}

# kernel_out NAME: module, initramfs and release name for one kernel.
kernel_out() {
	echo "$REPO/build/$arch/$1"
}

kernel_use() {
	kernel=$1
	release=$(kernel_release "$1")
	[ -n "$release" ] || die "kernel $1 is not there: run lab/setup $1"
	dir=$(kernel_out "$1")
	image=$(image_of "$release" "$cell_tree") || exit
	headers=/lib/modules/$release/build
	modules_root=${cell_tree#"$TREE"}/
}
