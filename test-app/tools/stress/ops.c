// SPDX-License-Identifier: GPL-2.0-only
/* The table of operations on a buffer, and the short operations. */

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stress.h"

/* Longest delay of MOCKGPU_FAULT_SLOW here, in us. */
#define STRESS_DELAY_MAX 200
/* Together with the workers' buffers, more than VRAM can hold. */
#define STRESS_CROWD (40 << 20)

static uint64_t stress_npages(struct prng *prng)
{
	if (prng_chance(prng, 4))
		return STRESS_PAGES_HUGE * (1 + prng_below(prng, 2));
	return 1 + prng_below(prng, prng_chance(prng, 8) ? STRESS_PAGES_MANY : STRESS_PAGES);
}

/* Mostly small blocks; also large ones if huge entries are possible. */
static uint32_t stress_order(struct prng *prng, uint64_t npages)
{
	if (npages >= STRESS_PAGES_HUGE && prng_chance(prng, 60))
		return STRESS_ORDER_HUGE + prng_below(prng, 2);
	return prng_below(prng, prng_chance(prng, 10) ? MOCKGPU_MAX_ORDER + 1 : 5);
}

static uint32_t stress_fault_mode(struct prng *prng, uint32_t *arg)
{
	uint32_t mode = prng_below(prng, MOCKGPU_FAULT_COUNT);

	*arg = 0;
	if (mode == MOCKGPU_FAULT_SLOW)
		*arg = 1 + prng_below(prng, STRESS_DELAY_MAX);
	/* The fault must be answered at some time. */
	if (mode == MOCKGPU_FAULT_SIGBUS || mode == MOCKGPU_FAULT_NOPAGE)
		*arg = 2 + prng_below(prng, 20);
	return mode;
}

static struct drm_mockgpu_bo_create stress_wish(struct stress_thread *thread)
{
	struct prng *prng = &thread->prng;
	struct drm_mockgpu_bo_create want = {
		.size = stress_npages(prng) * thread->worker->page,
		.kind = prng_below(prng, MOCKGPU_KIND_COUNT),
		.caching = prng_chance(prng, 70) ? 0 : prng_below(prng, MOCKGPU_CACHING_COUNT),
		.placement = prng_chance(prng, 30) ? MOCKGPU_PLACEMENT_VRAM : MOCKGPU_PLACEMENT_GTT,
	};

	if (want.kind != MOCKGPU_KIND_TTM)
		want.order = stress_order(prng, want.size / thread->worker->page);
	if (want.kind != MOCKGPU_KIND_COMPOUND && prng_chance(prng, 30))
		want.flags = MOCKGPU_BO_PAGE_MAPPING;
	if (prng_chance(prng, 30))
		want.flags |= MOCKGPU_BO_CPU_ACCESS;
	if (prng_chance(prng, 20))
		want.flags |= MOCKGPU_BO_CONTIGUOUS;
	/* mmap() aligns for huge entries only if the mode is already set. */
	if (prng_chance(prng, 20))
		want.fault_mode = MOCKGPU_FAULT_PREFAULT + prng_below(prng, 4);
	return want;
}

/* Nobody else has it yet: its contents come from the driver. */
static int stress_first_look(struct stress_thread *thread, struct stress_slot *slot)
{
	int ret = mockgpu_bo_map(&slot->bo, NULL);

	if (ret)
		return ret;
	if (!ledger_is_empty(slot->bo.map, slot->bo.size))
		stress_complain(thread, slot, "is not all 0 in a new buffer", 0);
	stress_look_at_all(thread, slot, slot->bo.map);
	return 0;
}

static int stress_op_create(struct stress_thread *thread, struct stress_slot *slot)
{
	struct stress_worker *worker = thread->worker;
	struct drm_mockgpu_bo_create want = stress_wish(thread);
	struct mockgpu_bo bo;
	int ret;

	ret = ledger_new(&slot->ref, worker->tags++, want.size / worker->page);
	if (ret)
		return ret;
	/* The new handle must be in its slot before another import can return it. */
	pthread_mutex_lock(&worker->handles);
	ret = mockgpu_bo_make(worker->fd, &want, &bo);
	if (!ret)
		slot->bo = bo;
	pthread_mutex_unlock(&worker->handles);
	if (!ret)
		ret = stress_first_look(thread, slot);
	if (ret)
		stress_slot_clear(worker, slot);
	return ret;
}

