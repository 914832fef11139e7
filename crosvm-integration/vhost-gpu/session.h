/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One front-end, from its connection to its end: the vhost-user transport of the
 * device model in test-app/vgpu.
 */
#ifndef MOCKGPU_VHOST_SESSION_H
#define MOCKGPU_VHOST_SESSION_H

#include <stdint.h>

/**
 * struct session_config - what every guest gets
 * @drm_fd: mockgpu's render node, or -1
 * @window: bytes of the host-visible region
 * @bytes_max: see struct vgpu_config
 * @blobs_max: see struct vgpu_config
 * @image_blob_id: see struct vgpu_config
 * @signals: a signalfd whose readability ends the session
 */
struct session_config {
	int drm_fd;
	uint64_t window;
	uint64_t bytes_max;
	unsigned int blobs_max;
	uint64_t image_blob_id;
	int signals;
};

/**
 * session_run() - serve a front-end until it goes or a signal comes
 * @socket: its connection; stays the caller's
 * @config: what its guest gets
 *
 * Nothing of the guest is left afterwards. Complaints about the front-end or its
 * guest go to standard error, a line each.
 *
 * Return: 0; -ENOMEM.
 */
int session_run(int socket, const struct session_config *config);

#endif /* MOCKGPU_VHOST_SESSION_H */
