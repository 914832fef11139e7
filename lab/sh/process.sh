# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154 # what lab/run sets or reads
#
# Starts, watches and ends the process that is a cell's machine. Sourced by lab/run, whose
# $run is the cell's folder, $console its console and $limit its limit in seconds.

# start_copies: copy what the cell prints to our output, through FIFOs, because QEMU truncates
# a file that it opens. Descriptors 5 and 6 hold the FIFOs open until the machine has ended:
# otherwise one that does not start would leave a reader that waits for it forever. If
# nobody reads our output any more, discard it, so that the cell goes on.
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

# end_copies: wait until all output is copied.
end_copies() {
	[ -n "${copies:-}" ] || return 0
	exec 5<&- 6<&-
	# shellcheck disable=SC2086 # a list
	wait $copies || true
	copies=
}

# cpu_of PID: print for how many nanoseconds its threads have run, and waited for a CPU.
cpu_of() {
	cat /proc/"$1"/task/*/schedstat 2>/dev/null | awk '{ ran += $1; waited += $2 } END { printf "%.0f %.0f\n", ran, waited }'
}

# part_of TIME RAN WAITED: print the part of TIME that counts. A sum can shrink, because
# threads that have ended are in neither.
part_of() {
	if [ "$3" -lt 1000000 ]; then
		echo "$1"
	elif [ "$2" -lt 0 ]; then
		echo 0
	else
		echo $(($1 * ($2 / 1000) / (($2 + $3) / 1000)))
	fi
}

# uptime_now: print it in hundredths of a second.
uptime_now() {
	read -r now _ </proc/uptime
	echo "${now%.*}${now#*.}"
}

# end_process PID: end it; kill it if it takes more than five seconds to end.
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

# The least limit by the clock, in hundredths of a second: on a machine with fifteen busy
# processes for each CPU a cell took six minutes to boot.
WALL_LEAST=180000

# watch PID: end it if KVM has stopped the machine, and write $run/stopped; or at the limit,
# unless that is 0, and write $run/limit. A second by the clock counts only for the part of the
# CPU time wanted that QEMU got, so that a busy machine does not end a cell that is only slow. A
# cell that sleeps wants no CPU time, and each second counts.
watch() {
	own=0 started=$(uptime_now)
	wall=$((limit * 1000))
	[ $wall -gt $WALL_LEAST ] || wall=$WALL_LEAST
	clock=$started ran=0 waited=0
	while sleep 1 2>/dev/null && [ -d "/proc/$1" ]; do
		if grep -q -E "^($QEMU_STOPPED)" "$run/machine.log"; then
			touch "$run/stopped"
			end_process "$1"
			return
		fi
		[ "$limit" != 0 ] || continue
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

# show_boot PID: show that the cell is booting, until its job begins.
show_boot() {
	tick "$release is booting" &
	until [ -e "$run/booted" ] || [ ! -d "/proc/$1" ]; do
		sleep 0.2 2>/dev/null
	done
	kill $!
	wait $! 2>/dev/null
}

# show_console_of PID: print the console as it grows.
show_console_of() {
	tail -q -s 0.2 -n +1 -f --pid="$1" "$console" >&2
}

# helper COMMAND...: run it in the background, without the files of the other processes.
helper() {
	"$@" </dev/null >/dev/null 3<&- 5<&- 6<&- &
}

# run_machine COMMAND...: run it to its end and set $status to its exit status. It ends
# with this script, whatever ends that.
watcher='' shower='' machine=''
run_machine() {
	: >"$console"
	setpriv --pdeathsig KILL -- "$@" <&3 2>"$run/machine.log" 5<&- 6<&- &
	machine=$!
	[ -n "$verbose" ] && shower=show_console_of || shower=show_boot
	helper $shower $machine
	shower=$!
	# A debugger may look at a machine that was stopped.
	[ -n "$gdb" ] || { helper watch $machine; watcher=$!; }
	status=0
	wait $machine || status=$?
	stop_machine
}

# stop_machine: end the machine and the processes that run_machine() has started with it.
stop_machine() {
	[ -n "$machine" ] || return 0
	end_process $machine
	machine=
	[ -z "$watcher" ] || kill "$watcher" 2>/dev/null || true
	wait "$shower" || true
	end_copies
}
