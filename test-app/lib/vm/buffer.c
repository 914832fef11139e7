// SPDX-License-Identifier: GPL-2.0-only
/* Buffers for guests, see buffer.h. */

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

#include "arch.h"
#include "buffer.h"
#include "guest/protocol.h"
#include "mockgpu.h"
#include "vmm.h"

/* Pads occupy offsets before a buffer; each moves it by some pages. */
#define PADS_MAX 8
#define PAD_PAGES 3

const char *vm_buffer_unusable(void)
{
	static char why[256];
	const char *unusable = vmm_unusable();
	int fd;

	if (unusable)
		return unusable;
	if (geteuid())
		return "only root may look at pages: run it as root";
	fd = mockgpu_open(why, sizeof(why));
	if (fd < 0)
		return why;
	close(fd);
	return NULL;
}

static bool guess_is_ruled_out;

void vm_buffer_tell(int answer)
{
	guess_is_ruled_out = !answer;
}

static int buffer_hits_block(const struct mockgpu_bo *bo, bool *hits)
{
	uint64_t offset;
	int ret = mockgpu_bo_offset(bo, &offset);

	if (!ret)
		*hits = offset % VM_BUFFER_BLOCK <= GUEST_PAGE_SIZE;
	return ret;
}

/* A freed pad would make room at the old offset, so all pads stay until the buffer is placed. */
static int buffer_away_from_blocks(int fd, const struct drm_mockgpu_bo_create *want,
				   struct mockgpu_bo *bo)
{
	struct mockgpu_bo pad[PADS_MAX] = {};
	unsigned int pads = 0;
	bool hits = true;
	int ret, err;

	if (want->size < VM_BUFFER_BLOCK || !ARCH_MAY_GUESS_BLOCKS || guess_is_ruled_out)
		return 0;
	for (ret = buffer_hits_block(bo, &hits); !ret && hits && pads < PADS_MAX; pads++) {
		ret = mockgpu_bo_destroy(bo);
		if (!ret)
			ret = mockgpu_bo_make(fd, &(struct drm_mockgpu_bo_create) {
				.size = PAD_PAGES * GUEST_PAGE_SIZE,
			}, &pad[pads]);
		if (!ret)
			ret = mockgpu_bo_make(fd, want, bo);
		if (!ret)
			ret = buffer_hits_block(bo, &hits);
	}
	while (pads--) {
		err = mockgpu_bo_destroy(&pad[pads]);
		ret = ret ? ret : err;
	}
	return !ret && hits ? -EBUSY : ret;
}

int vm_buffer_make_anywhere(int fd, const struct drm_mockgpu_bo_create *want,
			    struct mockgpu_bo *bo)
{
	return mockgpu_bo_make(fd, want, bo);
}

int vm_buffer_make(int fd, const struct drm_mockgpu_bo_create *want, struct mockgpu_bo *bo)
{
	int ret;

	/* No offset is safe there. */
	if (ARCH_MAY_GUESS_ALL && !guess_is_ruled_out)
		return -EPERM;
	ret = mockgpu_bo_make(fd, want, bo);
	return ret ? ret : buffer_away_from_blocks(fd, want, bo);
}

int vm_buffer_create(int fd, uint32_t kind, uint32_t order, uint32_t caching, uint64_t size,
		     struct mockgpu_bo *bo)
{
	return vm_buffer_make(fd, &(struct drm_mockgpu_bo_create) {
		.size = size, .kind = kind, .order = order, .caching = caching,
	}, bo);
}
