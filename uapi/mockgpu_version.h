/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
#ifndef MOCKGPU_VERSION_H
#define MOCKGPU_VERSION_H

/**
 * MOCKGPU_VERSION - the version of the module (MODULE_VERSION()) and of every program
 *
 * CHANGELOG.md lists the releases. The middle number grows when users must look at
 * something again, the last one for corrections only. The DRM driver's own version
 * (drmGetVersion()) counts the ioctl interface.
 */
#define MOCKGPU_VERSION "0.2.0"

#endif /* MOCKGPU_VERSION_H */
