/* SPDX-License-Identifier: GPL-2.0-only */
/* The payload's entry points, one per source file. The host does not call them. */
#ifndef MOCKGPU_GUEST_PAYLOAD_H
#define MOCKGPU_GUEST_PAYLOAD_H

#include "gpu.h"
#include "protocol.h"

/* gpu.c: work through a list of commands, then ring the doorbell. */
_Noreturn void guest_gpu_start(struct guest_gpu *gpu);

#endif /* MOCKGPU_GUEST_PAYLOAD_H */
