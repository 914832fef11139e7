/* SPDX-License-Identifier: GPL-2.0-only */
/* The guest payload's image as data in the host program, see vmm_arch.h. */
	.section .rodata
	.balign 8
	.globl vmm_payload
vmm_payload:
	.incbin "payload.bin"
	.globl vmm_payload_end
vmm_payload_end:
	.section .note.GNU-stack, "", %progbits
