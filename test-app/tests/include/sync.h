/* SPDX-License-Identifier: GPL-2.0-only */
/* Waiting for DRM sync objects, and what became of their fences. */
#ifndef MOCKGPU_TEST_SYNC_H
#define MOCKGPU_TEST_SYNC_H

#include <errno.h>
#include <stdint.h>
#include <sys/ioctl.h>

#include <linux/sync_file.h>
#include <xf86drm.h>

#include "clock.h"
#include "mockgpu.h"

/* Until when whoever must be signaled has to be, for sync_wait(). */
#define SYNC_IN_TIME ((int64_t)((clock_now() + 30) * 1e9))

/* Wait for a sync object until @deadline, in ns of CLOCK_MONOTONIC. Return: 0 or -errno: ETIME. */
static inline int sync_wait(int fd, struct drm_mockgpu_sync sync, int64_t deadline)
{
	uint64_t point = sync.point;

	if (!point)
		return drmSyncobjWait(fd, &sync.handle, 1, deadline, 0, NULL);
	return drmSyncobjTimelineWait(fd, &sync.handle, &point, 1, deadline, 0, NULL);
}

/* Return: the status of a sync file: 1 signaled, 0 not yet, or the error it has ended with. */
static inline int sync_file_status(int fd)
{
	struct sync_file_info info = {};

	return ioctl(fd, SYNC_IOC_FILE_INFO, &info) ? -errno : info.status;
}

#endif /* MOCKGPU_TEST_SYNC_H */
