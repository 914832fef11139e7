# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # $arch and $mmu, of lib.sh
#
# The folder of results, build/results. One 'make demo' or 'make test' at a time uses it. Each
# program that is to run has a file there before any program runs. Sourced, after lib.sh.

# The command that makes these results again.
RESULTS_COMMAND="lab/${0##*/}${*:+ $*}"

# results_begin: empty the folder and lock it for this script. Its children inherit the lock
# (descriptor 7), so that nobody empties the folder while one of them still writes.
results_begin() {
	need flock util-linux
	mkdir -p "$REPO/build"
	exec 7>>"$REPO/build/results.lock"
	flock -n 7 || die "another 'make demo' or 'make test' runs in this checkout (pid $(cat "$REPO/build/results.lock")): wait until it ends, or use another checkout"
	echo $$ >"$REPO/build/results.lock"
	# lab/page compares with the last run that came to its end.
	[ ! -s "$REPO/build/results/records.json" ] || mv "$REPO/build/results/records.json" "$REPO/build/last-records.json"
	rm -rf "$REPO/build/results"
	mkdir -p "$REPO/build/results"
	echo "$RESULTS_COMMAND" >"$REPO/build/results/command"
}

# results_prefix ARCH KERNEL: print a cell's folder of results without -MMU. LAB_RESULTS
# replaces build/results.
results_prefix() {
	echo "${LAB_RESULTS:-$REPO/build/results}/$1-$2"
}

# results_taps PREFIX MMU PROGRAM...: print a line with mode, file of results and parameter of
# kvm.ko for each program. A word mmu=MMU[,PARAMETER] changes both for the programs after it.
# PREFIX is a cell's folder without -MMU.
results_taps() {
	prefix=$1 mmu=$2 kvm=${LAB_KVM:-}
	shift 2
	for word; do
		case $word in
		mmu=*,*) kvm=${word#*,} mmu=${word#mmu=} mmu=${mmu%%,*} ;;
		mmu=*) kvm='' mmu=${word#mmu=} ;;
		*) echo "$mmu $prefix-$mmu/$word.tap $kvm" ;;
		esac
	done
}

# results_missing PROGRAM WHY: print the TAP of a program without a result, which lab/matrix
# reads too.
results_missing() {
	echo "# result test=$1 verdict=not_ok mapped=0 total=0 why=$2"
	echo "not ok - $1: $2"
}

# The most that a cell takes, in GiB: its memory, and QEMU's own.
CELL_MEMORY=3

# cells_at_once: print how many cells to run at once: one more than CPUs, because a cell keeps
# one CPU busy, but not all the time; and no more than fit into memory. A container may have
# less of both than its machine. LAB_CELLS overrides it; LAB_ROOT, for tests, replaces /.
cells_at_once() {
	case ${LAB_CELLS:-} in
	'') ;;
	*[!0-9]* | 0*) die "LAB_CELLS='$LAB_CELLS' is no number of cells" ;;
	*) echo "$LAB_CELLS"; return ;;
	esac
	group=${LAB_ROOT:-}/sys/fs/cgroup cells=$(nproc)
	# cpu.max: microseconds of CPU time in each period, and the period's length.
	if { read -r quota period <"$group/cpu.max"; } 2>/dev/null && [ "$quota" != max ]; then
		quota=$(((quota + period - 1) / period))
		[ $quota -ge "$cells" ] || cells=$quota
	fi
	memory=$(awk '/^MemAvailable/ { print int($2 / 1048576) }' "${LAB_ROOT:-}/proc/meminfo")
	if { read -r most <"$group/memory.max"; } 2>/dev/null && [ "$most" != max ]; then
		most=$((most / 1073741824))
		[ $most -ge "$memory" ] || memory=$most
	fi
	cells=$((cells + 1)) memory=$((memory / CELL_MEMORY))
	[ $cells -le 64 ] || cells=64
	[ $cells -le $memory ] || cells=$memory
	[ $cells -ge 1 ] || cells=1
	echo "$cells"
}

# running: print what runs now and for how many seconds, what has taken longest first: of a
# cell its program. Each cell and step has a file *.running with these words, which is as old as
# what they tell of.
running() {
	find "$REPO/build/results" -name '*.running' -printf '%T@ ' -exec cat {} \; 2>/dev/null | sort -n |
		awk -v now="$(date +%s)" '
			{ seconds = now - int($1); sub(/^[^ ]* /, "") }
			NR <= 6 { line = line (NR > 1 ? "; " : "") $0 " " seconds " s" }
			END { if (NR > 6) line = line "; and " NR - 6 " more"; if (NR) print line }'
}

