# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154 # for kernel.sh and those who source it; $arch
#
# A kernel of the user's own: a built tree, a folder of unpacked packages, or a Debian series
# with another kvm.ko. own_register gives it a name and a record, the file
# build/ARCH/NAME/kernel with lines "KEY VALUE" (see own_get):
#
#   origin   the folder, or the kvm.ko
#   release  the kernel's
#   image    what boots
#   headers  the build folder for modules, in the lab's tree
#   root     the parent of lib/modules, in the lab's tree
#   cc       the tree's compiler that matches the kernel's
#   share    a folder that a cell must see because its modules are there
#   bind     "FOLDER PLACE": what the lab's tree must see of it; one line each
#   series   with "kvm": the Debian series whose kvm.ko it replaces
#   builtin  "y": KVM is built in
#   sanitizers  "y": it has sanitizers, and is slow
#   bochs    "y": it has what a cell in Bochs needs
#
# Sourced by lib.sh.

# The oldest kernel that mockgpu supports.
OWN_OLDEST=6.1

# own_record NAME: print the path of its record.
own_record() {
	echo "$REPO/build/$arch/$1/kernel"
}

# kernel_is_own NAME: succeed if it is one of these.
kernel_is_own() {
	[ -e "$(own_record "$1")" ]
}

# own_get NAME KEY: print the value, or several, one a line.
own_get() {
	sed -n "s/^$2 //p" "$(own_record "$1")"
}

# own_refuse WORDS...: die with one line that says why the lab cannot use $folder.
own_refuse() {
	die "$folder $*"
}

# own_tag PATH: print four hex digits that tell kernels of one release apart.
own_tag() {
	printf %s "$1" | sha256sum | cut -c1-4
}

# config_has OPTION...: succeed if one of them is on in the folder's .config.
config_has() {
	for option; do
		grep -qs "^CONFIG_$option=[ym]" "$config" && return
	done
	return 1
}

# own_check_arch: refuse a kernel for another architecture than $arch.
own_check_arch() {
	if config_has X86_64; then is=x86_64
	elif config_has ARM64; then is=arm64
	elif config_has RISCV && config_has 64BIT; then is=riscv64
	else is=$(sed -n '1,4s/^# Linux\/\([^ ]*\) .*/\1/p' "$config")
	fi
	case " $ARCHES " in
	*" $is "*) [ "$is" = "$arch" ] || own_refuse "is a kernel for $is: run it with -a $is" ;;
	*) own_refuse "is a kernel for ${is:-another architecture}, the lab has $ARCHES" ;;
	esac
}

# own_check_release: refuse a kernel that is too old.
own_check_release() {
	case $release in
	[0-9]*.[0-9]*) ;;
	*) own_refuse "has the release '$release', which is no version of a kernel" ;;
	esac
	[ "$(printf '%s\n' "$OWN_OLDEST" "$release" | sort -V | head -n 1)" = "$OWN_OLDEST" ] ||
		own_refuse "is Linux $release: mockgpu is for $OWN_OLDEST and later"
}

own_check_options() {
	missing=$(options_missing "$config")
	[ -z "$missing" ] ||
		own_refuse "is built without $missing ('lab/config --merge DIR' sets what a cell needs; build the kernel again after that)"
}

# image_release IMAGE: print the release in an image for x86, or nothing. The boot protocol
# has a pointer to it at 0x20e.
image_release() {
	[ "$arch" = x86_64 ] || return 0
	# shellcheck disable=SC2046 # one number
	set -- "$1" $(od -An -tu2 -j 526 -N 2 "$1" 2>/dev/null)
	[ "${2:-0}" = 0 ] || dd if="$1" bs=1 skip=$(($2 + 512)) count=128 2>/dev/null | tr '\0' '\n' | sed -n '1s/ .*//p'
}

# module_release FILE: print the release of the kernel that a module is for.
module_release() {
	case $1 in
	*.xz) xz -dc "$1" ;;
	*.gz) gzip -dc "$1" ;;
	*.zst) zstd -dc "$1" 2>/dev/null ;;
	*) cat "$1" ;;
	esac | tr '\0' '\n' | sed -n 's/^vermagic=\([^ ]*\) .*/\1/p' | head -n 1
}

# own_check_parts MODULE: refuse an image or modules of another release.
own_check_parts() {
	is=$(image_release "$image")
	[ "${is:-$release}" = "$release" ] ||
		own_refuse "has an image of $is and is configured as $release: build it again"
	[ -n "$1" ] || return 0
	is=$(module_release "$1")
	[ "${is:-$release}" = "$release" ] ||
		own_refuse "has modules of $is, its kernel is $release: build them again ('make modules')"
}

