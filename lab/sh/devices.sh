# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154 # for lab/run; what it and kernel.sh set
#
# What a cell has besides CPUs and memory: shared folders, a PCI BAR for VRAM, a network, a
# debugger. Each adds words for QEMU to $devices and, if the kernel or its first process must
# know, to $append.
# Sourced by lab/run, whose $run is the cell's folder.
#
#   share_folders LIST   the cell's own three and those of LIST, one a line
#   check_bar SIZE       die unless a cell can have a PCI BAR of that size
#   bar_add SIZE         a PCI device with a BAR of memory, for mockgpu's vram=bar
#   network_add SSH      virtio-net in QEMU's user network, with an ssh server if SSH
#   gdb_add WAIT         QEMU's gdb stub; with WAIT the CPUs stop until gdb continues them

devices=''

# share TAG FOLDER [OPTION]: share it over 9p.
share() {
	devices="$devices -fsdev local,id=$1,path=$2,security_model=none${3:-} -device virtio-9p-pci,fsdev=$1,mount_tag=$1"
}

# share_folders: also write $run/shares, lines of tag and folder.
share_folders() {
	share tree "$cell_tree" ,readonly=on
	share run "$run"
	: >"$run/shares"
	count=0
	while read -r folder; do
		[ -n "$folder" ] || continue
		check_path "a folder to share" "$folder"
		echo "share$count $folder" >>"$run/shares"
		share "share$count" "$folder"
		count=$((count + 1))
	done <<EOF
$REPO
$1
EOF
}

# check_bar SIZE: a BAR has a power of two of bytes, and VRAM consists of blocks of 2 MiB.
check_bar() {
	case $1 in
	2M | 4M | 8M | 16M | 32M | 64M | 128M | 256M | 512M | 1G | 2G | 4G) ;;
	*) die "--bar '$1' is no size of a BAR: use a power of two from 2M to 4G" ;;
	esac
}

# bar_add SIZE: the memory of ivshmem is a prefetchable 64-bit BAR, and what nobody touches
# costs nothing. Bus 0, device 0x1e: whatever else a cell has, the device keeps its address.
bar_add() {
	devices="$devices -object memory-backend-ram,id=bar,size=$1,reserve=off -device ivshmem-plain,memdev=bar,addr=0x1e"
}

# free_port FIRST: print the first free port on this machine, from that one on.
free_port() {
	port=$1
	while grep -q -i "^ *[0-9]*: [0-9a-f]*:$(printf %04x "$port") " /proc/net/tcp; do
		port=$((port + 1))
	done
	echo "$port"
}

# The cell is 10.0.2.15 in a network of its own; 10.0.2.2 there is this machine's loopback.
# Only this machine reaches it from outside, and only by ssh, with a key made for this cell.
network_add() {
	forward=
	if [ -n "$1" ]; then
		need ssh-keygen openssh-client
		[ -x "$TREE/usr/sbin/dropbear" ] || "$LAB/setup" --ssh || exit
		ssh-keygen -q -t ed25519 -N '' -C mockgpu -f "$run/key" || die "ssh-keygen failed"
		port=$(free_port 2222)
		forward=,hostfwd=tcp:127.0.0.1:$port-:22
		log "ssh -i $run/key -p $port -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null root@127.0.0.1"
	fi
	devices="$devices -netdev user,id=net,ipv6=off$forward -device virtio-net-pci,netdev=net,romfile="
	append="$append lab.network=y"
}

# vmlinux: print the path of the kernel's file with symbols, if there is one. The vmlinux of
# Debian's headers only has types.
vmlinux() {
	built=$(readlink "$TREE$headers" 2>/dev/null) || built=
	for file in "$headers/vmlinux" "$TREE$headers/vmlinux" "$TREE$built/vmlinux" \
		"$TREE/usr/lib/debug/boot/vmlinux-$release" "/usr/lib/debug/boot/vmlinux-$release" \
		"$TREE/usr/lib/debug/lib/modules/$release/vmlinux" "/usr/lib/debug/lib/modules/$release/vmlinux"; do
		if [ -r "$file" ] && tail -c 100000 "$file" | grep -a -q '\.init\.text'; then
			echo "$file"
			return
		fi
	done
}

gdb_add() {
	port=$(free_port 1234)
	devices="$devices -gdb tcp:127.0.0.1:$port${1:+ -S}"
	append="$append nokaslr"
	file=$(vmlinux)
	log "gdb ${file:+$file }-ex 'target remote 127.0.0.1:$port'${1:+ -ex continue}"
	[ -n "$file" ] || log "no vmlinux with the symbols of $release (Debian's is in linux-image-$release-dbg)"
}
