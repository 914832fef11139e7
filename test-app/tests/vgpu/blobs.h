/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests of blobs share: where a guest finds one, and what a leak adds to. */
#ifndef MOCKGPU_TEST_BLOBS_H
#define MOCKGPU_TEST_BLOBS_H

#include <dirent.h>
#include <stdint.h>

#include "vgpu/testing/guest.h"

/* Where the guest would find a mapped blob. */
static inline char *view(struct vgpu_guest *guest, uint32_t id)
{
	return vgpu_blob_mapped(vgpu_blob_find(guest->dev, id));
}

/* Entries of /proc/self/fd. */
static inline unsigned int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int count = 0;

	if (!dir)
		return 0;
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

#endif /* MOCKGPU_TEST_BLOBS_H */
