# SPDX-License-Identifier: GPL-2.0-only
#
# virglrenderer is one of the ways a VMM maps a blob; without it that way is
# skipped. map_fixed came with 1.3. Sets virgl_cflags and virgl_ldlibs.

ifeq ($(shell $(PKG_CONFIG) --exists virglrenderer && echo yes),yes)
virgl_cflags := -DVGPU_HAVE_VIRGL $(shell $(PKG_CONFIG) --cflags virglrenderer)
virgl_ldlibs := $(shell $(PKG_CONFIG) --libs virglrenderer)
ifeq ($(shell echo 'void *f = virgl_renderer_resource_map_fixed;' | \
	$(CC) $(virgl_cflags) -include virglrenderer.h -x c -fsyntax-only - 2>/dev/null && echo yes),yes)
virgl_cflags += -DVGPU_HAVE_VIRGL_MAP_FIXED
endif
endif