# own_compiler: set $cc to the tree's compiler of the same kind and major version, for kbuild.
# kbuild compares the text that the compiler prints about itself, so use the name from the
# kernel's configuration if that is the same program.
own_compiler() {
	text=$(sed -n 's/^CONFIG_CC_VERSION_TEXT="\(.*\)"$/\1/p' "$config") prefix=
	if config_has CC_IS_CLANG; then
		kind=clang number=$(sed -n 's/^CONFIG_CLANG_VERSION=//p' "$config")
	else
		kind=gcc number=$(sed -n 's/^CONFIG_GCC_VERSION=//p' "$config")
		prefix=${triplet:+$triplet-}
	fi
	cc=$prefix$kind-$((${number:-0} / 10000))
	program=$(readlink -e "$TREE/usr/bin/$cc") ||
		own_refuse "was built by '$text', which the lab does not have: it has $(own_compilers) ('lab/kernel-build' builds with gcc)"
	[ "$(readlink -e "$TREE/usr/bin/${text%% *}")" != "$program" ] || cc=${text%% *}
	! config_has LD_IS_LLD || [ -e "$TREE/usr/bin/ld.lld" ] ||
		own_refuse "was linked by LLVM's linker, which the lab does not have: build it with LD=ld, or 'lab/kernel-build'"
}

# own_compilers: print those of the tree.
own_compilers() {
	find "$TREE/usr/bin" -name "${prefix}gcc-[0-9]*" -o -name 'clang-[0-9]*' | sed 's|.*/||' |
		grep -E '(gcc|clang)-[0-9]+$' | sort | paste -sd' '
}

