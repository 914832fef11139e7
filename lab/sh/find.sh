# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # of lab/setup
#
# Finds the series that Debian has, through apt; lab/setup writes them to $SERIES_FILE.
# Sourced by lab/setup, which has prepared apt.

# suite_headers: print lines "SUITE PACKAGE VERSION" of the headers of all plain kernels.
suite_headers() {
	apt-cache pkgnames linux-headers- | grep -- "-$deb_arch\$" | grep -v -e '-rt-' -e '-cloud-' | xargs -r apt-cache madison 2>/dev/null |
		awk -F ' *[|] *' '{ gsub(/ /, "", $1); split($3, where, " "); sub(/\/.*/, "", where[2]); print where[2], $1, $2 }'
}

# suite_series SUITE: print its series by version, from the lines of suite_headers.
suite_series() {
	sed -n "s/^$1 linux-headers-\([0-9]*\.[0-9]*\)\.[^ ]*-$deb_arch .*/\1/p" | sort -V -u
}

# installable_series SUITE COUNT: print the newest of them that apt can install.
installable_series() {
	left=$2
	for found in $(suite_series "$1" | sort -rV); do
		[ "$left" -gt 0 ] || return 0
		for release in $(releases "$found"); do
			packages_of "$release" >/dev/null || continue
			echo "$found"
			left=$((left - 1))
			break
		done
	done
}

# prepare_suite SUITE PIN: add its lists, at a priority that keeps apt from taking anything else
# from it. PIN is how its Release file names it. If it is missing or out of date, the rest still
# works.
prepare_suite() {
	echo "deb [signed-by=$keyring] $mirror $1 main" >"$apt_dir/etc/apt/sources.list.d/$1.list"
	printf 'Package: *\nPin: release %s\nPin-Priority: 1\n' "$2" >"$apt_dir/etc/apt/preferences.d/$1"
	apt-get -q update >"$apt_dir/$1.log" 2>&1 && ! grep -q '^[EW]: ' "$apt_dir/$1.log" && return
	log "$1 cannot be read: $(sed -n 's/^[EW]: //p' "$apt_dir/$1.log" | head -n 1)"
	rm -f "$apt_dir/etc/apt/sources.list.d/$1.list"
	return 1
}

# suite_release SUITE [PATTERN]: print the package of headers of the newest of its kernels whose
# version matches the regular expression.
suite_release() {
	suite_headers | sed -n "s/^$1 \(linux-headers-[0-9.]*[^ ]*-$deb_arch\) [^ ]*${2:-}.*/\1/p" | sort -V | tail -n 1
}

# installs PACKAGE: succeed if apt can install these headers, and has what belongs to them.
installs() {
	apt-get -s install "$1" >"$apt_dir/installs.log" 2>&1 && packages_of "${1#linux-headers-}" >/dev/null
}

# installs_not: print why not.
installs_not() {
	sed -n "s/^ *\(.*Depends:.*\)/\1/p" "$apt_dir/installs.log" | grep -m 1 . || echo "parts of it are missing"
}

# find_candidate NEWEST: print the series, X.Y-rc, of a release candidate that is newer.
find_candidate() {
	prepare_suite experimental a=experimental || return 0
	package=$(suite_release experimental '~rc')
	number=${package#linux-headers-}
	number=${number%-amd64}
	if [ -z "$package" ] || [ "$(printf '%s\n' "$1" "$number" | sort -V | tail -n 1)" = "$1" ]; then
		log "experimental: no release candidate newer than $1"
	elif ! installs "$package"; then
		log "experimental: $number-rc cannot be installed here: $(installs_not)"
	else
		echo "$number-rc"
	fi
}

# find_series: print lines "ROLE SERIES" of what Debian has now.
find_series() {
	headers=$(suite_headers)
	oldstable=$(echo "$headers" | installable_series bookworm 1)
	stable=$(echo "$headers" | installable_series trixie 1)
	# shellcheck disable=SC2046 # at most two
	set -- $(echo "$headers" | installable_series trixie-backports 2)
	newest=${1:-} previous=${2:-}
	if [ -n "$newest" ] && [ -z "$previous" ]; then
		previous=$(sed -n 's/^\(previous\|newest\) //p' "$SERIES_FILE" 2>/dev/null | grep -vxF "$newest" | sort -V | tail -n 1)
		[ -z "$previous" ] || log "$previous: Debian no longer has it"
	fi
	candidate=$(find_candidate "${newest:-${stable:-0}}")
	printf '%s\n' "oldstable $oldstable" "stable $stable" "previous $previous" "newest $newest" "candidate $candidate" |
		grep ' .'
}
