/* SPDX-License-Identifier: GPL-2.0-only */
/* What KVM on riscv64 says about itself. */
#ifndef MOCKGPU_TEST_RISCVHOST_H
#define MOCKGPU_TEST_RISCVHOST_H

#include <stddef.h>

/**
 * riscvhost_gstage() - tell the format of KVM's G-stage page tables
 * @text: out: as KVM calls it, for example "Sv57x4"; "?" if the kernel log no longer says it
 * @size: bytes at @text
 *
 * Return: 0, or -EOPNOTSUPP on another architecture.
 */
int riscvhost_gstage(char *text, size_t size);

#endif /* MOCKGPU_TEST_RISCVHOST_H */
