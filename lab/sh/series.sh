# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # $arch, of lib.sh
#
# The kernels of the lab: Debian's series, by what each is to Debian. Sourced by lib.sh.
#
# lab/setup finds them with apt (find.sh) and keeps what it found, lines "ROLE SERIES",
# in $SERIES_FILE:
#
#   oldstable, stable  the long-term kernels of bookworm and trixie
#   previous, newest   the newest two of trixie-backports; a previous one that Debian has
#                      dropped stays until another takes its place
#   candidate          the release candidate of experimental, when there is one
#
# debug is built here, of the newest one's source.

SERIES_FILE=$TREE/.mockgpu/series

# series_cached: those that are in the cache for $arch, by version.
series_cached() {
	find "${1:-$(dirname "$(kernel_mark any)")}" -name '[0-9]*' -exec basename {} \; 2>/dev/null | sort -V
}

# series_roles: lines "ROLE SERIES"; where Debian has not been asked, by their order in
# the cache.
series_roles() {
	if [ -s "$SERIES_FILE" ]; then
		cat "$SERIES_FILE"
	else
		series_cached "$TREE/.mockgpu/kernels" | awk '
			{ series[NR] = $1 }
			END {
				split("newest previous stable oldstable", role, " ")
				for (i = NR > 4 ? NR - 3 : 1; i <= NR; i++)
					print role[NR - i + 1], series[i]
			}'
	fi
}

# series_default: those of the suite, oldest first.
series_default() {
	series_roles | cut -d' ' -f2 | sort -V
}

# series_role SERIES: one that Debian had once is what the previous one is; a kernel of
# one's own is what the newest is, on which most is run.
series_role() {
	[ "$1" != debug ] || { echo debug; return; }
	! kernel_is_own "$1" || { echo newest; return; }
	role=$(series_roles | sed -n "s/^\([a-z]*\) $1\$/\1/p")
	echo "${role:-previous}"
}

# series_newest: the kernel of those who name none.
series_newest() {
	role=$(series_roles | sed -n 's/^newest //p')
	echo "${role:-$(series_default | tail -n 1)}"
}

# series_need: let Debian be asked what there is, if nothing is known yet.
series_need() {
	[ -n "$(series_roles)" ] || "$LAB/setup" --find || exit
}

# is_series WORD: whether a series could have that name.
is_series() {
	echo "$1" | grep -qE '^([0-9]+\.[0-9]+(-rc)?|debug)$'
}

# check_series SERIES: one that is known, in the cache or, before Debian was asked, likely.
check_series() {
	! kernel_is_own "$1" || return 0
	[ "$1-$arch" != "debug-arm64" ] || die "there is no debug kernel for $arch"
	[ -s "$SERIES_FILE" ] && known=$(series_default) || known=
	if is_series "$1" && [ "$1" = debug ] || [ -z "$known" ] && is_series "$1"; then
		return
	fi
	known=$(printf '%s\n' "$known" "$(series_cached)" debug | grep . | sort -V -u | tr '\n' ' ')
	case " $known" in
	*" $1 "*) ;;
	*) die "unknown kernel series '$1': use one of ${known% } (lab/setup --refresh asks Debian for newer ones)" ;;
	esac
}

# check_series_name SERIES: one that is known, or that Debian may have had.
check_series_name() {
	! kernel_is_own "$1" || return 0
	is_series "$1" || check_series "$1"
	[ "$1-$arch" != "debug-arm64" ] || die "there is no debug kernel for $arch"
}

# series_lost SERIES: why it is not in the cache, when lab/setup has looked for it.
series_lost() {
	sed -n "s/^$1 //p" "$TREE/.mockgpu/lost-$arch" 2>/dev/null || true
}
