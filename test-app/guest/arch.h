/* SPDX-License-Identifier: GPL-2.0-only */
/* The guest's architecture-specific part, for the payload and for the host. */
#ifndef MOCKGPU_GUEST_H
#define MOCKGPU_GUEST_H

#if defined(__x86_64__)
#include "x86_64/arch.h"
#elif defined(__aarch64__)
#include "arm64/arch.h"
#elif defined(__riscv)
#include "riscv64/arch.h"
#else
#error "no guest for this architecture"
#endif

#endif /* MOCKGPU_GUEST_H */
