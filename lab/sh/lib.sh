# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2094 # for the scripts that source this; locks
#
# What every script of the lab shares: where things are and how to run a command in the
# lab's tree. Sourced, after $LAB is set to the folder lab.

REPO=$(cd "$LAB/.." && pwd -P)
# shellcheck source=lab/sh/base.sh
. "$LAB/sh/base.sh"
# The XDG base directory specification says to ignore a path that is not absolute.
case ${XDG_CACHE_HOME:-} in
/*) CACHE=$XDG_CACHE_HOME/mockgpu ;;
*) CACHE=${HOME:-}/.cache/mockgpu ;;
esac
TREE=$CACHE/tree
# With the tree's own loader its programs run on this machine without chroot.
TREE_LIBS=$TREE/usr/lib/x86_64-linux-gnu
TREE_LOADER="$TREE/usr/lib64/ld-linux-x86-64.so.2 --library-path $TREE_LIBS:$TREE_LIBS/pulseaudio"

# The kernel source that debug and parts of the tree come from: the newest that Debian had
# when lab/setup fetched it.
SOURCE_TARBALL=$(find "$TREE/usr/src" -maxdepth 1 -name 'linux-source-*.tar.xz' 2>/dev/null | sort -V | tail -n 1)
SOURCE_PACKAGE=$(basename "$SOURCE_TARBALL" .tar.xz)

# Exit statuses of the lab, besides $EXIT_FAILED and those of the command that it runs.
LAB_EXIT_REPORT=123	# a kernel printed a WARN, BUG, oops or sanitizer report
LAB_EXIT_TIMEOUT=124	# no end within the time limit

make_cache() {
	case $CACHE in
	/.cache/*) [ -n "${HOME:-}" ] || die "neither HOME nor XDG_CACHE_HOME says where to put the cache" ;;
	esac
	mkdir -p "$CACHE" 2>/dev/null && touch -a "$CACHE/lock" "$CACHE/lock.debug" 2>/dev/null ||
		[ -r "$CACHE/lock.debug" ] || no_cache
}

no_cache() {
	die "cannot write to $CACHE: set XDG_CACHE_HOME to a folder that can hold 4 GiB"
}

# check_space MIB: die unless that much is left for the cache.
check_space() {
	make_cache
	[ -w "$CACHE" ] || no_cache
	free=$(df -Pm "$CACHE" | awk 'NR == 2 { print $4 }')
	[ "$free" -ge "$1" ] || die "$CACHE has $free MiB free, the lab needs $1: free some, or set XDG_CACHE_HOME"
}

# source_version: print Debian's version of the source in the tree, or nothing.
source_version() {
	gzip -dc "$TREE/usr/share/doc/$SOURCE_PACKAGE/changelog.Debian.gz" 2>/dev/null | sed -n '1s/.*(\(.*\)).*/\1/p'
}

# need_namespace: die, with the reason, if the kernel does not allow what in_tree() needs.
need_namespace() {
	need unshare util-linux
	need chroot coreutils
	[ "$(id -u)" = 0 ] && userns= || userns=--map-root-user
	# shellcheck disable=SC2086 # nothing or one word
	reason=$(unshare $userns --mount true 2>&1) ||
		die "no namespace for the lab's tree ($reason): be root, or let users make their own (sysctl kernel.unprivileged_userns_clone=1, user.max_user_namespaces, on Ubuntu kernel.apparmor_restrict_unprivileged_userns=0; in a container: --privileged)"
}

# in_tree COMMAND...: run it in the tree, with this repository at its own path, /proc
# (objtool and the sanitizers read it) and a /dev without this machine's devices. Needs only
# root or unprivileged user namespaces: the mounts are in a namespace of their own and end
# with the command. A tree of another user has an overlay on top, which discards what is
# written; so has any tree with LAYER=y, or with folders of this machine in it: BINDS, lines
# "FOLDER PLACE [rw]".
in_tree() {
	[ "$(id -u)" = 0 ] && userns='' || userns=--map-root-user
	mkdir -p "$TREE$REPO" 2>/dev/null && [ -w "$TREE/tmp" ] && layer=${LAYER:-}${BINDS:-} || layer=y
	# shellcheck disable=SC2086 # nothing or one word
	unshare $userns --mount sh -ec '
		tree=$1 repo=$2 userns=$3 layer=$4 binds=$5
		shift 5
		if [ "$layer" ]; then
			mount -t tmpfs layer "$tree/run"
			mkdir "$tree/run/upper" "$tree/run/work" "$tree/run/root"
			mount -t overlay -o "lowerdir=$tree,upperdir=$tree/run/upper,workdir=$tree/run/work" overlay "$tree/run/root"
			tree=$tree/run/root
			mkdir -p "$tree$repo" "$tree/tmp"
			# Compilers write to /tmp, even in a tree of another user.
			mount -t tmpfs -o mode=1777 tmp "$tree/tmp"
		fi
		if [ "$userns" ]; then
			mount --rbind /proc "$tree/proc"
		else
			mount --bind /proc "$tree/proc"
			mount -o remount,bind,ro "$tree/proc"
		fi
		mount -t tmpfs -o mode=755 dev "$tree/dev"
		for device in null zero full random urandom; do
			: >"$tree/dev/$device"
			mount --bind "/dev/$device" "$tree/dev/$device"
		done
		mkdir -m 1777 "$tree/dev/shm"
		ln -s /proc/self/fd "$tree/dev/fd"
		for name in stdin:0 stdout:1 stderr:2; do
			ln -s "fd/${name#*:}" "$tree/dev/${name%:*}"
		done
		mount --bind "$repo" "$tree$repo"
		while read -r folder place mode; do
			[ -n "$folder" ] || continue
			mkdir -p "$tree$place"
			mount --bind "$folder" "$tree$place"
			# Read-only without rw, if the kernel allows the remount.
			[ "$mode" = rw ] || mount -o remount,bind,ro "$tree$place" 2>/dev/null || true
		done <<END
$binds
END
		exec chroot "$tree" env -i PATH=/usr/sbin:/usr/bin HOME=/root LC_ALL=C.UTF-8 \
			sh -c "cd \"\$0\" && exec \"\$@\"" "$repo" "$@"
	' sh "$TREE" "$REPO" "$userns" "$layer" "${BINDS:-}" "$@"
}

