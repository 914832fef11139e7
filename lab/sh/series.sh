# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # $arch, of lib.sh
#
# Debian's kernel series and the role of each. Sourced by lib.sh.
#
# lab/setup finds them with apt (find.sh) and keeps them in $SERIES_FILE, as lines
# "ROLE SERIES":
#
#   oldstable, stable  the long-term kernels of bookworm and trixie
#   previous, newest   the newest two of trixie-backports; a previous one that Debian has
#                      dropped stays until another replaces it
#   candidate          the release candidate of experimental, if there is one
#
# debug is built here, from the newest source. sid is the kernel of Debian unstable, which
# runs only where it is asked for.

SERIES_FILE=$TREE/.mockgpu/series

# series_cached [FOLDER]: print those in the cache for $arch, by version.
series_cached() {
	find "${1:-$(dirname "$(kernel_mark any)")}" \( -name '[0-9]*' -o -name sid \) -exec basename {} \; 2>/dev/null | sort -V
}

# series_roles: print lines "ROLE SERIES". If nobody has asked Debian yet, their order in the
# cache gives the roles.
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

# series_default: print those of the suite, oldest first.
series_default() {
	series_roles | cut -d' ' -f2 | sort -V
}

# series_role SERIES: print its role. A series that Debian has dropped counts as previous, a
# kernel in a folder as newest, which runs the most programs.
series_role() {
	[ "$1" != debug ] || { echo debug; return; }
	! kernel_is_own "$1" || { echo newest; return; }
	role=$(series_roles | sed -n "s/^\([a-z]*\) $1\$/\1/p")
	echo "${role:-previous}"
}

# series_newest: print the default kernel.
series_newest() {
	role=$(series_roles | sed -n 's/^newest //p')
	echo "${role:-$(series_default | tail -n 1)}"
}

# series_need: ask Debian which series it has, if none is known yet.
series_need() {
	[ -n "$(series_roles)" ] || "$LAB/setup" --find || exit
}

# is_series WORD: succeed if a series could have that name.
is_series() {
	echo "$1" | grep -qE '^([0-9]+\.[0-9]+(-rc)?|sid|debug)$'
}

# check_series SERIES: die unless it is known or in the cache. Before Debian is asked, any
# name that a series could have will do.
check_series() {
	! kernel_is_own "$1" || return 0
	[ "$1" != debug ] || [ "$arch" = x86_64 ] || die "there is no debug kernel for $arch"
	[ -s "$SERIES_FILE" ] && known=$(series_default) || known=
	if has "debug sid" "$1" || [ -z "$known" ] && is_series "$1"; then
		return
	fi
	known=$(printf '%s\n' "$known" "$(series_cached)" debug sid | grep . | sort -V -u | tr '\n' ' ')
	case " $known" in
	*" $1 "*) ;;
	*) die "unknown kernel series '$1': use one of ${known% } (lab/setup --refresh asks Debian for newer ones)" ;;
	esac
}

# check_series_name SERIES: die unless it is known, or Debian may have had it.
check_series_name() {
	! kernel_is_own "$1" || return 0
	is_series "$1" || check_series "$1"
	[ "$1" != debug ] || [ "$arch" = x86_64 ] || die "there is no debug kernel for $arch"
}

# series_lost SERIES: print why it is not in the cache, if lab/setup has looked for it.
series_lost() {
	sed -n "s/^$1 //p" "$TREE/.mockgpu/lost-$arch" 2>/dev/null || true
}