# count_programs: print every half minute how many programs have begun and what runs, until it is
# killed or the script has ended. A cell prints nothing before its last program has ended.
# LAB_TICK, for tests, replaces the half minute, in seconds.
count_programs() {
	trap 'exit' TERM
	read -r begun _ </proc/uptime
	# A cell takes back what its programs are expected to leave: what there is now is all.
	all=$(find "$REPO/build/results" -name '*.tap' | wc -l)
	while [ -d "/proc/$$" ]; do
		sleep "${LAB_TICK:-30}" >/dev/null 2>&1 &
		wait $!
		some=$(find "$REPO/build/results" -name '*.tap' -exec grep -sLF 'why=it did not run' {} + | wc -l)
		[ "$some" -le "$all" ] || all=$some
		read -r now _ </proc/uptime
		log "$some of $all programs have begun, $((${now%.*} - ${begun%.*})) s so far"
		now=$(running)
		[ -z "$now" ] || log "running: $now"
	done
}

# run_jobs FILE ARGUMENT...: run xargs with FILE as its input and return its exit status. A
# signal that ends this script ends all of its jobs. They are in a session of their own,
# because the signal may be for this process alone (kill, a CI's time limit).
run_jobs() {
	file=$1
	shift
	setsid xargs "$@" <"$file" &
	session=$!
	count_programs 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- </dev/null >/dev/null &
	counter=$!
	for signal in HUP:129 INT:130 TERM:143; do
		# shellcheck disable=SC2064 # these values
		trap "kill -TERM -$session $counter 2>/dev/null; wait $session; exit ${signal#*:}" "${signal%:*}"
	done
	jobs_status=0
	wait "$session" || jobs_status=$?
	kill "$counter" 2>/dev/null || true
	wait "$counter" 2>/dev/null || true
	trap - HUP INT TERM
	return $jobs_status
}

# results_expect PREFIX MMU PROGRAM...: mark each as failed until it has run.
results_expect() {
	results_taps "$@" | while read -r _ tap _; do
		mkdir -p "${tap%/*}"
		name=${tap##*/} name=${name%.tap}
		results_missing "$name" "it did not run" >"$tap"
	done
}

# results_again TAP COMMAND...: print a line with the command that runs a failed test alone,
# or the whole program if it has no such tests. COMMAND boots the cell.
results_again() {
	tap=$1
	shift
	program=${tap##*/} program=${program%.tap}
	parameters=$(variant_parameters "$program")
	program=$(plain_program "$program")
	case $parameters in
	*' '*) set -- "$@" --parameters "'$parameters'" ;;
	?*) set -- "$@" --parameters "$parameters" ;;
	esac
	case $program in
	run-*-test) program=crosvm-integration/tests/$program ;;
	run-*) program=$(vmm_command "$program") ;;
	kunit) program=lab/kunit ;;
	kunit-ttm) program=lab/incell/kunit-ttm ;;
	esac
	awk -v again="    again: $* -- $program" '
		!/^not ok/ { next }
		program ~ /_test$/ && /^not ok [0-9]+ [a-z0-9_]+\.[a-z0-9_.]+/ { tests++; if (tests <= 5) print again " -r " $4; next }
		{ whole = 1 }
		END { if (whole && !tests) print again }' program="$program" "$tap"
}

# results_show_again TAP COMMAND...: the same; keep the lines in a file beside TAP, for lab/page.
results_show_again() {
	results_again "$@" >"${1%.tap}.again"
	cat "${1%.tap}.again"
	[ -s "${1%.tap}.again" ] || rm "${1%.tap}.again"
}

# results_kernels MACHINE SERIES...: fetch and build them; set kernels to those that could be,
# and write Debian's of these with their releases to the file "kernels", for lab/setup --set.
# A series that Debian no longer has gets a line, and a cell for each of $gone_modes in the
# folder's file "gone", for lab/matrix. A series that could not be fetched has failed.
results_kernels() {
	use_arch "$1"
	shift
	"$LAB/build" --keep-going -a "$arch" "$@" || [ -n "${may_lack:-}" ] || exit
	kernels=
	for series; do
		if [ -n "$(kernel_release "$series")" ]; then
			kernels="$kernels $series"
			kernel_is_own "$series" || echo "$arch $series $(kernel_release "$series")" >>"$REPO/build/results/kernels"
			continue
		fi
		why=$(series_lost "$series")
		for mode in ${gone_modes:-$mmu}; do
			cell=$arch-$series-$mode
			case $why in
			*'no longer has it') echo "$cell $why" >>"$REPO/build/results/gone" ;;
			*)
				mkdir -p "$REPO/build/results/$cell"
				results_missing kernel "${why:-it could not be fetched}" >"$REPO/build/results/$cell/kernel.tap"
				;;
			esac
		done
	done
	[ -n "$kernels" ] || [ -n "${may_lack:-}" ] || die "none of these kernels is available: $*"
}
