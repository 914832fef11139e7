# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034 # for the scripts that source this
#
# What the scripts of lab and of crosvm-integration share: how they talk and end. It knows
# neither caches nor trees nor VMMs. Sourced, after $REPO is set to this checkout.
# shellcheck disable=SC2154

# An ordinary user of Debian does not have sbin in PATH: chroot and rmmod are there.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export PATH

# The exit status of a script that could not do its work: none of what it runs.
EXIT_FAILED=125

# How a kernel reports something, for grep -E: the list that all who look have.
REPORTS=$(sed '/^#/d' "$REPO/test-app/lib/base/complaints" | paste -s -d '|' -)

log() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die() {
	log "$@"
	exit "$EXIT_FAILED"
}

# usage_of FILE: the comment block under a script's SPDX line is its --help.
usage_of() {
	sed -n '3,/^[^#]/{/^#/s/^# \{0,1\}//p;}' "$1"
}

# answer_help ARGUMENT...: --help as the first of them.
answer_help() {
	case ${1:-} in
	-h | --help) usage_of "$0"; exit ;;
	esac
}

# only_help ARGUMENT...: for a script that has no other option.
only_help() {
	answer_help "$@"
	case ${1:-} in
	-?*) die "unknown option '$1': see --help" ;;
	esac
}

# no_arguments ARGUMENT...: for a script that takes none but --help.
no_arguments() {
	only_help "$@"
	[ $# = 0 ] || die "unexpected '$1': see --help"
}

# check_path WHAT PATH: kbuild and QEMU split their words at these characters, and there
# is no way to quote them all.
check_path() {
	case $2 in
	*[[:space:]]* | *[,:\;\"\'\`\$\\\#%\&\*\?\(\)\<\>\|{}!]* | *\[* | *\]*)
		die "$1 lies at '$2': its path must have no blanks, commas, colons, quotes or the like, which kbuild and QEMU cannot take"
		;;
	esac
}

# need COMMAND PACKAGE: a tool that a script cannot do without, from the host.
need() {
	command -v "$1" >/dev/null 2>&1 || die "$1 is missing: run 'apt-get install $2' as root, then try again"
}

# image_of RELEASE ROOT: a kernel's image, by the places Debian has used for it.
image_of() {
	for image in "boot/vmlinuz-$1" "usr/lib/modules/$1/vmlinuz" "usr/lib/modules/$1/vmlinuz.unsigned"; do
		[ ! -r "$2/$image" ] || { echo "$2/$image"; return; }
	done
	die "kernel $1 has no image in $2"
}

check_path "this checkout" "$REPO"
