# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034 # for the scripts that source this
#
# What the scripts of lab and of crosvm-integration share: messages, options, exit status. It
# knows nothing of caches and trees, and of VMMs only some words. Sourced, after $REPO is set to
# this checkout.
# shellcheck disable=SC2154

# On Debian an ordinary user's PATH lacks sbin, where chroot and rmmod are.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export PATH

# The exit status of a script that cannot do its work. What it runs does not use it.
EXIT_FAILED=125

# What a kernel prints when it reports something, for grep -E. All use this list.
REPORTS=$(sed '/^#/d' "$REPO/test-app/lib/base/complaints" | paste -s -d '|' -)

# What QEMU prints when KVM_RUN has failed, for grep -E. It then only stops the virtual CPU, so
# that one can inspect it: it has to be ended.
QEMU_STOPPED='error: kvm run failed|KVM internal error'

log() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die() {
	log "$@"
	exit "$EXIT_FAILED"
}

# usage_of FILE: print the comment block under a script's SPDX line, which is its --help.
usage_of() {
	sed -n '3,/^[^#]/{/^#/s/^# \{0,1\}//p;}' "$1"
}

# usage: print the help of this script. One that has more to say than its own comment has its
# own.
usage() {
	usage_of "$0"
}

# asks_help ARGUMENT...: succeed if the first one is --help.
asks_help() {
	case ${1:-} in
	-h | --help) ;;
	*) return 1 ;;
	esac
}

# answer_help ARGUMENT...: print the help and exit if the first one is --help.
answer_help() {
	! asks_help "$@" || { usage; exit; }
}

# only_help ARGUMENT...: the same, for a script without other options.
only_help() {
	answer_help "$@"
	case ${1:-} in
	-?*) die "unknown option '$1': see --help" ;;
	esac
}

# no_arguments ARGUMENT...: the same, for a script that takes nothing but --help.
no_arguments() {
	only_help "$@"
	[ $# = 0 ] || die "unexpected '$1': see --help"
}

# option KNOWN ARGUMENT...: set option, value and option_words, the number of arguments that
# the two take. Parses the options of a script, one at a time:
#
#	while option "-v -k: --cpus:" "$@"; do
#		shift "$option_words"
#		case $option in
#		-v) verbose=y ;;
#		-k) series=$value ;;
#		...
#	[ "${1:-}" != -- ] || shift
#
# KNOWN lists the options, with a colon behind each that takes a value; the value is the next
# argument, or follows a "=". Fails at the end of the options and at "--". Ends the script
# after --help, and at an unknown option.
option() {
	known=$1 option=${2:-} value='' option_words=1
	shift
	case $option in
	--) return 1 ;;
	'')
		[ $# = 0 ] || die "an empty argument: see --help"
		return 1
		;;
	-h | --help) usage; exit ;;
	--*=*)
		value=${option#*=} option=${option%%=*}
		case " $known " in
		*" $option "*) die "option $option takes no value: see --help" ;;
		esac
		;;
	-?*)
		case " $known " in
		*" $option: "*)
			value=${2:-} option_words=2
			[ "$value" != -- ] || value=
			;;
		esac
		;;
	*) return 1 ;;
	esac
	# Nothing that $known has for other reasons: a colon, two options in one word.
	case $option in
	*[!a-z-]*) die "unknown option '$option': see --help" ;;
	esac
	case " $known " in
	*" $option: "*) [ -n "$value" ] || die "option $option needs a value: see --help" ;;
	*" $option "*) ;;
	*) die "unknown option '$option': see --help" ;;
	esac
}

# has LIST WORD: succeed if the word is in the list.
has() {
	case " $1 " in
	*" $2 "*) ;;
	*) return 1 ;;
	esac
}

# check_path WHAT PATH: die if kbuild or QEMU would split the path. There is no way to quote
# all of these characters for both.
check_path() {
	case $2 in
	*[[:space:]]* | *[,:\;\"\'\`\$\\\#%\&\*\?\(\)\<\>\|{}!]* | *\[* | *\]*)
		die "$1 lies at '$2': its path must have no blanks, commas, colons, quotes or the like, which kbuild and QEMU cannot take"
		;;
	esac
}

# need COMMAND PACKAGE: die unless this machine has that command.
need() {
	command -v "$1" >/dev/null 2>&1 || die "$1 is missing: run 'apt-get install $2' as root, then try again"
}

# image_of RELEASE ROOT: print the path of a kernel's image; Debian has used all of these.
image_of() {
	for image in "boot/vmlinuz-$1" "boot/vmlinux-$1" "usr/lib/modules/$1/vmlinuz" "usr/lib/modules/$1/vmlinuz.unsigned"; do
		[ ! -r "$2/$image" ] || { echo "$2/$image"; return; }
	done
	die "kernel $1 has no image in $2"
}

# Help is printed at any path. A sourced file sees the arguments of its script.
asks_help "$@" || check_path "this checkout" "$REPO"
