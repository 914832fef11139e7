# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034 # for the scripts that source this
#
# One boot of a guest, for all runners of VMMs: its logs, the VMM, the servers. Sourced. $out
# is the folder of the logs, $keep where to copy them or empty, $prefix the route and layout.
#
# A log belongs to one boot of one case. Its name has the route, the layout and the first case
# of the boot, and no file has that name when the boot begins.
# shellcheck disable=SC2154

# begin_boot CASE: set the names of its logs, and its own, which the guest prints first.
begin_boot() {
	boot=$prefix-$1
	guest_log=$out/guest-$boot.log vmm_log=$out/vmm-$boot.log
	own_log=$out/own-$boot.log watch_log=$out/watch-$boot.log
	rm -f "$out"/*.log
	read -r boot_name </proc/sys/kernel/random/uuid
	mark_boot "$boot_name"
}

# keep_logs: copy the logs of this boot for the user; names as above.
keep_logs() {
	[ -z "$keep" ] || cp "$out"/*.log "$keep/" || die "cannot write to $keep"
}

# keep_lost NUMBER: the same for a guest that the emulator has ended; another has these names.
keep_lost() {
	[ -z "$keep" ] || for log in "$guest_log" "$vmm_log"; do
		cp "$log" "$keep/$(basename "$log" .log)-lost-$1.log" || die "cannot write to $keep"
	done
}

# forget_logs: remove the logs of an earlier run with this route and layout.
forget_logs() {
	[ -z "$keep" ] || rm -f "$keep/guest-$prefix"-*.log "$keep/vmm-$prefix"-*.log "$keep/server-$prefix"-*.log \
		"$keep/case-$prefix"-*.log "$keep/own-$prefix"-*.log "$keep/watch-$prefix"-*.log
}

# guest_arguments CASE...: print the kernel command line of their guest. The kernel's messages at
# its start tell a guest that boots slowly from one that hangs. Its watchdogs are off: they
# count seconds in which a busy host ran something else. vmm-watch ends a guest that hangs. All
# devices are on bus 0: a look at the other 255, as Linux takes without lastbus, is 16000 exits.
# tsc=nowatchdog: see docs/findings/watchdog-jiffies.md.
guest_arguments() {
	list=
	for case; do
		list="$list${list:+;}$case=$(guest_run "$case")"
	done
	echo "console=ttyS0 mitigations=off loglevel=6 panic=-1 pci=lastbus=0 tsc=nowatchdog" \
		"nowatchdog rcupdate.rcu_cpu_stall_timeout=300 sysctl.kernel.hung_task_timeout_secs=0" \
		"GUEST_BOOT=$boot_name GUEST_RUN=\"$list\""
}

# alone CASE LIST...: print which cases of the list can share a guest when CASE cannot: CASE
# alone if it comes first, else those before it.
alone() {
	single=$1 list=
	shift
	[ "$1" != "$single" ] || { echo "$1"; return; }
	for case; do
		[ "$case" != "$single" ] || break
		list="$list${list:+ }$case"
	done
	echo "$list"
}

# vmm COMMAND...: run one VMM and return its status.
vmm() {
	"$BUILD/vmm-watch" --vmm-log "$vmm_log" --guest-log "$guest_log" --report "$watch_log" \
		--quiet "$quiet" --whole "$whole" ${END_ON:+--end-on "$END_ON"} -- "$@" &
	vmm=$!
	vmm_status=0
	wait $vmm || vmm_status=$?
	vmm=
	return $vmm_status
}

# start_server NAME SOCKET COMMAND...: start a program that serves buffers over a UNIX socket;
# returns when it listens or has failed. $servers collects the process ids.
start_server() {
	name=$1 socket=$2
	shift 2
	"$@" --socket-path "$socket" >"$out/server-$boot-$name.log" 2>&1 &
	servers="${servers:-} $!:$name"
	while kill -0 $! 2>/dev/null && ! [ -S "$socket" ]; do
		sleep 0.1
	done
}

# boot CASE...: run a guest with as many of these cases as can share one, from the first on:
# $booted, which the caller has set to all of them. Provides what $route needs on the host:
# the kind of /dev/mockgpu's pages, or servers at vgpu.socket, wayland.socket or CASE.socket
# in $out. Sets $status and $boot_fault, and writes $guest_log, $vmm_log and $watch_log.
boot() {
	case $route in
	# /dev/mockgpu has one kind of pages at a time: the control needs its own guest.
	memory-backend-file | file-backed-mapping)
		booted=$(alone control "$@")
		set_node_kind "$(node_kind_of "$1")"
		;;
	ivshmem-doorbell)
		for case; do
			start_server "buffer-gpu-$case" "$out/$case.socket" \
				"$BUILD/buffer-gpu" --buffer "$(buffers_of "$case")" --size "$size"
		done
		;;
	# Each image has its own guest.
	gralloc) booted=$1 ;;
	wayland)
		booted=$1
		start_server "buffer-gpu-$1" "$out/wayland.socket" \
			"$BUILD/buffer-gpu" --protocol wayland --buffer "$(buffers_of "$1")"
		;;
	vhost-user | both-gpus)
		backend_of "$@"
		# shellcheck disable=SC2086 # words
		start_server vhost-gpu "$out/vgpu.socket" $backend
		;;
	virtio-gpu-gl) booted=$(alone reboot "$@") ;;
	esac
	# shellcheck disable=SC2086 # a list
	boot_vmm $booted || status=$?
	set_node_kind "$kind"
}

# end_servers: end them; $boot_fault gets what went wrong.
end_servers() {
	for server in ${servers:-}; do
		server_log=$out/server-$boot-${server#*:}.log
		kill "${server%:*}" 2>/dev/null || boot_fault="${server#*:} had ended"
		end_process "${server%:*}" || boot_fault="the status of ${server#*:} is $?"
		[ ! -s "$server_log" ] || boot_fault="${server#*:} said: $(tail -n 1 "$server_log")"
	done
	servers=
	for socket in "$out"/*.socket; do
		[ ! -e "$socket" ] || boot_fault="$socket is left"
	done
}
