# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154 # for lab/run; $arch and $qemu of machine.sh
#
# What runs a cell's CPUs: this machine's KVM, or QEMU's emulation. A cell is a host of
# virtual machines, so that KVM must have nested virtualisation; where it has, a cell is
# several times as fast, and on Intel's CPUs shows what their KVM does. Sourced by
# machine.sh.
#
#   accel_check ACCEL             one that there is
#   accel_choose ACCEL [MMU] [CPU]  sets accel (kvm or tcg), and with kvm vendor (amd, intel or
#                                 arm), mmus and mmu
#
# For the lab's own tests: LAB_ROOT, a folder in the place of /, and LAB_HOST in that of
# 'uname -m'.

# What KVM gets to make a machine, in seconds: there are hosts on which it never does. Who
# demands KVM waits longer.
KVM_PATIENCE=${LAB_PATIENCE:-10}
KVM_PATIENCE_DEMANDED=${LAB_PATIENCE:-300}

accel_check() {
	case $1 in
	auto | kvm | tcg) ;;
	*) die "unknown accelerator '$1': use auto, kvm or tcg" ;;
	esac
}

# kvm_is_nested: whether this machine's KVM says that it can; sets vendor, or why not.
kvm_is_nested() {
	vendor=
	for name in amd intel; do
		nested=${LAB_ROOT:-}/sys/module/kvm_$name/parameters/nested
		[ -r "$nested" ] || continue
		vendor=$name
		read -r nested <"$nested"
		case $nested in
		1 | [Yy]) return ;;
		esac
		why="nested virtualisation is off here: 'modprobe kvm_$name nested=1' turns it on"
		return 1
	done
	# arm64's has no such file: it says so when a machine is made.
	[ "$arch" != arm64 ] || { vendor=arm; return 0; }
	why="the KVM of this machine is neither kvm_amd nor kvm_intel, which have nested virtualisation"
	return 1
}

# kvm_starts SECONDS: whether QEMU can make such a machine, or why not. With "enforce" a CPU
# that cannot do what it is to do is an error.
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

# kvm_fits ACCEL MMU CPU: whether what is wanted can run with this machine's KVM.
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

# kvm_mmus: sets mmus and mmu, as use_arch does for the emulated machines, whose
# x86-64 is AMD's.
kvm_mmus() {
	case $vendor in
	intel) mmus="ept shadow" ;;
	arm) mmus="vhe nvhe pkvm" ;;
	esac
	mmu=${mmus%% *}
}

accel_choose() {
	wanted=$1 why="--accel tcg and -c are for the emulation"
	[ "$wanted-${3:-}" = auto- ] || [ "$wanted" = kvm ] || wanted=tcg
	if [ "$wanted" != tcg ] && kvm_fits "$wanted" "${2:-}" "${3:-}"; then
		accel=kvm
		return
	fi
	[ "$wanted" != kvm ] || die "no KVM for this cell: $why"
	[ "${2:-}" != ept ] || die "-m ept needs Intel's KVM: $why"
	[ "$wanted" = tcg ] || log "emulating: $why"
	accel=tcg vendor=
	use_arch "$arch"
}
