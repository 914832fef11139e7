/* SPDX-License-Identifier: GPL-2.0-only */
/* What decides on arm64 whether KVM accepts a driver's memory. */
#ifndef MOCKGPU_TEST_ARMHOST_H
#define MOCKGPU_TEST_ARMHOST_H

#include <stdbool.h>

struct vmm;

/**
 * struct armhost - what is known of the host
 *
 * @mode: "vhe", "nvhe" or "pkvm"; "?" if the kernel log does not tell (any more)
 * @fwb: stage 2 decides the memory type (FEAT_S2FWB), according to the kernel log
 * @dic: the instruction cache needs no maintenance (CTR_EL0.DIC)
 * @cacheable: KVM_CAP_ARM_CACHEABLE_PFNMAP_SUPPORTED of a VM, new in 6.17: true if the
 *	host has both
 * @refuses: KVM_SET_USER_MEMORY_REGION returns EINVAL for cacheable VM_PFNMAP memory, as
 *	observed: BEHAVIOUR_REFUSES_CACHEABLE
 */
struct armhost {
	const char *mode;
	bool fwb;
	bool dic;
	bool cacheable;
	bool refuses;
};

/**
 * armhost_look() - examine the host
 * @vm: any VM, or NULL: then @host->cacheable and @host->refuses are false
 * @host: out
 *
 * Return: 0; -EOPNOTSUPP on other architectures.
 */
int armhost_look(struct vmm *vm, struct armhost *host);

#endif /* MOCKGPU_TEST_ARMHOST_H */
