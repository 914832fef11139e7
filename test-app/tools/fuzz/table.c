// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls of uapi/ and of DRM's own header. A new ioctl needs one entry here;
 * fuzz_table_is_whole() finds missing ones.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <drm.h>

#include "fuzz.h"

#define FIELD(type, name, what, value) \
	{ offsetof(struct type, name), sizeof(((struct type *)0)->name), FUZZ_##what, value }
#define FIELDS(...) ((const struct fuzz_field[]) { __VA_ARGS__, {} })

/* Placements that MOCKGPU_BO_CREATE accepts: all but SYSTEM. */
#define PLACEMENTS_NEW (MOCKGPU_PLACEMENT_VRAM + 1)

static void fuzz_done_create(struct fuzz_worker *worker, int fd, const void *args)
{
	const struct drm_mockgpu_bo_create *create = args;

	fuzz_buffer_add(worker, fd, create->handle, create->size);
}

static void fuzz_done_offset(struct fuzz_worker *worker, int fd, const void *args)
{
	const struct drm_mockgpu_bo_mmap_offset *offset = args;
	struct fuzz_buffer *buffer = fuzz_buffer_find(worker, fd, offset->handle);

	if (buffer)
		buffer->offset = offset->offset;
}

/* A guessed handle. */
static void fuzz_done_query(struct fuzz_worker *worker, int fd, const void *args)
{
	const struct drm_mockgpu_bo_query *query = args;

	if (!fuzz_buffer_find(worker, fd, query->handle))
		fuzz_buffer_add(worker, fd, query->handle, query->size);
}

static void fuzz_done_close(struct fuzz_worker *worker, int fd, const void *args)
{
	const struct drm_gem_close *close = args;
	struct fuzz_buffer *buffer = fuzz_buffer_find(worker, fd, close->handle);

	if (buffer)
		*buffer = (struct fuzz_buffer) {};
}

static void fuzz_done_export(struct fuzz_worker *worker, int fd, const void *args)
{
	const struct drm_prime_handle *prime = args;

	(void)fd;
	fuzz_fd_add(worker, prime->fd);
}

static void fuzz_done_import(struct fuzz_worker *worker, int fd, const void *args)
{
	const struct drm_prime_handle *prime = args;

	fuzz_buffer_add(worker, fd, prime->handle, worker->page);
}

/* Its purpose is a WARN in the kernel log. */
static void fuzz_tame_inject(struct fuzz_worker *worker, int fd, void *args)
{
	struct drm_mockgpu_bo_inject *inject = args;

	(void)worker;
	(void)fd;
	if (inject->op == MOCKGPU_INJECT_WARN)
		inject->op = MOCKGPU_INJECT_WARN + 1;
}

/*
 * Limit the delay to about the time of a call, and exclude faults that are never answered: those
 * make an access last forever, as they should.
 */
static uint32_t fuzz_tame_fault(uint32_t mode, uint32_t arg)
{
	if (mode == MOCKGPU_FAULT_SLOW && arg <= MOCKGPU_FAULT_DELAY_MAX)
		return arg % 100;
	return mode == MOCKGPU_FAULT_NOPAGE && arg == 1 ? 2 : arg;
}

static void fuzz_tame_create(struct fuzz_worker *worker, int fd, void *args)
{
	struct drm_mockgpu_bo_create *create = args;

	(void)worker;
	(void)fd;
	create->fault_arg = fuzz_tame_fault(create->fault_mode, create->fault_arg);
}

static void fuzz_tame_set_fault(struct fuzz_worker *worker, int fd, void *args)
{
	struct drm_mockgpu_bo_set_fault *set = args;

	(void)worker;
	(void)fd;
	set->arg = fuzz_tame_fault(set->mode, set->arg);
}

static const struct fuzz_field fuzz_use[] = {
	FIELD(drm_mockgpu_submit_bo, handle, HANDLE, 0),
	FIELD(drm_mockgpu_submit_bo, flags, FLAGS, MOCKGPU_SUBMIT_WRITE | MOCKGPU_SUBMIT_FILL),
	FIELD(drm_mockgpu_submit_bo, value, FEW, 0),
	FIELD(drm_mockgpu_submit_bo, reserved, ZERO, 0),
	{}
};

static const struct fuzz_field fuzz_sync[] = {
	FIELD(drm_mockgpu_sync, handle, FEW, 0),
	FIELD(drm_mockgpu_sync, flags, ZERO, 0),
	FIELD(drm_mockgpu_sync, point, FEW, 0),
	{}
};

/* Most entries of a list that are filled. */
#define FUZZ_LIST 4

/* Fill the list with this number. Return: its address. */
static uint64_t fuzz_list(struct fuzz_worker *worker, int fd, unsigned int number,
			  const struct fuzz_field *fields, size_t size)
{
	unsigned char *list = worker->arena + number * FUZZ_LIST * size;
	const struct fuzz_field *field;
	unsigned int i;

	for (i = 0; i < FUZZ_LIST; i++)
		for (field = fields; field->size; field++)
			fuzz_field_fill(worker, fd, field, list + i * size);
	return (uintptr_t)list;
}

/* Mostly lists that have a meaning, and a delay of about the time of a call. */
static void fuzz_tame_submit(struct fuzz_worker *worker, int fd, void *args)
{
	struct drm_mockgpu_submit *submit = args;

	if (submit->delay <= MOCKGPU_SUBMIT_DELAY_MAX)
		submit->delay %= 100;
	if (prng_chance(&worker->prng, 15))
		return;
	submit->bos = fuzz_list(worker, fd, 0, fuzz_use, sizeof(struct drm_mockgpu_submit_bo));
	submit->waits = fuzz_list(worker, fd, 1, fuzz_sync, sizeof(struct drm_mockgpu_sync));
	submit->signals = fuzz_list(worker, fd, 2, fuzz_sync, sizeof(struct drm_mockgpu_sync));
}

static void fuzz_done_userptr(struct fuzz_worker *worker, int fd, const void *args)
{
	const struct drm_mockgpu_bo_userptr *userptr = args;

	fuzz_buffer_add(worker, fd, userptr->handle, userptr->size);
}

/*
 * Memory that the GPU may write, often just taken away, or a mapping of a buffer, which it must not
 * write. Never the fuzzer's own.
 */
static void fuzz_tame_userptr(struct fuzz_worker *worker, int fd, void *args)
{
	struct drm_mockgpu_bo_userptr *userptr = args;
	const struct fuzz_map *map = fuzz_map_any(worker);

	(void)fd;
	userptr->address = (uintptr_t)worker->memory +
			   prng_below(&worker->prng, FUZZ_MEMORY_PAGES) * worker->page;
	if (map && prng_chance(&worker->prng, 10))
		userptr->address = (uintptr_t)map->at;
	if (prng_chance(&worker->prng, 5))
		userptr->address ^= 1ull << prng_below(&worker->prng, 12);
	if (prng_chance(&worker->prng, 50))
		madvise(worker->memory, FUZZ_MEMORY_PAGES * worker->page, MADV_DONTNEED);
}

const struct fuzz_call fuzz_calls[] = {
	{
		"BO_CREATE", 12, DRM_IOCTL_MOCKGPU_BO_CREATE,
		FIELDS(FIELD(drm_mockgpu_bo_create, size, SIZE, 0),
		       FIELD(drm_mockgpu_bo_create, kind, ENUM, MOCKGPU_KIND_COUNT),
		       FIELD(drm_mockgpu_bo_create, order, ENUM, MOCKGPU_MAX_ORDER + 1),
		       FIELD(drm_mockgpu_bo_create, caching, ENUM, MOCKGPU_CACHING_COUNT),
		       FIELD(drm_mockgpu_bo_create, flags, FLAGS,
			     MOCKGPU_BO_PAGE_MAPPING | MOCKGPU_BO_CPU_ACCESS |
			     MOCKGPU_BO_DISCARDABLE | MOCKGPU_BO_HUGE_PUD |
			     MOCKGPU_BO_CONTIGUOUS),
		       FIELD(drm_mockgpu_bo_create, handle, ZERO, 0),
		       FIELD(drm_mockgpu_bo_create, placement, ENUM, PLACEMENTS_NEW),
		       FIELD(drm_mockgpu_bo_create, fault_mode, ENUM, MOCKGPU_FAULT_COUNT),
		       FIELD(drm_mockgpu_bo_create, fault_arg, FEW, 0),
		       FIELD(drm_mockgpu_bo_create, reserved, ZERO, 0)),
		.errors = { EINVAL, E2BIG, ENOMEM, EOPNOTSUPP }, .restricted = true,
		.tame = fuzz_tame_create, .done = fuzz_done_create,
	}, {
		"BO_MMAP_OFFSET", 3, DRM_IOCTL_MOCKGPU_BO_MMAP_OFFSET,
		FIELDS(FIELD(drm_mockgpu_bo_mmap_offset, handle, HANDLE, 0),
		       FIELD(drm_mockgpu_bo_mmap_offset, flags, ZERO, 0),
		       FIELD(drm_mockgpu_bo_mmap_offset, offset, ZERO, 0)),
		.errors = { EINVAL, ENOENT, EPERM }, .done = fuzz_done_offset,
	}, {
		"BO_QUERY", 3, DRM_IOCTL_MOCKGPU_BO_QUERY,
		FIELDS(FIELD(drm_mockgpu_bo_query, handle, HANDLE, 0),
		       FIELD(drm_mockgpu_bo_query, flags, ZERO, 0),
		       FIELD(drm_mockgpu_bo_query, size, OUT, 0),
		       FIELD(drm_mockgpu_bo_query, faults, OUT, 0),
		       FIELD(drm_mockgpu_bo_query, zaps, OUT, 0),
		       FIELD(drm_mockgpu_bo_query, kind, OUT, 0),
		       FIELD(drm_mockgpu_bo_query, order, OUT, 0),
		       FIELD(drm_mockgpu_bo_query, caching, OUT, 0),
		       FIELD(drm_mockgpu_bo_query, placement, OUT, 0),
		       FIELD(drm_mockgpu_bo_query, state, OUT, 0),
		       FIELD(drm_mockgpu_bo_query, moves, OUT, 0),
		       FIELD(drm_mockgpu_bo_query, swapouts, OUT, 0),
		       FIELD(drm_mockgpu_bo_query, upgrades, OUT, 0),
		       FIELD(drm_mockgpu_bo_query, entry_caching, OUT, 0),
		       FIELD(drm_mockgpu_bo_query, discards, OUT, 0),
		       FIELD(drm_mockgpu_bo_query, invalidations, OUT, 0),
		       FIELD(drm_mockgpu_bo_query, user_faults, OUT, 0),
		       FIELD(drm_mockgpu_bo_query, vram_blocks, OUT, 0),
		       FIELD(drm_mockgpu_bo_query, vram_runs, OUT, 0)),
		.errors = { EINVAL, ENOENT }, .done = fuzz_done_query,
	}, {
		"BO_PAGES", 3, DRM_IOCTL_MOCKGPU_BO_PAGES,
		FIELDS(FIELD(drm_mockgpu_bo_pages, handle, HANDLE, 0),
		       FIELD(drm_mockgpu_bo_pages, flags, ZERO, 0),
		       FIELD(drm_mockgpu_bo_pages, first, NUMBER, 0),
		       FIELD(drm_mockgpu_bo_pages, count, NUMBER, 0),
		       FIELD(drm_mockgpu_bo_pages, ptr, POINTER, 0),
		       FIELD(drm_mockgpu_bo_pages, reserved, ZERO, 0)),
		.errors = { EINVAL, ENOENT, ENODATA, ENOMEM, EFAULT }, .privileged = true,
	}, {
		"BO_ZAP", 3, DRM_IOCTL_MOCKGPU_BO_ZAP,
		FIELDS(FIELD(drm_mockgpu_bo_zap, handle, HANDLE, 0),
		       FIELD(drm_mockgpu_bo_zap, flags, ZERO, 0)),
		.errors = { EINVAL, ENOENT },
	}, {
		"BO_SNAPSHOT", 2, DRM_IOCTL_MOCKGPU_BO_SNAPSHOT,
		FIELDS(FIELD(drm_mockgpu_bo_snapshot, handle, HANDLE, 0),
		       FIELD(drm_mockgpu_bo_snapshot, flags, ZERO, 0)),
		.errors = { EINVAL, ENOENT, ENOMEM, ENODATA }, .privileged = true,
	}, {
		"BO_COMPARE", 2, DRM_IOCTL_MOCKGPU_BO_COMPARE,
		FIELDS(FIELD(drm_mockgpu_bo_compare, handle, HANDLE, 0),
		       FIELD(drm_mockgpu_bo_compare, flags, ZERO, 0),
		       FIELD(drm_mockgpu_bo_compare, changed, OUT, 0),
		       FIELD(drm_mockgpu_bo_compare, first, OUT, 0),
		       FIELD(drm_mockgpu_bo_compare, before, OUT, 0),
		       FIELD(drm_mockgpu_bo_compare, after, OUT, 0)),
		.errors = { EINVAL, ENOENT, ENODATA, ESTALE }, .privileged = true,
	}, {
		"BO_INJECT", 2, DRM_IOCTL_MOCKGPU_BO_INJECT,
		FIELDS(FIELD(drm_mockgpu_bo_inject, handle, HANDLE, 0),
		       FIELD(drm_mockgpu_bo_inject, op, ENUM, MOCKGPU_INJECT_WARN),
		       FIELD(drm_mockgpu_bo_inject, page, FEW, 0),
		       FIELD(drm_mockgpu_bo_inject, other_handle, OTHER, 0),
		       FIELD(drm_mockgpu_bo_inject, flags, ZERO, 0),
		       FIELD(drm_mockgpu_bo_inject, other_page, FEW, 0)),
		.errors = { EINVAL, ENOENT, EBUSY, ENODATA, ENOMEM }, .privileged = true,
		.tame = fuzz_tame_inject,
	}, {
		"BO_MOVE", 8, DRM_IOCTL_MOCKGPU_BO_MOVE,
		FIELDS(FIELD(drm_mockgpu_bo_move, handle, HANDLE, 0),
		       FIELD(drm_mockgpu_bo_move, placement, ENUM, MOCKGPU_PLACEMENT_COUNT),
		       FIELD(drm_mockgpu_bo_move, flags, FLAGS,
			     MOCKGPU_MOVE_NEW_PAGES | MOCKGPU_MOVE_INVISIBLE),
		       FIELD(drm_mockgpu_bo_move, reserved, ZERO, 0)),
		.errors = { EINVAL, ENOENT, EBUSY, E2BIG, EOPNOTSUPP, ENOMEM, ENODEV },
	}, {
		"BO_SWAPOUT", 4, DRM_IOCTL_MOCKGPU_BO_SWAPOUT,
		FIELDS(FIELD(drm_mockgpu_bo_swapout, handle, HANDLE, 0),
		       FIELD(drm_mockgpu_bo_swapout, flags, FLAGS, MOCKGPU_SWAPOUT_BACKUP)),
		.errors = { EINVAL, ENOENT, EBUSY, ENOMEM, ENODEV, EOPNOTSUPP, ENOSPC },
	}, {
		"BO_PIN", 2, DRM_IOCTL_MOCKGPU_BO_PIN,
		FIELDS(FIELD(drm_mockgpu_bo_pin, handle, HANDLE, 0),
		       FIELD(drm_mockgpu_bo_pin, op, ENUM, MOCKGPU_UNPIN + 1),
		       FIELD(drm_mockgpu_bo_pin, flags, ZERO, 0),
		       FIELD(drm_mockgpu_bo_pin, reserved, ZERO, 0)),
		.errors = { EINVAL, ENOENT, EBUSY, ENOMEM, ENODEV }, .restricted = true,
	}, {
		"BO_SET_CACHING", 4, DRM_IOCTL_MOCKGPU_BO_SET_CACHING,
		FIELDS(FIELD(drm_mockgpu_bo_set_caching, handle, HANDLE, 0),
		       FIELD(drm_mockgpu_bo_set_caching, caching, ENUM, MOCKGPU_CACHING_COUNT),
		       FIELD(drm_mockgpu_bo_set_caching, flags, ZERO, 0),
		       FIELD(drm_mockgpu_bo_set_caching, reserved, ZERO, 0)),
		.errors = { EINVAL, ENOENT, EBUSY, ENOMEM, ENODEV }, .restricted = true,
	}, {
		"BO_REVOKE", 1, DRM_IOCTL_MOCKGPU_BO_REVOKE,
		FIELDS(FIELD(drm_mockgpu_bo_revoke, handle, HANDLE, 0),
		       FIELD(drm_mockgpu_bo_revoke, flags, ZERO, 0)),
		.errors = { EINVAL, ENOENT, EBUSY, ENOMEM }, .restricted = true,
	}, {
		"BO_SET_FAULT", 4, DRM_IOCTL_MOCKGPU_BO_SET_FAULT,
		FIELDS(FIELD(drm_mockgpu_bo_set_fault, handle, HANDLE, 0),
		       FIELD(drm_mockgpu_bo_set_fault, mode, ENUM, MOCKGPU_FAULT_COUNT),
		       FIELD(drm_mockgpu_bo_set_fault, arg, FEW, 0),
		       FIELD(drm_mockgpu_bo_set_fault, flags, ZERO, 0)),
		.errors = { EINVAL, ENOENT, EOPNOTSUPP }, .restricted = true,
		.tame = fuzz_tame_set_fault,
	}, {
		"GET_PARAM", 1, DRM_IOCTL_MOCKGPU_GET_PARAM,
		FIELDS(FIELD(drm_mockgpu_get_param, param, ENUM, MOCKGPU_PARAM_COUNT),
		       FIELD(drm_mockgpu_get_param, flags, ZERO, 0),
		       FIELD(drm_mockgpu_get_param, value, ZERO, 0),
		       FIELD(drm_mockgpu_get_param, reserved, ZERO, 0)),
		.errors = { EINVAL },
	}, {
		"BO_COPY", 6, DRM_IOCTL_MOCKGPU_BO_COPY,
		FIELDS(FIELD(drm_mockgpu_bo_copy, src, HANDLE, 0),
		       FIELD(drm_mockgpu_bo_copy, dst, HANDLE, 0),
		       FIELD(drm_mockgpu_bo_copy, src_offset, BYTES, 0),
		       FIELD(drm_mockgpu_bo_copy, dst_offset, BYTES, 0),
		       FIELD(drm_mockgpu_bo_copy, size, BYTES, 0),
		       FIELD(drm_mockgpu_bo_copy, flags, ZERO, 0),
		       FIELD(drm_mockgpu_bo_copy, reserved, ZERO, 0)),
		.errors = { EINVAL, ENOENT, EACCES, EFAULT, ENOMEM, EOPNOTSUPP, ENODEV, ESRCH },
	}, {
		"SUBMIT", 8, DRM_IOCTL_MOCKGPU_SUBMIT,
		FIELDS(FIELD(drm_mockgpu_submit, bos, POINTER, 0),
		       FIELD(drm_mockgpu_submit, waits, POINTER, 0),
		       FIELD(drm_mockgpu_submit, signals, POINTER, 0),
		       FIELD(drm_mockgpu_submit, bo_count, FEW, 0),
		       FIELD(drm_mockgpu_submit, wait_count, FEW, 0),
		       FIELD(drm_mockgpu_submit, signal_count, FEW, 0),
		       FIELD(drm_mockgpu_submit, delay, FEW, 0),
		       FIELD(drm_mockgpu_submit, flags, ZERO, 0),
		       FIELD(drm_mockgpu_submit, reserved, ZERO, 0)),
		.errors = { EINVAL, ENOENT, E2BIG, EACCES, EBUSY, EFAULT, ENOMEM, EOPNOTSUPP,
			    ENODEV, ESRCH },
		.tame = fuzz_tame_submit,
	}, {
		"BO_USERPTR", 3, DRM_IOCTL_MOCKGPU_BO_USERPTR,
		FIELDS(FIELD(drm_mockgpu_bo_userptr, address, OUT, 0),
		       FIELD(drm_mockgpu_bo_userptr, size, SIZE, 0),
		       FIELD(drm_mockgpu_bo_userptr, flags, FLAGS,
			     MOCKGPU_USERPTR_READ_ONLY | MOCKGPU_USERPTR_VALIDATE),
		       FIELD(drm_mockgpu_bo_userptr, handle, ZERO, 0),
		       FIELD(drm_mockgpu_bo_userptr, reserved, ZERO, 0)),
		.errors = { EINVAL, E2BIG, EFAULT, ENOMEM, EOPNOTSUPP },
		.tame = fuzz_tame_userptr, .done = fuzz_done_userptr,
	}, {
		"SYNCOBJ_CREATE", 2, DRM_IOCTL_SYNCOBJ_CREATE,
		FIELDS(FIELD(drm_syncobj_create, handle, OUT, 0),
		       FIELD(drm_syncobj_create, flags, FLAGS, DRM_SYNCOBJ_CREATE_SIGNALED)),
		.errors = { EINVAL, ENOMEM },
	}, {
		"SYNCOBJ_DESTROY", 1, DRM_IOCTL_SYNCOBJ_DESTROY,
		FIELDS(FIELD(drm_syncobj_destroy, handle, FEW, 0),
		       FIELD(drm_syncobj_destroy, pad, ZERO, 0)),
		.errors = { EINVAL },
	}, {
		"GEM_CLOSE", 3, DRM_IOCTL_GEM_CLOSE,
		FIELDS(FIELD(drm_gem_close, handle, HANDLE, 0),
		       FIELD(drm_gem_close, pad, OUT, 0)),
		.errors = { EINVAL }, .done = fuzz_done_close,
	}, {
		"PRIME_HANDLE_TO_FD", 4, DRM_IOCTL_PRIME_HANDLE_TO_FD,
		FIELDS(FIELD(drm_prime_handle, handle, HANDLE, 0),
		       FIELD(drm_prime_handle, flags, FLAGS, DRM_CLOEXEC | DRM_RDWR),
		       FIELD(drm_prime_handle, fd, OUT, 0)),
		.errors = { EINVAL, ENOENT, ENOMEM, EOPNOTSUPP, ENODEV, EPERM },
		.done = fuzz_done_export,
	}, {
		"PRIME_FD_TO_HANDLE", 4, DRM_IOCTL_PRIME_FD_TO_HANDLE,
		FIELDS(FIELD(drm_prime_handle, handle, OUT, 0),
		       FIELD(drm_prime_handle, flags, OUT, 0),
		       FIELD(drm_prime_handle, fd, FD, 0)),
		.errors = { EINVAL, EBADF, ENOMEM, EOPNOTSUPP, ENODEV },
		.done = fuzz_done_import,
	},
};

_Static_assert(ARRAY_SIZE(fuzz_calls) == FUZZ_CALLS, "FUZZ_CALLS in fuzz.h counts them");

/* Whether the entries cover the whole structure, without gaps. */
static bool fuzz_call_is_whole(const struct fuzz_call *call)
{
	const struct fuzz_field *field;
	unsigned int end = 0;

	for (field = call->fields; field->size; field++) {
		if (field->offset != end)
			break;
		end += field->size;
	}
	if (end == _IOC_SIZE(call->request))
		return true;
	printf("# fuzz/table.c: %s has no entry for byte %u\n", call->name, end);
	return false;
}

static bool fuzz_table_knows(unsigned int number)
{
	unsigned int i;

	for (i = 0; i < FUZZ_CALLS; i++)
		if (_IOC_NR(fuzz_calls[i].request) == number)
			return true;
	return false;
}

/*
 * Whether the driver has this ioctl: for an unknown one DRM returns EINVAL before it reads the
 * argument (drm_ioctl()).
 */
static bool fuzz_driver_knows(int fd, unsigned int number)
{
	return ioctl(fd, _IOC(_IOC_READ | _IOC_WRITE, DRM_IOCTL_BASE, number, 8), NULL) &&
	       errno == EFAULT;
}

/* Whether the table has all ioctls of the driver and all of their members. */
bool fuzz_table_is_whole(int fd)
{
	unsigned int number, i;
	bool whole = true;

	for (i = 0; i < FUZZ_CALLS; i++)
		whole &= fuzz_call_is_whole(&fuzz_calls[i]);
	for (number = DRM_COMMAND_BASE; number < DRM_COMMAND_END; number++) {
		if (fuzz_table_knows(number) || !fuzz_driver_knows(fd, number))
			continue;
		printf("# fuzz/table.c: the driver's ioctl %#x is missing\n",
		       number - DRM_COMMAND_BASE);
		whole = false;
	}
	return whole;
}
