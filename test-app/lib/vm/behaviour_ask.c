// SPDX-License-Identifier: GPL-2.0-only
/* Small buffers in a VM that show KVM's behaviour, see behaviour_ask.h. */

#include <errno.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "arch.h"
#include "behaviour_ask.h"
#include "buffer.h"
#include "hostmap.h"
#include "mockgpu.h"
#include "touch.h"
#include "vmm.h"

#define ASK_SLOT 1
#define ASK_GPA VMM_BUFFER_GPA
#define ASK_BLOCK_ORDER 9
#define ASK_BLOCK_PAGES (1 << ASK_BLOCK_ORDER)
/* Enough for two aligned blocks, wherever the range starts. */
#define ASK_ROOM (3 * VM_BUFFER_BLOCK)

/* What the guest may find: the data of its memslot's pages, or another buffer's. */
#define ASK_SEED 1
#define ASK_OTHER_SEED 2

/**
 * struct ask - what a question needs
 * @drm: the render node
 * @vm: a VM with one vCPU
 * @bo: the buffer that the guest has
 * @other: another one, which it must not have
 * @room: ASK_ROOM bytes for the mapping of @bo, aligned to 2 MiB
 */
struct ask {
	int drm;
	struct vmm *vm;
	struct mockgpu_bo bo;
	struct mockgpu_bo other;
	char *room;
};

/*
 * Map the buffer into an existing memslot, so that a kernel that refuses a new memslot
 * over such memory can be asked as well.
 */
static int ask_map(struct ask *ask, char *at, char *slot, uint64_t size)
{
	int ret = vmm_slot_set(ask->vm, ASK_SLOT, ASK_GPA, slot, size, 0);

	return ret ? ret : mockgpu_bo_map(&ask->bo, at);
}

/* Let the guest read page @page of the memslot. Return: enum guest_result or -errno. */
static int ask_read(struct ask *ask, uint32_t page, uint64_t seed)
{
	uint8_t result[ASK_BLOCK_PAGES];
	struct touch touch = {
		.op = GUEST_READ, .gpa = ASK_GPA, .seed = seed, .sequence = &page, .accesses = 1,
		.result = result,
	};
	int ret = touch_run(vmm_vcpu_get(ask->vm, 0), &touch);

	return ret ? ret : result[page];
}

/* One block of two pages: the second has no reference count. */
static int ask_tails(struct ask *ask)
{
	uint32_t page;
	int ret;

	ret = vm_buffer_create(ask->drm, MOCKGPU_KIND_NONCOMPOUND, 1, MOCKGPU_CACHING_CACHED,
			       2 * GUEST_PAGE_SIZE, &ask->bo);
	if (!ret)
		ret = ask_map(ask, ask->room, ask->room, ask->bo.size);
	if (ret)
		return ret;
	for (page = 0; page < 2; page++)
		guest_fill_page((char *)ask->bo.map + page * GUEST_PAGE_SIZE, ASK_SEED, page);
	/* Head pages map in any case. */
	if (ask_read(ask, 0, ASK_SEED) != GUEST_MAPPED)
		return -EIO;
	ret = ask_read(ask, 1, ASK_SEED);
	if (ret == GUEST_MAPPED || ret == GUEST_EFAULT)
		return ret == GUEST_EFAULT;
	return ret < 0 ? ret : -EIO;
}

/*
 * Single pages where a guess of a block finds one: address and offset agree modulo 2 MiB, and
 * the mapping and the memslot have room for one. The first page is the head of a block of
 * our own, so a kernel that guesses maps that block and nothing else; and the guest only
 * reads.
 */
