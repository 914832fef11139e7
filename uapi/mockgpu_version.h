/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
#ifndef MOCKGPU_VERSION_H
#define MOCKGPU_VERSION_H

/**
 * MOCKGPU_VERSION - of everything here: MODULE_VERSION() and every program's --version
 *
 * It counts the releases that CHANGELOG.md lists: the middle number grows when users must
 * look at something again, the last one with corrections alone. The DRM driver's own
 * version (drmGetVersion()) counts the ioctl interface.
 */
#define MOCKGPU_VERSION "0.2.0"

#endif /* MOCKGPU_VERSION_H */
