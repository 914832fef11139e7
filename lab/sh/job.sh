# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # what lab/run sets
#
# The job of a cell: the script that its first process runs and that runs the command.
# Sourced by lab/run.
#
#   job_write KIND COMMAND...  write $run/job. KIND is how the command runs:
#                              batch  no input; output and errors apart
#                              shell  on the terminal
#                              keep   on the terminal, with a shell after a failure

# quote WORD...: quote the words for a shell.
quote() {
	for word; do
		printf "'%s' " "$(printf %s "$word" | sed "s/'/'\\\\''/g")"
	done
}

# A session with that terminal, so that Ctrl-C and jobs work. By its path, because busybox
# has a setsid too.
JOB_SESSION="/usr/bin/setsid -c -w"

job_files() {
	case $1 in
	batch)
		echo 'exec </dev/null >/dev/ttyS1 2>/dev/ttyS2'
		echo 'stty -F /dev/ttyS1 raw -echo; stty -F /dev/ttyS2 raw -echo'
		;;
	*)
		echo 'exec </dev/ttyS1 >/dev/ttyS1 2>&1'
		stty size 2>/dev/null | sed -n '/^0/!s/\(.*\) \(.*\)/stty rows \1 cols \2/p'
		;;
	esac
}

job_environment() {
	# With C.UTF-8 each grep, sed and awk spends most of its time mapping locale files.
	[ "$1" = batch ] && locale=C || locale=C.UTF-8
	echo "export PATH=$REPO/build/$arch/test-app:$REPO/build/$arch/crosvm-integration:/usr/sbin:/usr/bin HOME=/root LC_ALL=$locale TERM=$(quote "${TERM:-dumb}")"
	echo "export MOCKGPU_SERIES=$series MOCKGPU_MMU=$mmu MOCKGPU_MODULE=$dir/mockgpu.ko"
	[ -z "$parameters" ] || echo "export MOCKGPU_PARAMETERS=$(quote "$parameters")"
	[ -z "${MOCKGPU_LONG:-}" ] || echo "export MOCKGPU_LONG=$(quote "$MOCKGPU_LONG")"
	echo "cd $(quote "$REPO")"
}

# dropbear refuses a user whose shell is not in /etc/shells.
job_ssh() {
	cat <<-'EOF'
		mkdir -p -m 700 /root/.ssh /etc/dropbear
		cp /run/mockgpu/key.pub /root/.ssh/authorized_keys
		echo /bin/bash >/etc/shells
		dropbear -R -s -p 22 </dev/null >/dev/null 2>&1
	EOF
}

# job_keep: print a script that runs its arguments. The command and the shell are in one
# session: when the first process of a session ends, the kernel hangs up its terminal, and a
# shell there reads an end of file. Ctrl-C only ends the command.
job_keep() {
	cat <<-EOF
		trap : INT QUIT
		"\$@"
		status=\$?
		trap - INT QUIT
		dmesg | grep -q -E $(quote "$REPORTS") && said=' and a report of the kernel' || said=
		if [ "\$status\$said" != 0 ]; then
			echo "lab: the command ended with \$status\$said: a shell in the cell, leave it with 'exit'"
			bash -i
		fi
		exit \$status
	EOF
}

# shellcheck disable=SC2086 # words
job_command() {
	kind=$1
	shift
	case $kind in
	batch) quote "$@" ;;
	shell) quote $JOB_SESSION bash -i ;;
	keep) quote $JOB_SESSION sh -c "$(job_keep)" sh "$@" ;;
	esac
	echo
}

# job_drain: print what ends a job: stty waits until all output is out. In Bochs a serial port
# takes its time, and when a session ends, the kernel drops what is left for its terminal.
job_drain() {
	cat <<-'EOF'
		status=$?
		stty -F /dev/ttyS1 raw
		stty -F /dev/ttyS2 raw
		exit $status
	EOF
}

job_write() {
	{
		job_files "$1"
		job_environment "$1"
		echo ': >/run/mockgpu/booted'
		echo "taskset -p -c $job_cpus \$\$ >/dev/null"
		[ ! -e "$run/key.pub" ] || job_ssh
		# Under emulation it is risky to create and destroy virtual machines: see its source.
		echo 'command -v mockgpu-keep-vm >/dev/null && mockgpu-keep-vm </dev/null &'
		job_command "$@"
		[ "$1" != batch ] || job_drain
	} >"$run/job"
}
