# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034 # for the scripts that source this
#
# Parses the options of a script, one at a time:
#
#	while option "-v -k: --cpus:" "$@"; do
#		shift "$option_words"
#		case $option in
#		-v) verbose=y ;;
#		-k) series=$value ;;
#		...
#	[ "${1:-}" != -- ] || shift
#
# Sourced by lib.sh.

# option KNOWN ARGUMENT...: set option, value and option_words, the number of arguments that
# the two take. KNOWN lists the options, with a colon behind each that takes a value; the
# value is the next argument, or follows a "=". Fails at the end of the options and at "--".
# Ends the script after --help, and at an unknown option.
option() {
	known=$1 option=${2:-} value='' option_words=1
	shift
	case $option in
	--) return 1 ;;
	'')
		[ $# = 0 ] || die "an empty argument: see --help"
		return 1
		;;
	-h | --help) usage_of "$0"; exit ;;
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