/* Close in either order: the handle first or the mapping first. */
static int stress_op_destroy(struct stress_thread *thread, struct stress_slot *slot)
{
	struct mockgpu_bo mapping = slot->bo;

	if (slot->bo.map && prng_chance(&thread->prng, 50)) {
		slot->bo.map = NULL;
		pthread_mutex_lock(&thread->worker->handles);
		mockgpu_bo_destroy(&slot->bo);
		pthread_mutex_unlock(&thread->worker->handles);
		stress_look(thread, slot, mapping.map);
		mockgpu_bo_unmap(&mapping);
	}
	stress_slot_clear(thread->worker, slot);
	return 0;
}

static int stress_op_look(struct stress_thread *thread, struct stress_slot *slot)
{
	if (!slot->bo.map)
		return STRESS_NOTHING;
	stress_look(thread, slot, slot->bo.map);
	return 0;
}

static int stress_op_map(struct stress_thread *thread, struct stress_slot *slot)
{
	(void)thread;
	if (!slot->bo.handle)
		return STRESS_NOTHING;
	return slot->bo.map ? mockgpu_bo_unmap(&slot->bo) : mockgpu_bo_map(&slot->bo, NULL);
}

static int stress_op_zap(struct stress_thread *thread, struct stress_slot *slot)
{
	(void)thread;
	return slot->bo.handle ? mockgpu_bo_zap(&slot->bo) : STRESS_NOTHING;
}

static int stress_op_move(struct stress_thread *thread, struct stress_slot *slot)
{
	uint32_t placement = prng_below(&thread->prng, MOCKGPU_PLACEMENT_COUNT);
	uint32_t flags = 0;

	if (!slot->bo.handle)
		return STRESS_NOTHING;
	if (placement == MOCKGPU_PLACEMENT_GTT && prng_chance(&thread->prng, 60))
		flags = MOCKGPU_MOVE_NEW_PAGES;
	if (placement == MOCKGPU_PLACEMENT_VRAM && thread->worker->hides &&
	    prng_chance(&thread->prng, 60))
		flags = MOCKGPU_MOVE_INVISIBLE;
	return mockgpu_bo_move(&slot->bo, placement, flags);
}

/* TTM evicts other buffers from VRAM to make room. */
static int stress_op_crowd(struct stress_thread *thread, struct stress_slot *slot)
{
	const struct drm_mockgpu_bo_create want = {
		.size = STRESS_CROWD,
		.placement = MOCKGPU_PLACEMENT_VRAM,
	};
	struct mockgpu_bo bo;
	int ret;

	(void)slot;
	ret = mockgpu_bo_make(thread->worker->fd, &want, &bo);
	return ret ? ret : mockgpu_bo_destroy(&bo);
}

static int stress_op_swapout(struct stress_thread *thread, struct stress_slot *slot)
{
	(void)thread;
	return slot->bo.handle ? mockgpu_bo_swapout(&slot->bo) : STRESS_NOTHING;
}

static int stress_op_backup(struct stress_thread *thread, struct stress_slot *slot)
{
	(void)thread;
	return slot->bo.handle ? mockgpu_bo_backup(&slot->bo) : STRESS_NOTHING;
}

static int stress_op_caching(struct stress_thread *thread, struct stress_slot *slot)
{
	struct mockgpu_bo bo = slot->bo;

	if (!bo.handle)
		return STRESS_NOTHING;
	return mockgpu_bo_set_caching(&bo, prng_below(&thread->prng, MOCKGPU_CACHING_COUNT));
}