# own_check_tools FOLDER PLACE: refuse a folder whose programs for building modules do not run
# in the lab's tree, where the folder is at PLACE.
own_check_tools() {
	[ -e "$1/scripts/mod/modpost" ] ||
		own_refuse "has no scripts/mod/modpost: build it, or unpack its linux-kbuild too"
	# shellcheck disable=SC2016 # the inner shell expands
	reason=$(BINDS=$binds in_tree sh -c '
		for tool in scripts/mod/modpost scripts/basic/fixdep tools/objtool/objtool; do
			[ ! -e "$0/$tool" ] || ldd "$0/$tool" 2>&1 | sed -n "/not found/s|^[[:space:]]*|$tool: |p"
		done' "$2" | head -n 1)
	[ -z "$reason" ] ||
		own_refuse "has programs that the lab's tree cannot run ($reason): use 'lab/kernel-build', which builds it there"
}

# own_tree: $folder is a kernel tree or a build folder.
own_tree() {
	config=$folder/.config
	[ -e "$config" ] ||
		own_refuse "is a kernel tree that is not built: build it, or use 'lab/kernel-build' and the folder that it prints"
	own_check_arch
	image=$folder/$kbuild_image
	for part in include/config/kernel.release "${image#"$folder/"}" Module.symvers; do
		[ -s "$folder/$part" ] || own_refuse "is not built: it has no $part"
	done
	release=$(cat "$folder/include/config/kernel.release")
	name=$release-$(own_tag "$folder")
	own_check_release
	own_check_options
	module=$(own_modules "$folder" | grep -m 1 '/kvm\.ko$' || own_modules "$folder" | head -n 1)
	[ -z "$module" ] || [ -e "$module" ] || own_refuse "is not built: it has no ${module#"$folder/"}"
	own_check_parts "$module"
	binds="$folder $folder"
	source=$(readlink -f "$folder/source" 2>/dev/null || true)
	if [ -h "$folder/source" ] || [ -e "$folder/source" ]; then
		[ -d "$source" ] || own_refuse "was built from a source that is gone: $(readlink "$folder/source")"
		check_path "the kernel's source" "$source"
		binds="$binds
$source $source"
	fi
	headers=$folder
	root=$(kernel_out "$name")/root share=
}

# own_modules TREE: print the paths of its modules.
own_modules() {
	[ ! -e "$1/modules.order" ] || sed "s|^|$1/|; s/\.o\$/.ko/" "$1/modules.order"
}

# own_packages: $folder has the unpacked packages of one kernel.
own_packages() {
	modules=
	for found in "$folder"/lib/modules/*/ "$folder"/usr/lib/modules/*/; do
		[ -d "$found" ] || continue
		found=${found%/}
		[ -z "$modules" ] || [ "${modules##*/}" = "${found##*/}" ] ||
			own_refuse "has more than one kernel: ${modules##*/} and ${found##*/}"
		# The headers only put a link there.
		[ -n "$modules" ] && [ ! -d "$found/kernel" ] || modules=$found
	done
	[ -n "$modules" ] || own_refuse "is neither a built kernel tree nor a folder of unpacked kernel packages"
	release=${modules##*/}
	name=$release-$(own_tag "$folder")
	own_check_release
	headers=/usr/src/linux-headers-$release
	config=$folder$headers/.config
	[ -e "$config" ] || own_refuse "has no $headers: unpack the headers of $release there too"
	[ -d "$modules/kernel" ] || own_refuse "has no modules of $release: unpack its image and modules packages there too"
	own_check_arch
	image=$(image_of "$release" "$folder") || exit
	# Not include/config/kernel.release, which lacks Debian's part of the name in 6.1.
	is=$(sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' "$folder$headers/include/generated/utsrelease.h" 2>/dev/null)
	is=${is:-$release}
	[ "$is" = "$release" ] || own_refuse "has headers of $is and modules of $release"
	own_check_options
	own_check_parts "$(find "$modules/kernel" -name 'kvm.ko*' | head -n 1)"
	binds=
	for part in "$folder"/usr/src/linux-headers-* "$folder"/usr/src/linux-kbuild-* "$folder"/usr/lib/linux-kbuild-*; do
		[ ! -d "$part" ] || [ -h "$part" ] || binds="$binds$part ${part#"$folder"}
"
	done
	binds="$binds$folder $folder"
	root=$(kernel_out "$name")/root share=$folder
}

# own_folder: find out what $folder is; set name, release, image, headers, root, binds and
# share.
own_folder() {
	if [ -e "$folder/Kconfig" ] || [ -e "$folder/.config" ] || [ -d "$folder/include/config" ]; then
		own_tree
		set -- "$folder"
	else
		own_packages
		set -- "$folder$headers"
	fi
	own_compiler
	own_check_tools "$1" "$headers"
}

# own_write: write the record of $name. A record that does not change keeps its time.
own_write() {
	file=$(own_record "$name")
	{ mkdir -p "${file%/*}" 2>/dev/null && [ -w "${file%/*}" ]; } || die "cannot write to ${file%/*}"
	{
		for key in origin release image headers root cc share series kvm builtin sanitizers bochs; do
			eval "value=\$$key"
			[ -z "$value" ] || echo "$key $value"
		done
		[ -z "$binds" ] || echo "$binds" | sed 's/^/bind /'
	} >"$file.new"
	if cmp -s "$file.new" "$file"; then
		rm "$file.new"
	else
		mv "$file.new" "$file"
	fi
}

# own_register FOLDER: check the kernel there and print its name. Call it in $(...), because
# it leaves variables behind.
own_register() {
	folder=$(cd "$1" 2>/dev/null && pwd -P) || die "no folder '$1' with a kernel"
	check_path "the kernel" "$folder"
	"$LAB/setup" --tools -a "$arch" || exit
	own_folder
	origin=$folder series='' kvm='' builtin='' sanitizers=
	! grep -q '^CONFIG_KVM=y' "$config" || builtin=y
	! config_has KASAN DEBUG_KMEMLEAK || sanitizers=y
	bochs=y
	for option in PVH KVM_INTEL E1000 NET_9P_FD; do
		config_has "$option" || bochs=
	done
	own_write
	echo "$name"
}

# own_kvm SERIES FILE: print the name of that Debian kernel with another kvm.ko. Call it in
# $(...), too.
own_kvm() {
	series=$1 file=$2
	[ -f "$file" ] || die "no file '$file' to replace kvm.ko"
	kvm=$(cd "$(dirname "$file")" && pwd -P)/$(basename "$file")
	check_path "kvm.ko" "$kvm"
	release=$(kernel_release "$series")
	[ -n "$release" ] || die "kernel $series is not there: run lab/setup $series"
	is=$(module_release "$kvm")
	[ -n "$is" ] || die "$kvm is no kernel module"
	[ "$is" = "$release" ] || die "$kvm is a module of $is, the kernel is $release"
	name=$series-kvm-$(own_tag "$kvm")
	origin=$kvm image='' headers='' root='' cc='' share='' binds='' builtin='' sanitizers='' bochs=y
	own_write
	echo "$name"
}

# own_use NAME: set what kernel_use sets, from the record.
own_use() {
	if [ -n "$(own_get "$1" kvm)" ]; then
		kernel_use "$(own_get "$1" series)"
		kernel=$1 dir=$(kernel_out "$1") kvm=$(own_get "$1" kvm)
		return
	fi
	release=$(own_get "$1" release) image=$(own_get "$1" image) headers=$(own_get "$1" headers)
	modules_root=$(own_get "$1" root)/ cc=$(own_get "$1" cc) share=$(own_get "$1" share) binds=$(own_get "$1" bind)
	sanitizers=$(own_get "$1" sanitizers)
	[ -e "$image" ] || die "kernel $1 is gone: there is no $image"
}
