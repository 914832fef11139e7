/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Struct pages for a BAR: module parameter bar_pages.
 *
 * Locking: a struct page exists while the device is plugged. Whoever looks at one does so
 * between drm_dev_enter() and drm_dev_exit().
 * Errors: a negative errno that loading the module can return.
 */
#ifndef MOCKGPU_BAR_PAGES_H
#define MOCKGPU_BAR_PAGES_H

#include "mockgpu_types.h"

int mockgpu_bar_pages_init(bool has_bar);
int mockgpu_bar_pages_add(struct mockgpu_device *mdev);

#ifdef MOCKGPU_HAVE_KUNIT
int mockgpu_bar_pages_parse(const char *name);
#endif

#endif /* MOCKGPU_BAR_PAGES_H */
