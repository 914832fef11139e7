// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xf86drm.h>

#include "mockgpu.h"

#define MOCKGPU_MODULE "mockgpu"

static const char * const kind_names[] = {
	[MOCKGPU_KIND_TTM] = "ttm",
	[MOCKGPU_KIND_NONCOMPOUND] = "noncompound",
	[MOCKGPU_KIND_COMPOUND] = "compound",
	[MOCKGPU_KIND_SPLIT] = "split",
	[MOCKGPU_KIND_RESERVED] = "reserved",
};

static const char * const caching_names[] = {
	[MOCKGPU_CACHING_CACHED] = "cached",
	[MOCKGPU_CACHING_WC] = "wc",
	[MOCKGPU_CACHING_UC] = "uc",
};

static const char *name_of(const char * const *names, size_t count, uint32_t value)
{
	return value < count ? names[value] : "?";
}

static int value_of(const char * const *names, size_t count, const char *name)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (!strcmp(names[i], name))
			return i;
	return -EINVAL;
}

const char *mockgpu_kind_name(uint32_t kind)
{
	return name_of(kind_names, MOCKGPU_KIND_COUNT, kind);
}

int mockgpu_kind_parse(const char *name)
{
	return value_of(kind_names, MOCKGPU_KIND_COUNT, name);
}

const char *mockgpu_caching_name(uint32_t caching)
{
	return name_of(caching_names, MOCKGPU_CACHING_COUNT, caching);
}

int mockgpu_caching_parse(const char *name)
{
	return value_of(caching_names, MOCKGPU_CACHING_COUNT, name);
}

/* Say why @what could not be opened. Return: the errno. */
static int explain(const char *what, int err, char *why, size_t size)
{
	if (access("/sys/module/" MOCKGPU_MODULE, F_OK)) {
		if (why)
			snprintf(why, size,
				 "module mockgpu is not loaded: run \"make load\" or \"modprobe mockgpu\"");
		return -ENODEV;
	}
	if (why && err == ENODEV)
		snprintf(why, size,
			 "%s is not there, its device is gone: run \"make unload load\"", what);
	else if (why)
		snprintf(why, size, "%s cannot be opened (%s)%s", what, strerror(err),
			 err == EACCES || err == EPERM ?
			 ": run as root or, for the render node, join group render" : "");
	return -err;
}

static int is_mockgpu(int fd)
{
	drmVersion *version = drmGetVersion(fd);
	int ret = version && !strcmp(version->name, MOCKGPU_MODULE);

	drmFreeVersion(version);
	return ret;
}

/*
 * Our render node number @nth. libdrm's drmOpenWithType() tries all nodes too but keeps
 * the errno of the last one, which usually does not exist.
 */
