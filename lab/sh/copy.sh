# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2153 # for the scripts that source this; $REPO of lib.sh
#
# Makes a copy of the lab for its own tests, in $work/repo: the scripts, a cache with the
# real tree's programs, cells that run on this machine, and programs of a few lines. The word
# "hang" or "report" in the file $repo/KERNEL makes a kernel's cells do that. Sourced, after
# lib.sh.

work=$(mktemp -d) || exit
trap 'rm -rf "$work"' EXIT
unset MOCKGPU_LONG LAB_KVM LAB_ARCH LAB_TIMEOUT
# The number of cells at once changes how programs are shared among cells.
LAB_CELLS=2
export LAB_CELLS

count=0 failed=0
# report NAME: print the result of the command before it, by $?.
report() {
	[ $? = 0 ] && result=ok || result="not ok"
	count=$((count + 1))
	if [ "$result" != ok ]; then
		failed=1
		tail -n 20 "$work/out" | sed 's/^/# /'
	fi
	echo "$result $count - $1"
}

# The programs of the copy come first.
path=$work/bin:$PATH

# run_copy COMMAND...: run it in the copy; its output is in $work/out, its status in $status.
run_copy() {
	status=0
	XDG_CACHE_HOME=$work/cache PATH=$path "$@" >"$work/out" 2>&1 || status=$?
}

# shows WORDS [FILE]: succeed if the file (default: the output) has that text.
shows() {
	grep -qF -e "$1" "${2:-$work/out}"
}

repo=$work/repo results=$work/repo/build/results
mkdir -p "$work/bin" "$work/cache/mockgpu/tree/.mockgpu/kernels" "$repo/build/x86_64/test-app" "$repo/crosvm-integration" \
	"$repo/test-app/tests/suite" "$repo/test-app/lib/base" "$repo/uapi"
cp "$REPO/uapi/mockgpu_version.h" "$repo/uapi/"
cp "$REPO/test-app/lib/base/complaints" "$repo/test-app/lib/base/"
ln -s "$TREE/usr" "$work/cache/mockgpu/tree/usr"
cp -R "$LAB" "$repo/lab"
rm -r "$repo/lab/tests"
printf '%s\n' "oldstable 6.1" "stable 6.12" "newest 7.3" >"$work/cache/mockgpu/tree/.mockgpu/series"
for series in 6.1 6.12 7.3; do
	echo "$series.1" >"$work/cache/mockgpu/tree/.mockgpu/kernels/$series"
done
# A stand-in for a cell, which runs the command on this machine.
cat >"$repo/lab/run" <<'STUB'
#!/bin/sh
for series; do [ "$before" != -k ] || break; before=$series; done
while [ "$1" != -- ]; do shift; done
shift
PATH=$(dirname "$0")/../build/x86_64/test-app:$PATH
MOCKGPU_SERIES=${series##*/}
export MOCKGPU_SERIES
case $(cat "$(dirname "$0")/../$MOCKGPU_SERIES" 2>/dev/null) in
hang) exit 124 ;;
report) "$@"; exit 123 ;;
esac
exec "$@"
STUB
printf '#!/bin/sh\n' >"$repo/lab/build"

# program NAME: make a program that prints the text on standard input.
program() {
	{ printf '#!/bin/sh\ncat <<"END"\n'; cat; echo END; } >"$repo/build/x86_64/test-app/$1"
	chmod +x "$repo/build/x86_64/test-app/$1"
}
# plan ROW..., skips LINE...: write those files of the copy.
plan() {
	printf '%s\n' "$@" >"$repo/lab/plan"
}
skips() {
	printf '%s\n' "$@" >"$repo/lab/skips"
}
