/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A boot sector for Bochs, which has put the kernel into memory already: it enters the
 * kernel by its PVH entry, with the BIOS's map of the memory. mkbochs has written a struct
 * hvm_start_info to START and, behind it, the address of the entry.
 *
 * What a PVH entry expects is in Xen's docs/misc/pvh.pandoc, the structs in
 * include/xen/interface/hvm/start_info.h.
 */

	.set	MEMMAP_ENTRIES, 48	/* offsets in struct hvm_start_info */
	.set	ENTRY, 56		/* ours, behind the struct */
	.set	ENTRY_SIZE, 24		/* struct hvm_memmap_table_entry */
	.set	E820_SIZE, 20		/* the BIOS's entries have no "reserved" */
	.set	SMAP, 0x534d4150
	.set	CODE, 8			/* selectors in the gdt below */
	.set	DATA, 16

	.code16
	.globl	_start
_start:
	ljmp	$0, $1f
1:	xor	%ax, %ax
	mov	%ax, %ds
	mov	%ax, %es
	mov	%ax, %ss
	mov	$_start, %sp

	/* %ebx is the BIOS's cursor, 0 at both ends of the map; %ebp counts. */
	xor	%ebx, %ebx
	xor	%ebp, %ebp
	mov	$MEMMAP, %edi
next:	mov	$0xe820, %eax
	mov	$SMAP, %edx
	mov	$E820_SIZE, %ecx
	int	$0x15
	jc	enter
	inc	%ebp
	add	$ENTRY_SIZE, %edi
	test	%ebx, %ebx
	jnz	next

enter:	cli
	in	$0x92, %al		/* the A20 line */
	or	$2, %al
	out	%al, $0x92
	lgdt	gdtr
	mov	%cr0, %eax
	or	$1, %eax
	mov	%eax, %cr0
	ljmpl	$CODE, $1f

	.code32
1:	mov	$DATA, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	$START, %ebx
	mov	%ebp, MEMMAP_ENTRIES(%ebx)
	jmp	*ENTRY(%ebx)

	.balign	8
gdt:	.quad	0
	.quad	0x00cf9b000000ffff	/* flat code and data of 4 GiB */
	.quad	0x00cf93000000ffff
gdtr:	.word	gdtr - gdt - 1
	.long	gdt

	.org	510
	.word	0xaa55