# The tree's jq: this machine may have none.
tree_jq() {
	# shellcheck disable=SC2086 # words
	$TREE_LOADER "$TREE/usr/bin/jq" "$@"
}

# The same with its Python, which leaves nothing behind in this checkout.
tree_python() {
	# shellcheck disable=SC2086 # words
	PYTHONHOME=$TREE/usr $TREE_LOADER "$TREE/usr/bin/python3" -B "$@"
}

# tick TEXT: print TEXT and the seconds so far until it is killed or the script has ended: on
# a terminal rewrite one line each second, elsewhere print a line every ten seconds. Print
# nothing in the first $TICK_QUIET seconds.
TICK_QUIET=3
tick() {
	trap '[ -z "$drawn" ] || echo >&2; exit' TERM
	drawn='' next=$TICK_QUIET
	read -r begun _ </proc/uptime
	while [ -d "/proc/$$" ]; do
		sleep 1 >/dev/null 2>&1 &
		wait $!
		read -r now _ </proc/uptime
		seconds=$((${now%.*} - ${begun%.*}))
		if [ $seconds -lt $TICK_QUIET ]; then
			continue
		elif [ -t 2 ]; then
			printf '\r%s: %s, %d s' "${0##*/}" "$1" $seconds >&2
			drawn=y
		elif [ $seconds -ge $next ]; then
			log "$1$([ $next = $TICK_QUIET ] || echo ", $seconds s so far")"
			next=$((seconds + 9))
		fi
	done
}

# with_progress TEXT COMMAND...: run it and show that it is still running. COMMAND is a
# program, or a function that does not rely on 'set -e'. The ticker holds none of the script's
# open files, because some of them are locks.
with_progress() {
	tick "$1" 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- </dev/null >/dev/null &
	ticker=$!
	shift
	ended=0
	"$@" || ended=$?
	kill "$ticker" 2>/dev/null || true
	wait "$ticker" 2>/dev/null || true
	return $ended
}

# quietly FILE COMMAND...: run it with all of its output in FILE.
quietly() {
	said=$1
	shift
	"$@" >"$said" 2>&1
}

# take_lock FD FILE WHO [-s]: lock an open file and write our process ID into it. A file of
# another user can be locked, but not written to.
take_lock() {
	# shellcheck disable=SC2086 # nothing or one word
	if ! flock -n ${4:-} "$1"; then
		with_progress "waiting for $3 (process $(cat "$2"))" flock ${4:-} "$1"
	fi
	[ ! -w "$2" ] || echo $$ >"$2"
}

# with_lock NAME COMMAND...: run it, one at a time among all users of this cache.
with_lock() {
	make_cache
	(
		take_lock 9 "$CACHE/$1" "another set-up or build that uses this cache"
		shift
		"$@"
	) 9<"$CACHE/$1"
}

# with_build_lock COMMAND...: run it, one at a time in this checkout and while nobody fetches
# into the cache. Other checkouts may build at the same time.
with_build_lock() {
	: >>"$REPO/build/lock"
	(
		take_lock 8 "$CACHE/lock" "a set-up that uses this cache" -s
		take_lock 9 "$REPO/build/lock" "another build in this checkout"
		"$@"
	) 8<"$CACHE/lock" 9<"$REPO/build/lock"
}

# shellcheck source=lab/sh/machine.sh
. "$LAB/sh/machine.sh"
# shellcheck source=lab/sh/kernel.sh
. "$LAB/sh/kernel.sh"
# shellcheck source=lab/sh/options.sh
. "$LAB/sh/options.sh"
# shellcheck source=lab/sh/own.sh
. "$LAB/sh/own.sh"
# shellcheck source=lab/sh/series.sh
. "$LAB/sh/series.sh"

use_arch x86_64

asks_help "$@" || check_path "the cache" "$CACHE"
