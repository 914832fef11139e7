# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154 # for the scripts that source this; $TREE of lib.sh
#
# A machine: its architecture and the modes of its KVM (for all scripts), its memory, and the
# words for QEMU and the kernel (for lab/run). The kernel is in kernel.sh, the running machine
# in process.sh. Sourced by lib.sh.
#
#   use_arch ARCH       set arch, deb_arch, kbuild_arch, kbuild_image (what boots, in a kernel
#                       tree), triplet (of its cross compiler; empty for this machine's
#                       architecture), cell_tree, memory_usual, mmus and mmu
#   machine_kind MMU    print what emulates a machine for it: qemu or bochs
#   check_mmu MMU       die unless the architecture has it
#   check_memory SIZE   die unless a cell can boot with it and this machine has it; set mib
#   check_cpus NUMBER   die unless a machine can have that many
#   machine_qemu        set qemu
#   cutoff_name         complete "vram=cutoff" in $parameters, after machine_choose
#   machine_choose CPU CPUS
#                       set accel_words, machine_words, serial, job_cpus, append and early;
#                       after accel_choose (accel.sh)

ARCHES="x86_64 arm64 riscv64"

# use_arch ARCH: choose the architecture of kernels and programs. cell_tree is a cell's root;
# that of a foreign architecture is inside the tree, so that compilers see it.
use_arch() {
	arch=$1 deb_arch=$1 kbuild_arch=$1 triplet='' cutoff='' cell_tree=$TREE/$1 memory_usual=2G
	case $arch in
	x86_64)
		deb_arch=amd64 kbuild_image=arch/x86/boot/bzImage cell_tree=$TREE mmus="tdp legacy shadow ept ept_shadow"
		# All buffers together may take half of it, and KASAN an eighth: pud_test has one of
		# 1026 MiB.
		memory_usual=2688M
		;;
	arm64) kbuild_image=arch/arm64/boot/Image triplet=aarch64-linux-gnu mmus="vhe nvhe pkvm nvhe_a72 pkvm_a72" ;;
	riscv64)
		kbuild_arch=riscv kbuild_image=arch/riscv/boot/Image triplet=riscv64-linux-gnu mmus="sv57 sv39"
		# Memory begins at 2 GiB. riscv64_gstage_test needs some from 4 GiB on.
		memory_usual=2304M
		;;
	*) die "unknown architecture '$arch': use one of $ARCHES" ;;
	esac
	mmu=${mmus%% *}
}

# machine_kind MMU: QEMU emulates no Intel CPU with VMX.
machine_kind() {
	case $1 in
	ept | ept_shadow) echo bochs ;;
	*) echo qemu ;;
	esac
}

# check_mmu MMU: it must be one of this architecture's.
check_mmu() {
	case " $mmus " in
	*" $1 "*) ;;
	*) die "unknown MMU '$1' of $arch: use one of $mmus" ;;
	esac
}

# check_memory SIZE: enough to boot a cell, and no more than this machine has. Sets mib.
check_memory() {
	case $1 in
	*[!0-9MG]* | [MG]* | *[MG]?* | '' | 0*) die "--memory '$1' is no size of a memory: use a number with M or G behind it" ;;
	esac
	case $1 in
	*G) mib=$((${1%G} * 1024)) ;;
	*) mib=${1%M} ;;
	esac
	has=$(awk '/^(MemTotal|SwapTotal):/ { kib += $2 } END { print int(kib / 1024) }' /proc/meminfo)
	[ "$mib" -ge 512 ] || die "--memory $1 is too little to boot a cell: use 512M or more"
	[ "$mib" -le "$has" ] || die "--memory $1 is more than this machine has: $has MiB"
}

# check_cpus NUMBER
check_cpus() {
	case $1 in
	*[!0-9]* | '' | 0* | ???*) cpus_wrong=y ;;
	*) [ "$1" -le 64 ] && cpus_wrong= || cpus_wrong=y ;;
	esac
	[ -z "$cpus_wrong" ] || die "--cpus '$1' is no number of CPUs: use 1 to 64"
}

# machine_qemu: set $qemu, the command that runs $QEMU or the lab's own QEMU.
machine_qemu() {
	qemu_name="qemu-system-$arch"
	[ "$arch" != arm64 ] || qemu_name="qemu-system-aarch64"
	if [ -n "${QEMU:-}" ]; then
		command -v "$QEMU" >/dev/null 2>&1 || die "QEMU is missing: no '$QEMU' (unset QEMU to use the lab's own)"
		qemu=$QEMU
	else
		[ -x "$TREE/usr/bin/$qemu_name" ] || die "QEMU is missing from $TREE: run lab/setup"
		qemu="$TREE_LOADER $TREE/usr/bin/$qemu_name -L $TREE/usr/share/qemu -L $TREE/usr/share/seabios"
	fi
}

# machine_choose CPU CPUS: choose the machine for $arch, $emulator, $accel and $mmu. CPU is
# the model to emulate, or empty for the default, which has nested virtualisation; CPUS are for
# the job, empty for the default. Sets words for QEMU: accel_words, machine_words and serial
# (the job's two serial ports, on the chardevs job and err), or what bochs.sh says; words for
# the kernel: append, and early, which shows its first messages; and job_cpus.
# init_on_alloc=0: Debian's allocator zeroes all pages, which hides a driver that does not.
machine_choose() {
	accel_words="-accel tcg,thread=multi,tb-size=512"
	[ "$accel" = tcg ] || accel_words="-accel kvm"
	# Without this the crypto library tests itself in each boot.
	append="mitigations=off quiet panic=-1 init_on_alloc=0 cryptomgr.notests=1 lab.mmu=$mmu"
	[ "$arch" != x86_64 ] || append_x86_64
	if [ "$emulator" = bochs ]; then
		machine_bochs "$1" "${2:-1}"
	else
		"machine_$arch" "$1" "${2:-2}"
	fi
}

