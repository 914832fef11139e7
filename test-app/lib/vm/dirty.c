// SPDX-License-Identifier: GPL-2.0-only
/* KVM's dirty tracking, see dirty.h. */

#include <errno.h>
#include <sys/mman.h>

#include <linux/kvm.h>

#include "dirty.h"

int dirty_log_get(struct vmm *vm, unsigned int slot, uint64_t *bitmap)
{
	struct kvm_dirty_log log = { .slot = slot, .dirty_bitmap = bitmap };

	return vmm_ioctl(vm, KVM_GET_DIRTY_LOG, &log);
}

int dirty_log_clear(struct vmm *vm, unsigned int slot, uint64_t first, uint32_t pages,
		    uint64_t *bitmap)
{
	struct kvm_clear_dirty_log log = {
		.slot = slot, .first_page = first, .num_pages = pages, .dirty_bitmap = bitmap,
	};

	return vmm_ioctl(vm, KVM_CLEAR_DIRTY_LOG, &log);
}

int dirty_log_manual(struct vmm *vm)
{
	return vmm_enable(vm, KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2,
			  KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE);
}

int dirty_ring_open(struct dirty_ring *ring, struct vmm_vcpu *vcpu, uint32_t bytes)
{
	void *map = vmm_vcpu_map(vcpu, KVM_DIRTY_LOG_PAGE_OFFSET, bytes);

	if (!map)
		return -errno;
	*ring = (struct dirty_ring){
		.vm = vmm_vcpu_vm(vcpu), .gfn = map,
		.entries = bytes / sizeof(struct kvm_dirty_gfn),
	};
	return 0;
}

int64_t dirty_ring_take(struct dirty_ring *ring, unsigned int slot, uint64_t *pages, size_t room)
{
	size_t count = 0;
	int ret;

	while (count < room) {
		struct kvm_dirty_gfn *gfn = &ring->gfn[ring->next % ring->entries];

		/* Pairs with KVM's release, see api.rst 8.29. */
		if (!(__atomic_load_n(&gfn->flags, __ATOMIC_ACQUIRE) & KVM_DIRTY_GFN_F_DIRTY))
			break;
		if (gfn->slot == slot)
			pages[count++] = gfn->offset;
		__atomic_store_n(&gfn->flags, KVM_DIRTY_GFN_F_RESET, __ATOMIC_RELEASE);
		ring->next++;
	}
	ret = vmm_ioctl(ring->vm, KVM_RESET_DIRTY_RINGS, NULL);
	return ret < 0 ? ret : (int64_t)count;
}

void dirty_ring_close(struct dirty_ring *ring)
{
	munmap(ring->gfn, ring->entries * sizeof(*ring->gfn));
}
