# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2153 # for the scripts that source this; $REPO of lib.sh
#
# A copy of the lab for its own tests, in $work/repo: the scripts, a cache with the real
# tree's programs, cells that run on this machine, and programs of a few lines. Sourced,
# after lib.sh. What is in the file $repo/KERNEL makes a kernel's cells hang or report
# something.

work=$(mktemp -d) || exit
trap 'rm -rf "$work"' EXIT
unset MOCKGPU_LONG LAB_KVM LAB_ARCH LAB_TIMEOUT
# A machine with many CPUs has other cells.
LAB_CELLS=2
export LAB_CELLS

count=0 failed=0
# report NAME: judges $? of the command before it.
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

# run_copy COMMAND...: of the copy; its words are in $work/out, its status in $status.
run_copy() {
	status=0
	XDG_CACHE_HOME=$work/cache PATH=$path "$@" >"$work/out" 2>&1 || status=$?
}

# shows WORDS [FILE]: whether that text is there.
shows() {
	grep -qF -e "$1" "${2:-$work/out}"
}

repo=$work/repo results=$work/repo/build/results
mkdir -p "$work/bin" "$work/cache/mockgpu/tree/.mockgpu/kernels" "$repo/build/x86_64/test-app" "$repo/crosvm-integration" \
	"$repo/test-app/tests/suite" "$repo/test-app/lib/base"
cp "$REPO/test-app/lib/base/complaints" "$repo/test-app/lib/base/"
ln -s "$TREE/usr" "$work/cache/mockgpu/tree/usr"
cp -R "$LAB" "$repo/lab"
rm -r "$repo/lab/tests"
printf '%s\n' "oldstable 6.1" "stable 6.12" "newest 7.3" >"$work/cache/mockgpu/tree/.mockgpu/series"
for series in 6.1 6.12 7.3; do
	echo "$series.1" >"$work/cache/mockgpu/tree/.mockgpu/kernels/$series"
done
# A cell here: the command runs on this machine.
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

# program NAME: its words come from the standard input.
program() {
	{ printf '#!/bin/sh\ncat <<"END"\n'; cat; echo END; } >"$repo/build/x86_64/test-app/$1"
	chmod +x "$repo/build/x86_64/test-app/$1"
}
# plan ROW..., skips LINE...: of the copy.
plan() {
	printf '%s\n' "$@" >"$repo/lab/plan"
}
skips() {
	printf '%s\n' "$@" >"$repo/lab/skips"
}