# What mockgpu's vram=cutoff uses, if the machine is not a small one: RAM that the kernel leaves
# alone, in MiB. It is a whole section: in one that the kernel has in part every page has a
# struct page (early_section() in pfn_valid()).
CUTOFF_SIZE=128

# append_cutoff BASE WORD: WORD makes the kernel leave RAM alone from BASE MiB on. Sets cutoff.
append_cutoff() {
	cutoff=
	[ "$mib" -ge 1024 ] || return 0
	cutoff=$(printf 0x%x $(($1 * 1048576)))
	append="$append $2 lab.cutoff=$cutoff"
}

# cutoff_name: the address is the lab's to know.
cutoff_name() {
	case " $parameters " in
	*vram_base=*) ;;
	*[=,]cutoff[,\ ]*)
		[ -n "$cutoff" ] || die "--parameters vram=cutoff is for x86_64 and arm64, with 1G of --memory or more"
		parameters="$parameters vram_base=$cutoff"
		;;
	esac
}

append_x86_64() {
	append_cutoff 512 "memmap=${CUTOFF_SIZE}M\$512M"
	# On a busy machine the first timer interrupts may come too late, and the kernel
	# gives up: "IO-APIC + timer doesn't work".
	# Since 7.2 the watchdog of the TSC can stop the boot of a busy machine for good:
	# docs/findings/watchdog-jiffies.md.
	append="console=ttyS0 no_timer_check tsc=nowatchdog $append"
	# The kernel's check for pages that are writable and executable takes a tenth of an
	# emulated boot, and only this option turns it off. A kernel with sanitizers keeps it,
	# because it must find stray writes.
	[ -n "$sanitizers" ] || append="$append rodata=off"
	# For a built-in KVM; incell/init loads KVM if it is a module.
	case $mmu in
	legacy) words="kvm.tdp_mmu=N kvm_amd.npt=1" ;;
	shadow | ept_shadow) words="kvm.tdp_mmu=N kvm_amd.npt=0 kvm_intel.ept=0" ;;
	*) words="kvm.tdp_mmu=Y kvm_amd.npt=1 kvm_intel.ept=1" ;;
	esac
	append="$append $words kvm_amd.nested=1 kvm_intel.nested=1"
	early="ignore_loglevel earlyprintk=ttyS0"
}

machine_x86_64() {
	case $accel-$vendor in
	tcg-*)
		# Keep the job off the first CPU, whose flags QEMU's other threads change while
		# it enters and leaves guests (docs/findings/emulated-svm.md).
		# 39 bits: of 40, the last 12 GiB are AMD's for HyperTransport and not for BARs, so
		# that a large one that was removed does not come back.
		model=${1:-EPYC,phys-bits=39,+svm,+npt} all=$(($2 + 1)) job_cpus=1-$2
		;;
	kvm-amd) model=host,+svm all=$2 job_cpus=0-$(($2 - 1)) ;;
	kvm-intel) model=host,+vmx all=$2 job_cpus=0-$(($2 - 1)) ;;
	esac
	machine_words="-machine q35 -cpu $model -smp $all"
	# The job's ports are ttyS1 and ttyS2 everywhere; arm64's console is another UART.
	serial="-serial chardev:job -serial chardev:err"
}

# Emulation is several times as fast without pauth and LPA2.
machine_arm64() {
	cpu=$1
	case $mmu in
	*_a72) cpu=${cpu:-cortex-a72} ;;
	esac
	# QEMU accepts mte=on only with a CPU that has MTE.
	[ -n "$cpu" ] && tags='' || tags=,mte=on
	cpu=${cpu:-max,pauth=off,lpa2=off}
	[ "$accel" = tcg ] || cpu=host tags=
	machine_words="-smp $2 -machine virt,virtualization=on,gic-version=3$tags -cpu $cpu"
	job_cpus=0-$(($2 - 1))
	serial="-device pci-serial,chardev=job -device pci-serial,chardev=err"
	serial="-chardev null,id=none -device pci-serial,chardev=none $serial"
	# KVM logs each EFAULT without a VMA ("Failed to find VMA"), which makes thousands.
	append="console=ttyAMA0 $append loglevel=3 log_buf_len=8M"
	# RAM begins at 1 GiB, and mem= is how much of it there is.
	append_cutoff $((1024 + (mib / CUTOFF_SIZE - 1) * CUTOFF_SIZE)) "mem=$(((mib / CUTOFF_SIZE - 1) * CUTOFF_SIZE))M"
	early="ignore_loglevel earlycon=pl011,0x9000000"
	case $mmu in
	nvhe) append="$append kvm-arm.mode=nvhe" ;;
	pkvm*) append="$append kvm-arm.mode=protected" ;;
	esac
}

# The modes are those of the host's page tables, after which KVM chooses the G stage's: a table
# of two more levels makes a guest's tables larger. The CPU of sv39 is the profile's for
# application processors, that of sv57 has all that QEMU emulates.
machine_riscv64() {
	[ "$mmu" = sv39 ] && cpu=${1:-rva23s64} || cpu=${1:-rv64,h=true,svpbmt=on,svadu=on}
	machine_words="-smp $2 -machine virt -cpu $cpu"
	job_cpus=0-$(($2 - 1))
	# The first port that the kernel finds is the board's.
	serial="-device pci-serial,chardev=job -device pci-serial,chardev=err"
	append="console=ttyS0 $append loglevel=3 log_buf_len=8M"
	early="ignore_loglevel earlycon=sbi"
}