static int open_render(int nth)
{
	char path[64];
	int i, fd, err = ENODEV;

	/* 64 render nodes, as in libdrm. */
	for (i = 128; i < 192; i++) {
		snprintf(path, sizeof(path), DRM_RENDER_DEV_NAME, DRM_DIR_NAME, i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		/* This node may have been ours. */
		if (fd < 0 && err == ENODEV && errno != ENOENT && errno != ENXIO)
			err = errno;
		if (fd < 0)
			continue;
		if (is_mockgpu(fd) && !nth--)
			return fd;
		close(fd);
	}
	return -err;
}

int mockgpu_open(char *why, size_t size)
{
	int fd = open_render(0);

	return fd >= 0 ? fd : explain("the render node of mockgpu", -fd, why, size);
}

int mockgpu_open_peer(void)
{
	return open_render(1);
}

int mockgpu_node_open(int flags, uint64_t *bytes, char *why, size_t size)
{
	off_t end;
	int err, fd;

	fd = open(MOCKGPU_NODE, flags | O_CLOEXEC);
	if (fd < 0)
		return explain(MOCKGPU_NODE, errno, why, size);
	end = lseek(fd, 0, SEEK_END);
	if (end < 0) {
		err = errno;
		close(fd);
		return explain(MOCKGPU_NODE, err, why, size);
	}
	if (bytes)
		*bytes = end;
	return fd;
}

static int bo_ioctl(int fd, unsigned long request, void *arg)
{
	return drmIoctl(fd, request, arg) ? -errno : 0;
}

int mockgpu_bo_make(int fd, const struct drm_mockgpu_bo_create *want,
		    struct mockgpu_bo *bo)
{
	struct drm_mockgpu_bo_create args = *want;
	int ret = bo_ioctl(fd, DRM_IOCTL_MOCKGPU_BO_CREATE, &args);

	*bo = (struct mockgpu_bo) {
		.fd = fd,
		.handle = ret ? 0 : args.handle,
		.size = want->size,
		.kind = want->kind,
		.order = want->order,
		.caching = want->caching,
	};
	return ret;
}

int mockgpu_bo_create(int fd, uint32_t kind, uint32_t order, uint32_t caching,
		      uint64_t size, struct mockgpu_bo *bo)
{
	const struct drm_mockgpu_bo_create want = {
		.size = size,
		.kind = kind,
		.order = order,
		.caching = caching,
	};

	return mockgpu_bo_make(fd, &want, bo);
}

int mockgpu_bo_destroy(struct mockgpu_bo *bo)
{
	int ret;

	if (!bo->handle)
		return 0;
	ret = mockgpu_bo_unmap(bo);
	if (ret)
		return ret;
	if (drmCloseBufferHandle(bo->fd, bo->handle))
		return -errno;
	bo->handle = 0;
	return 0;
}

int mockgpu_bo_offset(const struct mockgpu_bo *bo, uint64_t *offset)
{
	struct drm_mockgpu_bo_mmap_offset args = { .handle = bo->handle };
	int ret = bo_ioctl(bo->fd, DRM_IOCTL_MOCKGPU_BO_MMAP_OFFSET, &args);

	if (!ret)
		*offset = args.offset;
	return ret;
}

int mockgpu_bo_map(struct mockgpu_bo *bo, void *at)
{
	uint64_t offset;
	void *map;
	int ret;

	if (bo->map)
		return -EBUSY;
	ret = mockgpu_bo_offset(bo, &offset);
	if (ret)
		return ret;
	map = mmap(at, bo->size, PROT_READ | PROT_WRITE,
		   MAP_SHARED | (at ? MAP_FIXED : 0), bo->fd, offset);
	if (map == MAP_FAILED)
		return -errno;
	bo->map = map;
	return 0;
}

int mockgpu_bo_unmap(struct mockgpu_bo *bo)
{
	if (!bo->map)
		return 0;
	if (munmap(bo->map, bo->size))
		return -errno;
	bo->map = NULL;
	return 0;
}

int mockgpu_bo_query(const struct mockgpu_bo *bo,
		     struct drm_mockgpu_bo_query *query)
{
	*query = (struct drm_mockgpu_bo_query) { .handle = bo->handle };
	return bo_ioctl(bo->fd, DRM_IOCTL_MOCKGPU_BO_QUERY, query);
}

int64_t mockgpu_bo_pages(const struct mockgpu_bo *bo, uint64_t first,
			 uint64_t count, struct drm_mockgpu_page *pages)
{
	struct drm_mockgpu_bo_pages args = {
		.handle = bo->handle,
		.first = first,
		.count = count,
		.ptr = (uintptr_t)pages,
	};
	int ret = bo_ioctl(bo->fd, DRM_IOCTL_MOCKGPU_BO_PAGES, &args);

	return ret ? ret : (int64_t)args.count;
}

int mockgpu_bo_zap(const struct mockgpu_bo *bo)
{
	struct drm_mockgpu_bo_zap args = { .handle = bo->handle };

	return bo_ioctl(bo->fd, DRM_IOCTL_MOCKGPU_BO_ZAP, &args);
}

int mockgpu_bo_move(const struct mockgpu_bo *bo, uint32_t placement, uint32_t flags)
{
	struct drm_mockgpu_bo_move args = {
		.handle = bo->handle,
		.placement = placement,
		.flags = flags,
	};

	return bo_ioctl(bo->fd, DRM_IOCTL_MOCKGPU_BO_MOVE, &args);
}

int mockgpu_bo_swapout(const struct mockgpu_bo *bo)
{
	struct drm_mockgpu_bo_swapout args = { .handle = bo->handle };

	return bo_ioctl(bo->fd, DRM_IOCTL_MOCKGPU_BO_SWAPOUT, &args);
}

int mockgpu_bo_backup(const struct mockgpu_bo *bo)
{
	struct drm_mockgpu_bo_swapout args = {
		.handle = bo->handle, .flags = MOCKGPU_SWAPOUT_BACKUP,
	};

	return bo_ioctl(bo->fd, DRM_IOCTL_MOCKGPU_BO_SWAPOUT, &args);
}

int mockgpu_bo_pin(const struct mockgpu_bo *bo, uint32_t op)
{
	struct drm_mockgpu_bo_pin args = { .handle = bo->handle, .op = op };

	return bo_ioctl(bo->fd, DRM_IOCTL_MOCKGPU_BO_PIN, &args);
}

int mockgpu_bo_set_caching(struct mockgpu_bo *bo, uint32_t caching)
{
	struct drm_mockgpu_bo_set_caching args = {
		.handle = bo->handle,
		.caching = caching,
	};
	int ret = bo_ioctl(bo->fd, DRM_IOCTL_MOCKGPU_BO_SET_CACHING, &args);

	if (!ret)
		bo->caching = caching;
	return ret;
}

int mockgpu_bo_revoke(const struct mockgpu_bo *bo)
{
	struct drm_mockgpu_bo_revoke args = { .handle = bo->handle };

	return bo_ioctl(bo->fd, DRM_IOCTL_MOCKGPU_BO_REVOKE, &args);
}

int mockgpu_bo_set_fault(const struct mockgpu_bo *bo, uint32_t mode, uint32_t arg)
{
	struct drm_mockgpu_bo_set_fault args = {
		.handle = bo->handle,
		.mode = mode,
		.arg = arg,
	};

	return bo_ioctl(bo->fd, DRM_IOCTL_MOCKGPU_BO_SET_FAULT, &args);
}

int mockgpu_bo_snapshot(const struct mockgpu_bo *bo)
{
	struct drm_mockgpu_bo_snapshot args = { .handle = bo->handle };

	return bo_ioctl(bo->fd, DRM_IOCTL_MOCKGPU_BO_SNAPSHOT, &args);
}

int mockgpu_bo_compare(const struct mockgpu_bo *bo,
		       struct drm_mockgpu_bo_compare *result)
{
	*result = (struct drm_mockgpu_bo_compare) { .handle = bo->handle };
	return bo_ioctl(bo->fd, DRM_IOCTL_MOCKGPU_BO_COMPARE, result);
}

int mockgpu_bo_inject(const struct mockgpu_bo *bo, uint32_t op, uint64_t page)
{
	struct drm_mockgpu_bo_inject args = {
		.handle = bo->handle,
		.op = op,
		.page = page,
	};

	return bo_ioctl(bo->fd, DRM_IOCTL_MOCKGPU_BO_INJECT, &args);
}

int mockgpu_bo_inject_foreign(const struct mockgpu_bo *bo, uint64_t page,
			      const struct mockgpu_bo *other,
			      uint64_t other_page)
{
	struct drm_mockgpu_bo_inject args = {
		.handle = bo->handle,
		.op = MOCKGPU_INJECT_FOREIGN,
		.page = page,
		.other_handle = other->handle,
		.other_page = other_page,
	};

	return bo_ioctl(bo->fd, DRM_IOCTL_MOCKGPU_BO_INJECT, &args);
}

int mockgpu_bo_export(const struct mockgpu_bo *bo)
{
	int fd;

	if (drmPrimeHandleToFD(bo->fd, bo->handle, DRM_CLOEXEC | DRM_RDWR, &fd))
		return -errno;
	return fd;
}

int mockgpu_bo_import(int fd, int dmabuf, struct mockgpu_bo *bo)
{
	struct drm_mockgpu_bo_query query;
	int ret;

	*bo = (struct mockgpu_bo) { .fd = fd };
	if (drmPrimeFDToHandle(fd, dmabuf, &bo->handle))
		return -errno;
	ret = mockgpu_bo_query(bo, &query);
	if (ret) {
		mockgpu_bo_destroy(bo);
		return ret;
	}
	bo->size = query.size;
	bo->kind = query.kind;
	bo->order = query.order;
	bo->caching = query.caching;
	return 0;
}

int mockgpu_get_param(int fd, uint32_t param, uint64_t *value)
{
	struct drm_mockgpu_get_param args = { .param = param };
	int ret = bo_ioctl(fd, DRM_IOCTL_MOCKGPU_GET_PARAM, &args);

	*value = args.value;
	return ret;
}

bool mockgpu_supports(int fd, uint32_t param, uint32_t what)
{
	uint64_t mask;

	return !mockgpu_get_param(fd, param, &mask) && what < 64 && mask >> what & 1;
}

int mockgpu_bo_copy(const struct mockgpu_bo *dst, uint64_t dst_offset,
		    const struct mockgpu_bo *src, uint64_t src_offset, uint64_t size)
{
	struct drm_mockgpu_bo_copy args = {
		.dst = dst->handle,
		.src = src->handle,
		.dst_offset = dst_offset,
		.src_offset = src_offset,
		.size = size,
	};

	return bo_ioctl(dst->fd, DRM_IOCTL_MOCKGPU_BO_COPY, &args);
}

int mockgpu_bo_clone(const struct mockgpu_bo *bo, struct mockgpu_bo *clone)
{
	int ret;

	ret = mockgpu_bo_create(bo->fd, MOCKGPU_KIND_TTM, 0, 0, bo->size, clone);
	if (!ret)
		ret = mockgpu_bo_map(clone, NULL);
	if (!ret)
		ret = mockgpu_bo_copy(clone, 0, bo, 0, bo->size);
	if (ret)
		mockgpu_bo_destroy(clone);
	return ret;
}

int mockgpu_bo_userptr(int fd, const void *at, uint64_t size, uint32_t flags,
		       struct mockgpu_bo *bo)
{
	struct drm_mockgpu_bo_userptr args = {
		.address = (uintptr_t)at,
		.size = size,
		.flags = flags,
	};
	int ret = bo_ioctl(fd, DRM_IOCTL_MOCKGPU_BO_USERPTR, &args);

	*bo = (struct mockgpu_bo) {
		.fd = fd,
		.handle = ret ? 0 : args.handle,
		.size = size,
		.kind = MOCKGPU_KIND_USERPTR,
	};
	return ret;
}

int mockgpu_submit(int fd, const struct drm_mockgpu_submit *args)
{
	struct drm_mockgpu_submit copy = *args;

	return bo_ioctl(fd, DRM_IOCTL_MOCKGPU_SUBMIT, &copy);
}

int mockgpu_bo_fill(const struct mockgpu_bo *bo, uint8_t value,
		    const struct drm_mockgpu_sync *signal)
{
	const struct drm_mockgpu_submit_bo use = {
		.handle = bo->handle,
		.flags = MOCKGPU_SUBMIT_WRITE | MOCKGPU_SUBMIT_FILL,
		.value = value,
	};
	const struct drm_mockgpu_submit args = {
		.bos = (uintptr_t)&use,
		.bo_count = 1,
		.signals = (uintptr_t)signal,
		.signal_count = !!signal,
	};

	return mockgpu_submit(bo->fd, &args);
}
