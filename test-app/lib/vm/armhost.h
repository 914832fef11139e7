/* SPDX-License-Identifier: GPL-2.0-only */
/* What decides on arm64 whether KVM takes a driver's memory. */
#ifndef MOCKGPU_TEST_ARMHOST_H
#define MOCKGPU_TEST_ARMHOST_H

#include <stdbool.h>

struct vmm;

/**
 * struct armhost - what is known of the host
 *
 * @mode: "vhe", "nvhe" or "pkvm"; "?" where the kernel log does not tell (any more)
 * @fwb: stage 2 decides the memory type (FEAT_S2FWB), by the kernel log
 * @dic: no instruction cache to maintain (CTR_EL0.DIC)
 * @cacheable: KVM_CAP_ARM_CACHEABLE_PFNMAP_SUPPORTED of a VM, new in 6.17: true with
 *	both of them
 * @refuses: KVM_SET_USER_MEMORY_REGION gives EINVAL for cacheable VM_PFNMAP memory, as
 *	seen: BEHAVIOUR_REFUSES_CACHEABLE
 */
struct armhost {
	const char *mode;
	bool fwb;
	bool dic;
	bool cacheable;
	bool refuses;
};

/**
 * armhost_look() - find it out
 * @vm: any VM, or NULL: then nothing is cacheable, nothing refused
 * @host: filled in
 *
 * Return: 0; -EOPNOTSUPP on other architectures.
 */
int armhost_look(struct vmm *vm, struct armhost *host);

#endif /* MOCKGPU_TEST_ARMHOST_H */