static int ask_guess(struct ask *ask)
{
	const uint64_t size = ASK_BLOCK_PAGES * GUEST_PAGE_SIZE;
	uint64_t offset = 0, before;
	char *block;
	int ret;

	ret = vm_buffer_make_anywhere(ask->drm, &(struct drm_mockgpu_bo_create) {
		.size = size, .kind = MOCKGPU_KIND_NONCOMPOUND, .order = ASK_BLOCK_ORDER,
	}, &ask->other);
	if (!ret)
		ret = mockgpu_bo_map(&ask->other, NULL);
	if (!ret)
		ret = vm_buffer_make_anywhere(ask->drm, &(struct drm_mockgpu_bo_create) {
			.size = 2 * size, .kind = MOCKGPU_KIND_SPLIT,
		}, &ask->bo);
	if (!ret)
		ret = mockgpu_bo_offset(&ask->bo, &offset);
	/* Bytes from the start of the mapping to the block. */
	before = -offset % VM_BUFFER_BLOCK;
	block = ask->room + VM_BUFFER_BLOCK;
	if (!ret)
		ret = mockgpu_bo_inject_foreign(&ask->bo, before / GUEST_PAGE_SIZE,
						&ask->other, 0);
	if (!ret)
		ret = ask_map(ask, block - before, block, size);
	if (ret)
		return ret;
	guest_fill_page(ask->other.map, ASK_OTHER_SEED, 0);
	guest_fill_page((char *)ask->other.map + GUEST_PAGE_SIZE, ASK_OTHER_SEED, 1);
	guest_fill_page(block + GUEST_PAGE_SIZE, ASK_SEED, 1);
	if (ask_read(ask, 0, ASK_OTHER_SEED) != GUEST_MAPPED)
		return -EIO;
	if (ask_read(ask, 1, ASK_SEED) == GUEST_MAPPED)
		return 0;
	return ask_read(ask, 1, ASK_OTHER_SEED) == GUEST_MAPPED ? 1 : -EIO;
}

/*
 * A memslot over pages that are mapped already, which the guest only reads. KVM that knows of
 * such mappings refuses to log their dirty pages: kvm_arch_prepare_memory_region() in
 * arch/riscv/kvm/mmu.c. One that does not refuse knows nothing of them. DRM's offsets start at
 * 4 GiB: a guest that gets the page with this offset's address finds other data, or nothing.
 */
static int ask_guess_all(struct ask *ask)
{
	int ret, read;

	ret = vm_buffer_make_anywhere(ask->drm, &(struct drm_mockgpu_bo_create) {
		.size = GUEST_PAGE_SIZE, .kind = MOCKGPU_KIND_SPLIT,
	}, &ask->bo);
	if (!ret)
		ret = mockgpu_bo_map(&ask->bo, ask->room);
	if (ret)
		return ret;
	guest_fill_page(ask->bo.map, ASK_SEED, 0);
	ret = vmm_slot_set(ask->vm, ASK_SLOT, ASK_GPA, ask->bo.map, ask->bo.size,
			   KVM_MEM_LOG_DIRTY_PAGES);
	if (ret != -EINVAL)
		return ret;
	ret = vmm_slot_set(ask->vm, ASK_SLOT, ASK_GPA, ask->bo.map, ask->bo.size,
			   KVM_MEM_READONLY);
	if (ret)
		return ret;
	read = ask_read(ask, 0, ASK_SEED);
	return read < 0 ? read : read != GUEST_MAPPED;
}

/* A memslot over a page that is mapped already. */
static int ask_cacheable(struct ask *ask)
{
	int ret;

	/* KVM accepts any other memory. */
	ret = vmm_slot_set(ask->vm, ASK_SLOT, ASK_GPA, ask->room, GUEST_PAGE_SIZE, 0);
	if (!ret)
		ret = vmm_slot_delete(ask->vm, ASK_SLOT);
	if (!ret)
		ret = vm_buffer_create(ask->drm, MOCKGPU_KIND_SPLIT, 0, MOCKGPU_CACHING_CACHED,
				       GUEST_PAGE_SIZE, &ask->bo);
	if (!ret)
		ret = mockgpu_bo_map(&ask->bo, ask->room);
	if (ret)
		return ret;
	ret = vmm_slot_set(ask->vm, ASK_SLOT, ASK_GPA, ask->bo.map, ask->bo.size, 0);
	return ret == -EINVAL ? 1 : ret;
}

#define ASK_TOUCHED 300

