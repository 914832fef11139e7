// SPDX-License-Identifier: GPL-2.0-only
/* KVM's guess at blocks, see buffer.h. */

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "guest/protocol.h"
#include "buffer.h"
#include "mockgpu.h"

/* What takes up room before a buffer; each of them moves it by some pages. */
#define GUESS_PADS 8
#define GUESS_PAD_PAGES 3

static bool guess_is_denied;

void guess_tell(int answer)
{
	guess_is_denied = !answer;
}

static bool guess_may_be(void)
{
#ifdef __x86_64__
	return false;
#else
	return !guess_is_denied;
#endif
}

static int guess_hits(const struct mockgpu_bo *bo, bool *hits)
{
	uint64_t offset;
	int ret = mockgpu_bo_offset(bo, &offset);

	if (!ret)
		*hits = offset % GUESS_BLOCK <= GUEST_PAGE_SIZE;
	return ret;
}

/* With less room in front the buffer would go where it was: so the pads stay until then. */
int guess_dodge(int fd, const struct drm_mockgpu_bo_create *want, struct mockgpu_bo *bo)
{
	struct mockgpu_bo pad[GUESS_PADS] = {};
	unsigned int pads = 0;
	bool hits = true;
	int ret, err;

	if (want->size < GUESS_BLOCK || !guess_may_be())
		return 0;
	for (ret = guess_hits(bo, &hits); !ret && hits && pads < GUESS_PADS; pads++) {
		ret = mockgpu_bo_destroy(bo);
		if (!ret)
			ret = mockgpu_bo_raw(fd, &(struct drm_mockgpu_bo_create) {
				.size = GUESS_PAD_PAGES * GUEST_PAGE_SIZE,
			}, &pad[pads]);
		if (!ret)
			ret = mockgpu_bo_raw(fd, want, bo);
		if (!ret)
			ret = guess_hits(bo, &hits);
	}
	while (pads--) {
		err = mockgpu_bo_destroy(&pad[pads]);
		ret = ret ? ret : err;
	}
	return !ret && hits ? -EBUSY : ret;
}