/* Where somebody else's buffer could be pinned out of the CPU's reach, pin one that nobody has. */
static int stress_pin_own(struct stress_thread *thread)
{
	struct mockgpu_bo bo;
	int ret, end;

	ret = mockgpu_bo_create(thread->worker->fd, MOCKGPU_KIND_TTM, 0, 0, thread->worker->page,
				&bo);
	if (ret)
		return ret;
	ret = mockgpu_bo_pin(&bo, MOCKGPU_PIN);
	if (!ret)
		ret = mockgpu_bo_pin(&bo, MOCKGPU_UNPIN);
	end = mockgpu_bo_destroy(&bo);
	return ret ? ret : end;
}

/* Pin the buffer while it is checked: it cannot move. */
static int stress_op_pin(struct stress_thread *thread, struct stress_slot *slot)
{
	int ret;

	if (!slot->bo.handle)
		return STRESS_NOTHING;
	if (thread->worker->hides)
		return stress_pin_own(thread);
	ret = mockgpu_bo_pin(&slot->bo, MOCKGPU_PIN);
	if (ret)
		return ret;
	if (slot->bo.map)
		stress_look(thread, slot, slot->bo.map);
	return mockgpu_bo_pin(&slot->bo, MOCKGPU_UNPIN);
}

static int stress_op_fault(struct stress_thread *thread, struct stress_slot *slot)
{
	uint32_t arg, mode = stress_fault_mode(&thread->prng, &arg);

	if (!slot->bo.handle)
		return STRESS_NOTHING;
	if (mode == MOCKGPU_FAULT_SIGBUS)
		atomic_store(&slot->ref.ledger->may_fail, 1);
	return mockgpu_bo_set_fault(&slot->bo, mode, arg);
}

static int stress_op_revoke(struct stress_thread *thread, struct stress_slot *slot)
{
	int ret;

	(void)thread;
	if (!slot->bo.handle)
		return STRESS_NOTHING;
	atomic_store(&slot->ref.ledger->revoking, 1);
	ret = mockgpu_bo_revoke(&slot->bo);
	if (!ret)
		atomic_store(&slot->ref.ledger->revoked, 1);
	return ret;
}

/* Copy a page as the device sees it to another buffer, and check the copy. */
static int stress_op_copy(struct stress_thread *thread, struct stress_slot *slot)
{
	size_t size = thread->worker->page;
	struct ledger *ledger = slot->ref.ledger;
	uint64_t page = prng_below(&thread->prng, ledger->npages);
	enum ledger_verdict verdict = LEDGER_GOOD;
	struct ledger_page before;
	struct mockgpu_bo to;
	int ret;

	if (!slot->bo.handle)
		return STRESS_NOTHING;
	ret = mockgpu_bo_create(thread->worker->fd, MOCKGPU_KIND_TTM, 0, 0, size, &to);
	if (ret)
		return ret;
	ledger_copy_begin(ledger, page, &before);
	ret = mockgpu_bo_copy(&to, 0, &slot->bo, page * size, size);
	if (!ret)
		ret = mockgpu_bo_map(&to, NULL);
	if (!ret)
		verdict = ledger_copy_check(ledger, to.map, page, &before);
	if (verdict)
		stress_complain(thread, slot, ledger_verdict_text(verdict), page);
	mockgpu_bo_destroy(&to);
	return ret;
}

/* Work of the engine: moves and copies have to wait for it, nobody else. It changes nothing. */
static int stress_op_submit(struct stress_thread *thread, struct stress_slot *slot)
{
	const struct drm_mockgpu_submit_bo use = {
		.handle = slot->bo.handle,
		.flags = prng_chance(&thread->prng, 50) ? MOCKGPU_SUBMIT_WRITE : 0,
	};
	const struct drm_mockgpu_submit args = {
		.bos = (uintptr_t)&use,
		.bo_count = 1,
		.delay = prng_below(&thread->prng, STRESS_DELAY_MAX),
	};

	if (!slot->bo.handle)
		return STRESS_NOTHING;
	return mockgpu_submit(slot->bo.fd, &args);
}

