// SPDX-License-Identifier: GPL-2.0-only
/* Memory that does not come from mockgpu, see backing.h. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/kernel-page-flags.h>
#include <linux/kvm.h>

#include "backing.h"
#include "debugfs.h"
#include "exporter.h"
#include "hostmap.h"
#include "mockgpu.h"
#include "sysfs.h"
#include "undo.h"

/* Debian 13's linux/kvm.h is from 6.12; these are from 6.18. */
#ifndef GUEST_MEMFD_FLAG_MMAP
#define KVM_CAP_GUEST_MEMFD_FLAGS 244
#define GUEST_MEMFD_FLAG_MMAP (1ull << 0)
#define GUEST_MEMFD_FLAG_INIT_SHARED (1ull << 1)
#endif

#ifndef MFD_HUGE_2MB
#define MFD_HUGE_2MB (21u << 26)
#endif

#define BACKING_HUGE_SIZE (2ul << 20)
#define BACKING_HUGE_PAGES "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"

static void backing_put_huge_pages_back(const void *count)
{
	sysfs_write_number(BACKING_HUGE_PAGES, *(const unsigned long *)count);
}

int backing_keep_huge_pages(void)
{
	static unsigned long count;
	int ret = sysfs_read_number(BACKING_HUGE_PAGES, &count);

	/* A kernel without such memory. */
	if (ret == -ENOENT)
		return 0;
	return ret ? ret : undo_at_end(backing_put_huge_pages_back, &count);
}

/* Add the required number to the pool of 2 MiB pages. */
static int backing_reserve(struct backing *backing)
{
	unsigned long wanted, have = 0;
	int ret = sysfs_read_number(BACKING_HUGE_PAGES, &backing->reserve);

	if (ret)
		return ret;
	/* Twice that, for punched pages that are still held elsewhere for a moment. */
	wanted = backing->reserve + 2 * (backing->size / BACKING_HUGE_SIZE);
	backing->reserved = true;
	ret = sysfs_write_number(BACKING_HUGE_PAGES, wanted);
	if (!ret)
		ret = sysfs_read_number(BACKING_HUGE_PAGES, &have);
	return ret ? ret : have < wanted ? -ENOMEM : 0;
}

static int backing_memfd(size_t size, unsigned int flags)
{
	int fd = memfd_create("mockgpu", MFD_CLOEXEC | flags);
	int err;

	if (fd < 0)
		return -errno;
	if (!ftruncate(fd, size))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static int backing_gmem(const struct backing *backing)
{
	struct kvm_create_guest_memfd create = {
		.size = backing->size,
		.flags = GUEST_MEMFD_FLAG_MMAP | GUEST_MEMFD_FLAG_INIT_SHARED,
	};

	if ((vmm_check(backing->vm, KVM_CAP_GUEST_MEMFD_FLAGS) & create.flags) != create.flags)
		return -EOPNOTSUPP;
	return vmm_ioctl(backing->vm, KVM_CREATE_GUEST_MEMFD, &create);
}

static int backing_file(struct backing *backing)
{
	int ret;

	switch (backing->type) {
	case BACKING_MEMFD:
		return backing_memfd(backing->size, 0);
	case BACKING_HUGETLB:
		ret = backing_reserve(backing);
		return ret ? ret : backing_memfd(backing->size, MFD_HUGETLB | MFD_HUGE_2MB);
	case BACKING_UDMABUF:
		return exporter_udmabuf(backing->size);
	case BACKING_UDMABUF_HUGE:
		ret = backing_reserve(backing);
		return ret ? ret : exporter_udmabuf_of(backing->size, MFD_HUGETLB | MFD_HUGE_2MB);
	case BACKING_HEAP:
		return exporter_heap(backing->size);
	default:
		return backing_gmem(backing);
	}
}

int backing_open(struct backing *backing, enum backing_type type, struct vmm *vm, size_t size)
{
	*backing = (struct backing){ .type = type, .fd = -1, .size = size, .vm = vm };
	backing->fd = backing_file(backing);
	if (backing->fd < 0)
		return backing->fd;
	backing->map = hostmap_reserve(size);
	return backing->map ? backing_map(backing) : -ENOMEM;
}

int backing_map(struct backing *backing)
{
	void *map = mmap(backing->map, backing->size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED, backing->fd, 0);

	return map == MAP_FAILED ? -errno : 0;
}

void backing_close(struct backing *backing)
{
	if (backing->map)
		munmap(backing->map, backing->size);
	if (backing->fd >= 0)
		close(backing->fd);
	if (backing->reserved)
		sysfs_write_number(BACKING_HUGE_PAGES, backing->reserve);
	*backing = (struct backing){ .fd = -1 };
}

bool backing_is_punchable(const struct backing *backing)
{
	return backing->type != BACKING_UDMABUF && backing->type != BACKING_UDMABUF_HUGE &&
	       backing->type != BACKING_HEAP;
}

int backing_punch(struct backing *backing)
{
	return fallocate(backing->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			 backing->size) ? -errno : 0;
}

int backing_slot_set(struct backing *backing, unsigned int slot, uint64_t gpa, uint32_t flags)
{
	struct kvm_userspace_memory_region2 region = {
		.slot = slot, .flags = flags | KVM_MEM_GUEST_MEMFD, .guest_phys_addr = gpa,
		.memory_size = backing->size, .userspace_addr = (uintptr_t)backing->map,
		.guest_memfd = backing->fd,
	};

	if (backing->type != BACKING_GMEM)
		return vmm_slot_set(backing->vm, slot, gpa, backing->map, backing->size, flags);
	return vmm_ioctl(backing->vm, KVM_SET_USER_MEMORY_REGION2, &region);
}

static bool backing_is_tail(int flags, uint64_t pfn)
{
	uint64_t value = 0;

	return pread(flags, &value, sizeof(value), pfn * sizeof(value)) == sizeof(value) &&
	       value >> KPF_COMPOUND_TAIL & 1;
}

/* For a VM_PFNMAP mapping only its entries tell the pages. */
int backing_look(struct backing *backing, struct drm_mockgpu_page *pages)
{
	int flags = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	int drm = mockgpu_open(NULL, 0), ret = 0;
	size_t i;

	if (flags < 0 || drm < 0)
		ret = -EACCES;
	for (i = 0; !ret && i < backing->size / GUEST_PAGE_SIZE; i++) {
		const volatile char *at = backing->map + i * GUEST_PAGE_SIZE;
		struct mockgpu_entry entry = {};
		bool tail;

		(void)*at;
		ret = mockgpu_entry_get(drm, (const void *)at, &entry);
		/* Not VM_PFNMAP: get_user_pages() takes a reference to the whole folio. */
		if (ret == -ENOENT)
			ret = 0;
		tail = entry.present && backing_is_tail(flags, entry.pfn);
		pages[i] = (struct drm_mockgpu_page){
			.pfn = entry.pfn, .count = !tail,
			.flags = tail ? MOCKGPU_PAGE_TAIL : MOCKGPU_PAGE_HEAD,
		};
	}
	if (flags >= 0)
		close(flags);
	if (drm >= 0)
		close(drm);
	return ret;
}
