# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034 # for the scripts that source this
#
# The options of a script, one after the other, in one way for all:
#
#	while option "-v -k: --cpus:" "$@"; do
#		shift "$option_words"
#		case $option in
#		-v) verbose=y ;;
#		-k) series=$value ;;
#		...
#	[ "${1:-}" != -- ] || shift
#
# Sourced, after base.sh.

# option KNOWN ARGUMENT...: sets option, value, and option_words, how many arguments these
# two are. KNOWN are the options that there are, with a colon behind those that take a
# value, which is the next argument or follows a "=". Fails where the options end, before a
# "--" too; ends the script after --help and on any other word with a "-".
option() {
	known=$1 option=${2:-} value='' option_words=1
	shift
	case $option in
	-- | '') return 1 ;;
	-h | --help) usage_of "$0"; exit ;;
	--*=*)
		value=${option#*=} option=${option%%=*}
		case " $known " in
		*" $option "*) die "option $option takes no value: see --help" ;;
		esac
		;;
	-?*)
		case " $known " in
		*" $option: "*) value=${2:-} option_words=2 ;;
		esac
		;;
	*) return 1 ;;
	esac
	case " $known " in
	*" $option: "*) [ -n "$value" ] || die "option $option needs a value: see --help" ;;
	*" $option "*) ;;
	*) die "unknown option '$option': see --help" ;;
	esac
}