static int ask_counts(struct ask *ask, uint32_t *first, uint32_t *touched)
{
	struct drm_mockgpu_page page[2];

	if (mockgpu_bo_pages(&ask->bo, 0, 1, &page[0]) != 1 ||
	    mockgpu_bo_pages(&ask->bo, ASK_TOUCHED, 1, &page[1]) != 1)
		return -EIO;
	*first = page[0].count;
	*touched = page[1].count;
	return 0;
}

/*
 * Pages that each have a reference count, under one 2 MiB entry. The guest touches one
 * that is not the first. It has a reference to spare, for a kernel that drops it.
 */
static int ask_reference(struct ask *ask)
{
	const struct drm_mockgpu_bo_create want = {
		.size = ASK_BLOCK_PAGES * GUEST_PAGE_SIZE, .kind = MOCKGPU_KIND_SPLIT,
		.order = ASK_BLOCK_ORDER, .fault_mode = MOCKGPU_FAULT_HUGE,
	};
	uint32_t first, touched, first_before, touched_before;
	int ret;

	if (!mockgpu_supports(ask->drm, MOCKGPU_PARAM_FAULT_MODES, want.fault_mode))
		return 0;
	ret = vm_buffer_make(ask->drm, &want, &ask->bo);
	if (!ret)
		ret = mockgpu_bo_inject(&ask->bo, MOCKGPU_INJECT_REF_GET, 0);
	if (!ret)
		ret = ask_map(ask, ask->room, ask->room, ask->bo.size);
	if (!ret)
		ret = ask_counts(ask, &first_before, &touched_before);
	if (ret)
		return ret;
	guest_fill_page((char *)ask->bo.map + ASK_TOUCHED * GUEST_PAGE_SIZE, ASK_SEED, ASK_TOUCHED);
	if (ask_read(ask, ASK_TOUCHED, ASK_SEED) != GUEST_MAPPED ||
	    ask_counts(ask, &first, &touched))
		return -EIO;
	if (first == first_before && touched == touched_before)
		return 0;
	return first == first_before - 1 && touched == touched_before + 1 ? 1 : -EIO;
}

static int ask_begin(struct ask *ask)
{
	ask->drm = mockgpu_open(NULL, 0);
	if (ask->drm < 0)
		return ask->drm;
	ask->room = hostmap_reserve(ASK_ROOM);
	if (!ask->room)
		return -ENOMEM;
	return vmm_create(&ask->vm, 1);
}

static void ask_end(struct ask *ask)
{
	vmm_destroy(ask->vm);
	mockgpu_bo_destroy(&ask->bo);
	mockgpu_bo_destroy(&ask->other);
	if (ask->room)
		munmap(ask->room, ASK_ROOM);
	if (ask->drm >= 0)
		close(ask->drm);
}

/* What only other architectures do is not asked: buffers here cannot show it. */
static int (*ask_question(enum behaviour what))(struct ask *ask)
{
	static int (*const questions[])(struct ask *ask) = {
		[BEHAVIOUR_REFUSES_TAILS] = ask_tails,
		[BEHAVIOUR_GUESSES] = ARCH_MAY_GUESS_ALL ? ask_guess_all : ask_guess,
		[BEHAVIOUR_REFUSES_CACHEABLE] = ask_cacheable,
		[BEHAVIOUR_PUTS_WRONG_REFERENCE] = ask_reference,
	};

	if ((what == BEHAVIOUR_GUESSES && !ARCH_MAY_GUESS_BLOCKS && !ARCH_MAY_GUESS_ALL) ||
	    (what == BEHAVIOUR_REFUSES_CACHEABLE && !ARCH_MAY_REFUSE_CACHEABLE))
		return NULL;
	return questions[what];
}

int behaviour_ask(enum behaviour what)
{
	int (*const question)(struct ask *ask) = ask_question(what);
	struct ask ask = { .drm = -1 };
	int ret;

	if (!question)
		return 0;
	ret = ask_begin(&ask);
	if (!ret)
		ret = question(&ask);
	ask_end(&ask);
	return ret;
}
