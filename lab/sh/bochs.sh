# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154 # for lab/run; what it and kernel.sh set
#
# Bochs as a machine: it emulates an Intel CPU with VMX, which QEMU does not. Everything of the
# lab that is not the same as with QEMU is here and in tree/mkbochs. Sourced by lab/run, whose
# $run is the cell's folder.
#
#   bochs_need         get Bochs if it is not there; die unless it can be the machine for this
#                      command line and kernel; set $memory, if it is empty
#   machine_bochs CPU CPUS  as machine_x86_64() in machine.sh, but without words for QEMU
#   bochs_command      set $bochs, the command that runs the cell
#   bochs_ended        say how it ended: correct $status
#
# It has no virtio. A network card leads to a 9p server (diod) that shares the same folders:
# both are in a network namespace of their own, so nobody else reaches the server.
#
# Time in a Bochs machine is the number of instructions executed: a CPU that waits costs next
# to nothing, and a sleep of 20 seconds is over after one.

BOCHS_ROOT=$TREE/bochs
BOCHS_PROGRAM=$BOCHS_ROOT/usr/bin/bochs-bin
BOCHS_LIBS=$BOCHS_ROOT/usr/lib/x86_64-linux-gnu
BOCHS_LOADER="$TREE/usr/lib64/ld-linux-x86-64.so.2 --library-path $BOCHS_LIBS:$BOCHS_LIBS/pulseaudio:$TREE_LIBS"
# The number of instructions in a second of the machine.
BOCHS_SPEED=100000000
# It does not start with more.
BOCHS_MEMORY=2G
# Bochs' own user network: the address of this machine, and the port of 9p.
BOCHS_SERVER=10.0.2.2
BOCHS_PORT=564

# bochs_refuse OPTION WORD: die if the option was used.
bochs_refuse() {
	[ -z "$2" ] || die "$1 is for QEMU: -m $mmu runs in Bochs"
}

bochs_need() {
	bochs_refuse --network "$network"
	bochs_refuse --gdb "$gdb"
	bochs_refuse --bar "$bar"
	bochs_refuse --qemu-opts "$qemu_words"
	memory=${memory:-$BOCHS_MEMORY}
	[ "$(bochs_size "$memory")" -le "$(bochs_size "$BOCHS_MEMORY")" ] ||
		die "--memory $memory is more than Bochs's machine can have: $BOCHS_MEMORY"
	if [ -n "${BOCHS:-}" ]; then
		command -v "$BOCHS" >/dev/null 2>&1 || die "Bochs is missing: no '$BOCHS' (unset BOCHS to use the lab's own)"
	elif [ -n "$build" ] && [ ! -x "$BOCHS_PROGRAM" ]; then
		"$LAB/setup" --bochs && "$LAB/build" "$series" || exit
	fi
	kernel_runs_in_bochs "$series" ||
		die "Bochs cannot run kernel $series: it is built with sanitizers, or without CONFIG_PVH, KVM_INTEL, E1000 or NET_9P_FD (lab/config --merge sets these)"
	[ -x "$BOCHS_PROGRAM" ] || die "Bochs is missing from $TREE: run lab/setup --bochs"
	[ -s "$dir/vmlinux" ] || die "Bochs cannot start kernel $series: it has no PVH entry (CONFIG_PVH)"
	[ -s "$dir/bochs/kernel" ] || die "nothing is built for Bochs: leave out -n, or run lab/build $series"
}

machine_bochs() {
	model=${1:-corei7_skylake_x} job_cpus=0-$(($2 - 1))
	# Bochs 3.0 refuses the descriptors of posted interrupts that KVM sets up for APIC
	# virtualisation (docs/findings/emulated-vmx.md).
	append="$append lab.vmx=enable_apicv=0 kvm_intel.enable_apicv=0"
	# How fast the machine is, which the kernel could not measure in a time of its own. Stalls
	# and lock-ups are not the kernel's, if this machine is slow.
	append="$append tsc_early_khz=$((BOCHS_SPEED / 1000)) tsc=reliable lpj=$((BOCHS_SPEED / 250)) idle=halt"
	append="$append nowatchdog rcupdate.rcu_cpu_stall_suppress=1 audit=0"
	# A reset would start the kernel again. After a triple fault Bochs ends.
	append="$append reboot=t"
	append="$append lab.server=$BOCHS_SERVER lab.user=$(id -un) lab.run=$run lab.tree=$cell_tree"
	bochs_cpu="model=$model, count=$2, ips=$BOCHS_SPEED, reset_on_triple_fault=0, ignore_bad_msrs=1"
}

