/* SPDX-License-Identifier: GPL-2.0-only */
/* Architecture-specific definitions: one header per architecture, with the same names. */
#ifndef MOCKGPU_TEST_ARCH_H
#define MOCKGPU_TEST_ARCH_H

#if defined(__x86_64__)
#include "arch_x86_64.h"
#elif defined(__aarch64__)
#include "arch_arm64.h"
#elif defined(__riscv)
#include "arch_riscv64.h"
#else
#error "no header for this architecture"
#endif

#endif /* MOCKGPU_TEST_ARCH_H */