/* No operation may change the reference count or flags of a page. */
static int stress_op_compare(struct stress_thread *thread, struct stress_slot *slot)
{
	struct drm_mockgpu_bo_compare result;
	int ret;

	if (!slot->bo.handle)
		return STRESS_NOTHING;
	ret = mockgpu_bo_snapshot(&slot->bo);
	if (ret)
		return ret;
	if (slot->bo.map)
		stress_look(thread, slot, slot->bo.map);
	ret = mockgpu_bo_compare(&slot->bo, &result);
	if (!ret && result.changed)
		stress_complain(thread, slot, "has another count or other flags", result.first);
	return ret;
}

/* A child has the same mappings; it checks them, or is killed while it does. */
static int stress_op_fork(struct stress_thread *thread, struct stress_slot *slot)
{
	bool killed = prng_chance(&thread->prng, 50);
	pid_t child;
	int status;

	if (!slot->bo.map)
		return STRESS_NOTHING;
	child = fork();
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		stress_look(thread, slot, slot->bo.map);
		_exit(0);
	}
	if (child < 0)
		return -errno;
	if (killed)
		kill(child, SIGKILL);
	if (waitpid(child, &status, 0) != child)
		return -errno;
	if (WIFSIGNALED(status) && !killed)
		stress_complain(thread, slot, "killed a child", 0);
	return 0;
}

const struct stress_op stress_ops[] = {
	{ "create", 60, STRESS_EMPTY, stress_op_create, .errors = { ENOMEM, EOPNOTSUPP } },
	{ "destroy", 20, STRESS_CHANGE, stress_op_destroy, .errors = {} },
	{ "look", 120, STRESS_USE, stress_op_look, .errors = {} },
	{ "map or unmap", 15, STRESS_CHANGE, stress_op_map, .errors = {} },
	{ "zap", 20, STRESS_USE, stress_op_zap, .errors = {} },
	{ "move", 40, STRESS_USE, stress_op_move, .errors = { EBUSY, ENOMEM, E2BIG } },
	{ "crowd", 2, STRESS_EMPTY, stress_op_crowd, .errors = { ENOMEM } },
	{ "swap out", 15, STRESS_USE, stress_op_swapout, .errors = { EBUSY, ENOMEM, ENOSPC } },
	{ "back up", 5, STRESS_USE, stress_op_backup,
	  .errors = { EBUSY, ENOMEM, EINVAL, EOPNOTSUPP, ENOSPC }, .optional = true },
	{ "set caching", 15, STRESS_USE, stress_op_caching, .errors = { EBUSY, ENOMEM } },
	{ "pin and unpin", 10, STRESS_USE, stress_op_pin, .errors = { EBUSY, ENOMEM } },
	{ "set fault mode", 15, STRESS_USE, stress_op_fault, .errors = { EOPNOTSUPP } },
	{ "revoke", 3, STRESS_USE, stress_op_revoke, .errors = { EBUSY, ENOMEM } },
	{ "copy", 15, STRESS_USE, stress_op_copy, .errors = { ENOMEM } },
	{ "submit", 15, STRESS_USE, stress_op_submit, .errors = { EBUSY, ENOMEM } },
	{ "compare pages", 10, STRESS_USE, stress_op_compare,
	  .errors = { ENODATA, ESTALE, ENOMEM } },
	{ "fork", 5, STRESS_USE, stress_op_fork, .errors = { EAGAIN, ENOMEM } },
	{ "send", 15, STRESS_USE, stress_op_send, .errors = { ENOMEM } },
	{ "receive", 25, STRESS_EMPTY, stress_op_receive, .errors = { ENOMEM } },
	{ "map dma-buf", 15, STRESS_USE, stress_op_map_dmabuf, .errors = { ENOMEM } },
	{ "attach vgem", 5, STRESS_USE, stress_op_vgem,
	  .errors = { ENOMEM, EBUSY }, .optional = true },
	{ "import udmabuf", 3, STRESS_EMPTY, stress_op_udmabuf,
	  .errors = { ENOMEM }, .optional = true },
	{ "import from heap", 3, STRESS_EMPTY, stress_op_heap,
	  .errors = { ENOMEM }, .optional = true },
};

const unsigned int stress_op_count = ARRAY_SIZE(stress_ops);
_Static_assert(ARRAY_SIZE(stress_ops) <= STRESS_OPS_MAX, "STRESS_OPS_MAX in stress.h");
