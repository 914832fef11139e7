# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# What the runners of VMMs share: to run guests with one or more cases each, and to
# judge what the VMM and the guest said. Sourced, after lab/lib.sh. $out is the folder
# of their words, $keep where to leave them or empty, $route the runner's name of what
# it does.
#
# A guest prints what guest/init says. A case that ends the VMM is the last one of
# its guest; those after it get another guest.
# shellcheck disable=SC2154

# known_to_refuse: kernels before 6.13 give EFAULT for pages without a count.
known_to_refuse() {
	[ "$(printf '6.13\n%s\n' "$(uname -r)" | sort -V | head -n 1)" != 6.13 ]
}

# buffers: how many buffers mockgpu has now.
buffers() {
	cat /sys/kernel/debug/dri/*/mockgpu 2>/dev/null | sed -n 's/^buffers: //p' | head -n 1
}

# skip_all REASON...: the end of a run that cannot be.
skip_all() {
	echo "1..0 # SKIP $*"
	exit 4
}

# guest_arguments CASE...: what the kernel command line of their guest says, with
# commands from the runner's guest_run CASE.
guest_arguments() {
	list=
	for case; do
		list="$list${list:+;}$case=$(guest_run "$case")"
	done
	echo "console=ttyS0 mitigations=off quiet loglevel=3 panic=-1 GUEST_RUN=\"$list\""
}

# alone CASE LIST...: which of the list can share a guest when CASE cannot: it alone
# when it comes first, else those before it.
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

# end_when_refused PROCESS LOG: after a failed KVM_RUN QEMU only stops the virtual CPU,
# for somebody to look: this is the end here.
end_when_refused() {
	tail -n +1 -s 0.5 -f --pid="$1" "$2" | {
		grep -q '^error: kvm run failed' && kill "$1" 2>/dev/null
	}
}

# vmm NAME SECONDS COMMAND...: one VMM, from its start to its end; its status. Its
# words go to $out/vmm-NAME.log.
vmm() {
	log=$out/vmm-$1.log limit=$2
	shift 2
	timeout -k 5 "$limit" "$@" >"$log" 2>&1 &
	vmm=$!
	end_when_refused $vmm "$log" &
	watcher=$!
	vmm_status=0
	wait $vmm || vmm_status=$?
	vmm=
	wait $watcher || true
	watcher=
	return $vmm_status
}

# start_server NAME SOCKET COMMAND...: one of the programs that serve buffers over a
# UNIX socket; returns when it listens or has failed. $servers collects their ids.
start_server() {
	name=$1 socket=$2
	shift 2
	"$@" --socket-path "$socket" >"$out/server-$name.log" 2>&1 &
	servers="${servers:-} $!:$name"
	while kill -0 $! 2>/dev/null && ! [ -S "$socket" ]; do
		sleep 0.1
	done
}

# end_servers: they end as they should: $boot_fault is what they did otherwise.
end_servers() {
	for server in ${servers:-}; do
		server_log=$out/server-${server#*:}.log
		kill "${server%:*}" 2>/dev/null || boot_fault="${server#*:} had ended"
		wait "${server%:*}" || boot_fault="the status of ${server#*:} is $?"
		[ ! -s "$server_log" ] || boot_fault="${server#*:} said: $(tail -n 1 "$server_log")"
	done
	servers=
	for socket in "$out"/*.socket; do
		[ ! -e "$socket" ] || boot_fault="$socket is left"
	done
}

# said FILE PATTERN: the first line that matches, without what a console adds. One
# process: under emulation that is most of what a runner costs.
said() {
	awk -v pattern="$2" '$0 ~ pattern { sub(/\r$/, ""); print; exit }' "$1" 2>/dev/null || true
}

# section_of CASE LOG: what a guest said during a case.
section_of() {
	awk -v begin="guest: $1: " '
		/^guest: [^ ]*: / { inside = index($0, begin) == 1 }
		inside { sub(/\r$/, ""); print }' "$2" 2>/dev/null || true
}

# judge CASE BEGAN REFUSABLE: sets $verdict, $cause and $ended, which says that the
# guest came to the end of the case, from $out/case-CASE.log and the guest's and
# the VMM's words in $guest_log and $vmm_log.
#
#   BEGAN      what the guest prints before it touches the memory
#   REFUSABLE  y when a kernel before 6.13 must refuse this case, at the first touch
judge() {
	section=$out/case-$1.log
	section_of "$1" "$guest_log" >"$section"
	refused=$(said "$vmm_log" 'kvm run failed Bad address|vcpu hit unknown error: Bad address')
	began=$(said "$section" "$2")
	ended=$(said "$section" "^guest: $1: ended, status")
	failed=$(said "$section" '^not ok|^bar: failed')
	crash=$(said "$guest_log" "$REPORTS")
	verdict=not_ok
	if [ -n "$crash" ]; then
		cause="guest kernel: $crash"
	elif [ -n "$failed" ]; then
		cause="guest: $failed"
	elif [ -n "$began" ] && [ "$ended" = "guest: $1: ended, status 0" ]; then
		verdict=ok cause=
	elif [ -n "$ended" ]; then
		cause=$ended
	elif [ -n "$refused" ] && [ -n "$began" ] && [ "$3" = y ] && known_to_refuse &&
		[ -z "$(said "$section" '^ok |^#  *OK ')" ]; then
		verdict=reproduced cause=$refused
	else
		cause="the VMM's status $status, ${refused:-$(tail -n 1 "$vmm_log")}"
	fi
}

# judge_boot: the end of a guest that came to the end of its last case.
judge_boot() {
	if [ -n "$ended" ] && [ "$status" != 0 ]; then
		boot_fault="the VMM's status $status, $(tail -n 1 "$vmm_log")"
	elif [ -n "$ended" ] && [ -z "$(said "$guest_log" '^guest: ended')" ]; then
		boot_fault="the guest had no end"
	fi
	if [ "$verdict" != not_ok ] && [ -n "$boot_fault" ]; then
		verdict=not_ok cause=$boot_fault
	fi
}

# report NAME CASE PAGES: the case's lines of TAP, from what judge() set.
report() {
	count=$((${count:-0} + 1))
	mapped=0
	case $verdict in
	ok) mapped=$3 && echo "ok $count $1" ;;
	reproduced) echo "ok $count $1 # XFAIL $cause" ;;
	*)
		not_ok=1
		echo "not ok $count $1"
		echo "# $cause"
		tail -q -n 10 "$out/case-$2.log" "$vmm_log" | tr -d '\r' | sed 's/^/# /'
		;;
	esac
	sed -n 's/^bench: /# &/p' "$out/case-$2.log"
	echo "# cell test=$1 verdict=$verdict mapped=$mapped total=$3"
}

# run_cases NAME CASE...: all of them, with as few guests as can be; NAME is put
# before the names of the results. The runner has
#
#   boot CASE...          runs a guest with as many of these, from the first one on,
#                         as can share one: $booted; leaves $status, $boot_fault, and
#                         the words in $out/guest-CASE.log and $out/vmm-CASE.log
#                         of the first
#   first_touch CASE      what the guest prints before that
#   is_refusable CASE     y or n
#   pages_of CASE         how many pages it is about
#
# Returns 0 when all is as expected, else 1.
run_cases() {
	prefix=$1 not_ok=0
	shift
	while [ $# -gt 0 ]; do
		guest_log=$out/guest-$1.log vmm_log=$out/vmm-$1.log
		before=$(buffers)
		status=0 boot_fault='' booted=$*
		boot "$@"
		end_servers
		[ "$(buffers)" = "$before" ] || boot_fault="there are $(buffers) buffers left, there were $before"
		for case in $booted; do
			shift
			judge "$case" "$(first_touch "$case")" "$(is_refusable "$case")"
			if [ -z "$ended" ] || [ "$case" = "${booted##* }" ]; then
				judge_boot
			fi
			report "$prefix-$case" "$case" "$(pages_of "$case")"
			[ -n "$ended" ] || break
		done
		if [ -n "$keep" ]; then
			mkdir -p "$keep"
			cp "$out"/*.log "$keep/"
		fi
	done
	return $not_ok
}
