/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One front-end, from its connection to its end: the vhost-user transport of the
 * device model in test-app/vgpu.
 */
#ifndef MOCKGPU_VHOST_SESSION_H
#define MOCKGPU_VHOST_SESSION_H

#include <stdint.h>

/**
 * struct session_config - parameters of every session
 * @drm_fd: mockgpu's render node, or -1
 * @window: bytes of the host-visible region
 * @bytes_max: see struct vgpu_config
 * @blobs_max: see struct vgpu_config
 * @image_blob_id: see struct vgpu_config
 * @mem_slots: regions of the guest's memory and blobs in its host-visible region, for a
 *	front-end that adds them one by one; 0: it sends a table of at most eight
 * @alignment: see struct vgpu_config
 * @signals: a signalfd whose readability ends the session
 */
struct session_config {
	int drm_fd;
	uint64_t window;
	uint64_t bytes_max;
	unsigned int blobs_max;
	uint64_t image_blob_id;
	unsigned int mem_slots;
	uint32_t alignment;
	int signals;
};

/**
 * session_run() - serve a front-end until it disconnects or a signal comes
 * @socket: its connection; the caller keeps it
 * @config: parameters
 *
 * Releases everything of the guest at the end. Errors of the front-end or its guest are
 * reported on standard error, one line each.
 *
 * Return: 0; -ENOMEM.
 */
int session_run(int socket, const struct session_config *config);

#endif /* MOCKGPU_VHOST_SESSION_H */