# bochs_ports: print the lines for the serial ports: the console, the job's output and errors.
bochs_ports() {
	echo "com1: enabled=1, mode=file, dev=$console"
	if [ "$kind" = batch ]; then
		echo "com2: enabled=1, mode=file, dev=$run/stdout"
		echo "com3: enabled=1, mode=file, dev=$run/stderr"
	else
		echo "com2: enabled=1, mode=term, dev=$(tty <&3)"
		echo "com3: enabled=1, mode=null"
	fi
}

# bochs_size SIZE: print it in MiB.
bochs_size() {
	case $1 in
	*G) echo $((${1%G} * 1024)) ;;
	*) echo "${1%M}" ;;
	esac
}

# bochs_config: print the machine's configuration. The addresses are those of tree/mkbochs. By
# default Bochs logs each unknown MSR and each EPT violation.
bochs_config() {
	cat <<-EOF
		config_interface: textconfig
		display_library: term
		cpu: $bochs_cpu
		memory: guest=$(bochs_size "$memory"), host=$(bochs_size "$memory")
		romimage: file=$BOCHS_ROOT/usr/share/bochs/BIOS-bochs-latest, options=fastboot
		vgaromimage: file=$BOCHS_ROOT/usr/share/bochs/VGABIOS-lgpl-latest
		vga: extension=none, update_freq=1
		optramimage1: file=$dir/bochs/kernel, address=0xe00000
		optramimage2: file=$dir/bochs/initrd, address=0x10000000
		optramimage3: file=$run/append, address=0xf00000
		ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
		ata0-master: type=disk, mode=flat, path=$run/disk, cylinders=2, heads=16, spt=63
		ata1: enabled=0
		boot: disk
		clock: sync=none, time0=local
		e1000: card=0, enabled=1, mac=52:54:00:12:34:56, ethmod=slirp
		$(bochs_ports)
		log: $run/bochs.log
		panic: action=fatal
		error: action=ignore
		info: action=ignore
		debug: action=ignore
		mouse: enabled=0
		speaker: enabled=0
	EOF
}

# bochs_shares: print the configuration of the 9p server, which trusts everyone who reaches it:
# that is only the cell. To the server the cell's root is the user who runs this.
bochs_shares() {
	cat <<-EOF
		listen = { "127.0.0.1:$BOCHS_PORT" }
		auth_required = 0
		logdest = "$run/diod.log"
		exports = {
			{ path = "$cell_tree", opts = "ro" },
			"$run",
	EOF
	sed 's/^[^ ]* \(.*\)$/\t"\1",/' "$run/shares"
	echo '}'
}

# bochs_script: print what runs in the namespaces. The server ends with Bochs, even if that has
# ended already, and Bochs with lab/run.
bochs_script() {
	cat <<-EOF
		$TREE/bin/busybox ip link set lo up
		setpriv --pdeathsig KILL -- sh -c 'kill -0 \$0 && exec "\$@"' \$\$ $BOCHS_LOADER $BOCHS_ROOT/usr/sbin/diod -f -c $run/diod.conf </dev/null >$run/diod.log 2>&1 3<&- &
		export LTDL_LIBRARY_PATH=$BOCHS_LIBS/bochs/plugins BXSHARE=$BOCHS_ROOT/usr/share/bochs TERM=linux
		exec ${BOCHS:-$BOCHS_LOADER --preload $dir/bochs/read.so $BOCHS_PROGRAM} -q -f $run/bochsrc </dev/null >/dev/null 3<&-
	EOF
}

bochs_command() {
	[ "$kind" = batch ] || tty <&3 >/dev/null || die "a shell in Bochs needs a terminal: name a command"
	cp "$dir/bochs/disk" "$run/disk"
	# Folders instead of tags.
	sed -i 's/^[^ ]* \(.*\)$/\1 \1/' "$run/shares"
	printf '%s\0' "$append" >"$run/append"
	bochs_config >"$run/bochsrc"
	bochs_shares >"$run/diod.conf"
	bochs_script >"$run/start"
	# As root in a namespace of its own the server would set groups, which no user may.
	[ "$(id -u)" = 0 ] && userns='' || userns="--map-current-user --keep-caps"
	bochs="unshare $userns --net setpriv --pdeathsig KILL -- sh $run/start"
}

# bochs_ended: Bochs always ends with 1. If the machine was switched off that is no failure;
# otherwise add what Bochs said to the messages.
bochs_ended() {
	if grep -q 'soft power off' "$run/bochs.log" 2>/dev/null; then
		status=0
	else
		sed -n 's/^.*>>PANIC<< /Bochs: /p' "$run/bochs.log" 2>/dev/null | tail -n 1 >"$run/machine.log"
	fi
}
