# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154 # what lab/run sets or reads
#
# The process that is a cell's machine: started, watched, ended. Sourced by lab/run, whose
# $run is the cell's folder, $console its console and $limit its limit in seconds.

# start_copies: let what the cell prints reach our output, through FIFOs: QEMU truncates
# what it opens, and this may be a file. Descriptors 5 and 6 hold them open until QEMU has
# ended: a QEMU that did not start must not leave a reader that waits for it. What nobody
# reads any more is read for nobody: the cell goes on.
start_copies() {
	mkfifo "$run/stdout" "$run/stderr"
	exec 5<>"$run/stdout" 6<>"$run/stderr"
	exec 7<"$run/stdout" 8<"$run/stderr"
	{ cat; cat >/dev/null; } <&7 2>/dev/null 3<&- 5<&- 6<&- 7<&- 8<&- &
	copies=$!
	{ cat >&2 2>/dev/null; cat >/dev/null; } <&8 3<&- 5<&- 6<&- 7<&- 8<&- &
	copies="$copies $!"
	exec 7<&- 8<&-
}

# end_copies: all that was printed is there after this.
end_copies() {
	[ -n "${copies:-}" ] || return 0
	exec 5<&- 6<&-
	# shellcheck disable=SC2086 # a list
	wait $copies || true
	copies=
}

# cpu_of PID: nanoseconds that its threads have run, and that they have waited for a CPU.
cpu_of() {
	cat /proc/"$1"/task/*/schedstat 2>/dev/null | awk '{ ran += $1; waited += $2 } END { printf "%.0f %.0f\n", ran, waited }'
}

# part_of TIME RAN WAITED: the part of that time that counts. Threads that have ended are
# in neither sum, which may have become less.
part_of() {
	if [ "$3" -lt 1000000 ]; then
		echo "$1"
	elif [ "$2" -lt 0 ]; then
		echo 0
	else
		echo $(($1 * ($2 / 1000) / (($2 + $3) / 1000)))
	fi
}

# uptime_now: in hundredths of a second.
uptime_now() {
	read -r now _ </proc/uptime
	echo "${now%.*}${now#*.}"
}

# end_process PID: with five seconds to do it in order.
end_process() {
	kill -TERM "$1" 2>/dev/null || return 0
	tries=0
	while [ $tries -lt 50 ]; do
		sleep 0.1
		kill -0 "$1" 2>/dev/null || return 0
		tries=$((tries + 1))
	done
	kill -KILL "$1" 2>/dev/null || true
}

# The least that a limit on the clock may be: on a machine with fifteen busy processes for
# each CPU a cell took six minutes to boot.
WALL_LEAST=180000

# watch PID: ends it at the limit, with $run/limit as the sign. A second on the clock
# counts as much as the part that QEMU got of the CPU time that it could have used, so
# that a busy machine does not end a cell that goes on, only slowly. One that sleeps could
# have used none, and each second counts.
watch() {
	own=0 started=$(uptime_now)
	wall=$((limit * 1000))
	[ $wall -gt $WALL_LEAST ] || wall=$WALL_LEAST
	clock=$started ran=0 waited=0
	while sleep 1 2>/dev/null && [ -d "/proc/$1" ]; do
		passed=$(($(uptime_now) - clock))
		clock=$((clock + passed))
		# shellcheck disable=SC2046 # two numbers
		set -- "$1" $(cpu_of "$1")
		own=$((own + $(part_of $passed $(($2 - ran)) $(($3 - waited)))))
		ran=$2 waited=$3
		[ $own -lt $((limit * 100)) ] && [ $((clock - started)) -lt $wall ] && continue
		echo "$((own / 100)) seconds ($(((clock - started) / 100)) on the clock)" >"$run/limit"
		end_process "$1"
	done
}

# show_boot PID: says that the cell boots, until its job begins.
show_boot() {
	tick "$release is booting" &
	until [ -e "$run/booted" ] || [ ! -d "/proc/$1" ]; do
		sleep 0.2 2>/dev/null
	done
	kill $!
	wait $! 2>/dev/null
}

# show_console_of PID: as it comes.
show_console_of() {
	tail -q -s 0.2 -n +1 -f --pid="$1" "$console" >&2
}

# helper COMMAND...: beside QEMU, with none of the files of others.
helper() {
	"$@" </dev/null >/dev/null 3<&- 5<&- 6<&- &
}

# run_machine QEMU ARGUMENT...: to its end; $status is its exit status. Whatever ends this
# script ends it, too.
watcher='' shower='' machine=''
run_machine() {
	: >"$console"
	setpriv --pdeathsig KILL -- "$@" <&3 2>"$run/qemu.log" 5<&- 6<&- &
	machine=$!
	[ -n "$verbose" ] && shower=show_console_of || shower=show_boot
	helper $shower $machine
	shower=$!
	[ "$limit" = 0 ] || { helper watch $machine; watcher=$!; }
	status=0
	wait $machine || status=$?
	stop_machine
}

# stop_machine: and what run_machine() has started beside it, as far as it is still there.
stop_machine() {
	[ -n "$machine" ] || return 0
	end_process $machine
	machine=
	[ -z "$watcher" ] || kill "$watcher" 2>/dev/null || true
	wait "$shower" || true
	end_copies
}
