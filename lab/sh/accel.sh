# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154 # for lab/run; $arch and $qemu of machine.sh
#
# What runs a cell's CPUs: this machine's KVM, or emulation by QEMU or Bochs. A cell hosts virtual
# machines itself, so this machine's KVM must have nested virtualisation. Then a cell is
# several times as fast, and on an Intel CPU it shows what KVM does there. Sourced by lab/run.
#
#   accel_check ACCEL             die unless it is known
#   accel_choose ACCEL [MMU] [CPU]  set accel (kvm or tcg for emulation), emulator (qemu or
#                                 bochs; with kvm always qemu), mmu, and with kvm vendor
#                                 (amd, intel or arm)
#
# For the lab's own tests: LAB_ROOT replaces /, and LAB_HOST replaces the output of
# 'uname -m'.

# How long to wait until KVM has made a machine, in seconds: on some hosts it never does.
# A run that demands KVM waits longer.
KVM_PATIENCE=${LAB_PATIENCE:-10}
KVM_PATIENCE_DEMANDED=${LAB_PATIENCE:-300}

accel_check() {
	case $1 in
	auto | kvm | tcg) ;;
	*) die "unknown accelerator '$1': use auto, kvm or tcg" ;;
	esac
}

# kvm_is_nested: succeed if this machine's KVM claims nested virtualisation; set vendor, or
# why.
kvm_is_nested() {
	vendor='' flags=$(grep -m 1 '^flags' "${LAB_ROOT:-}/proc/cpuinfo" 2>/dev/null) || flags='svm vmx'
	for name in amd:svm intel:vmx; do
		flag=${name#*:} name=${name%:*}
		nested=${LAB_ROOT:-}/sys/module/kvm_$name/parameters/nested
		# If both are built in, both have parameters.
		if [ ! -r "$nested" ] || ! has "$flags" "$flag"; then
			continue
		fi
		vendor=$name
		read -r nested <"$nested"
		case $nested in
		1 | [Yy]) return ;;
		esac
		why="nested virtualisation is off here: 'modprobe kvm_$name nested=1' turns it on"
		return 1
	done
	# KVM on arm64 has no such file. It refuses when a machine is made.
	[ "$arch" != arm64 ] || { vendor=arm; return 0; }
	why="the KVM of this machine is neither kvm_amd nor kvm_intel, which have nested virtualisation"
	return 1
}

# kvm_starts SECONDS: succeed if QEMU can make such a machine; else set why. "enforce" makes
# a missing CPU feature an error.
kvm_starts() {
	case $vendor in
	amd) set -- "$1" -machine q35 -cpu host,+svm,enforce ;;
	intel) set -- "$1" -machine q35 -cpu host,+vmx,enforce ;;
	arm) set -- "$1" -machine virt,virtualization=on,gic-version=3 -cpu host ;;
	esac
	patience=$1
	shift
	ended=0
	# shellcheck disable=SC2086 # a list of words
	words=$(echo quit | timeout -k 1 "$patience" $qemu -accel kvm "$@" \
		-S -nodefaults -no-user-config -display none -monitor stdio 2>&1 >/dev/null) || ended=$?
	case $ended in
	0) return ;;
	124 | 137) why="KVM made no machine within $patience seconds" ;;
	*) why="KVM makes no machine: $(echo "${words:-exit status $ended}" | head -n 1 | sed 's/^qemu-system-[^:]*: //')" ;;
	esac
	return 1
}

# kvm_fits ACCEL MMU CPU: succeed if this machine's KVM can run such a cell; else set why.
kvm_fits() {
	host=${LAB_HOST:-$(uname -m)} node=${LAB_ROOT:-}/dev/kvm patience=$KVM_PATIENCE
	[ "$1" = auto ] || patience=$KVM_PATIENCE_DEMANDED
	if [ "$host" != "$arch" ] && [ "$host-$arch" != aarch64-arm64 ]; then
		why="this machine is $host, the kernel $arch"
	elif [ -n "$3" ]; then
		why="-c names a CPU for the emulation"
	elif [ ! -e "$node" ]; then
		why="there is no /dev/kvm here"
	elif [ ! -r "$node" ] || [ ! -w "$node" ]; then
		why="no right to use /dev/kvm: be in its group"
	elif kvm_is_nested; then
		kvm_mmus
		case " $mmus " in
		*" ${2:-$mmu} "*) kvm_starts "$patience" && return ;;
		*) why="the modes of this machine's KVM are $mmus" ;;
		esac
	fi
	return 1
}

# kvm_mmus: set mmus and mmu, as use_arch does for the emulated machines: shadow is an AMD
# CPU's there, ept_shadow an Intel CPU's.
kvm_mmus() {
	case $vendor in
	amd) mmus="tdp legacy shadow" ;;
	intel) mmus="ept shadow ept_shadow" ;;
	arm) mmus="vhe nvhe pkvm" ;;
	esac
	mmu=${mmus%% *}
}

accel_choose() {
	wanted=$1 why="--accel tcg and -c are for the emulation"
	[ "$wanted-${3:-}" = auto- ] || [ "$wanted" = kvm ] || wanted=tcg
	if [ "$wanted" != tcg ] && kvm_fits "$wanted" "${2:-}" "${3:-}"; then
		accel=kvm emulator=qemu mmu=${2:-$mmu}
		return
	fi
	[ "$wanted" != kvm ] || die "no KVM for this cell: $why"
	[ "$wanted" = tcg ] || log "emulating: $why"
	accel=tcg vendor=
	use_arch "$arch"
	mmu=${2:-$mmu} emulator=$(machine_kind "$mmu")
}
