# SPDX-License-Identifier: GPL-2.0-only
#
# GBM over mockgpu's buffers, into $(O)/gbm/: libgbm.so.1, to be loaded in place of
# another libgbm, with pkgconfig/gbm.pc to link to it, and mockgpu_gbm.so, a backend for
# Mesa's. The first needs gbm.h of libgbm-dev; the second gbm_backend_abi.h, which
# libgbm-dev has from 26 on. Where a header is missing that part is left out. Sets
# gbm_libraries.

gbm_has = $(shell $(CC) -include $(1) -x c -fsyntax-only /dev/null 2>/dev/null && echo yes)
# Signatures are gbm.h's, whether or not all of their parameters are needed.
gbm_cflags := -Wno-unused-parameter -fPIC -pthread -I../test-app -I../uapi $(shell $(PKG_CONFIG) --cflags libdrm)
gbm_ldflags := -shared -Wl,-z,defs -Wl,--no-undefined-version -Wl,-Bsymbolic-functions
gbm_ldlibs := $(shell $(PKG_CONFIG) --libs libdrm) -pthread
gbm_common := core object settings surface

ifeq ($(call gbm_has,gbm.h),yes)
gbm_libraries := $(O)/gbm/libgbm.so.1 $(O)/gbm/pkgconfig/gbm.pc
endif
ifeq ($(call gbm_has,gbm_backend_abi.h),yes)
gbm_libraries += $(O)/gbm/mockgpu_gbm.so
endif

# object.c is built twice, since each libgbm has its own objects (gbm/abi.h).
$(O)/obj/gbm/%.o: gbm/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(gbm_cflags) -c -o $@ $<

$(O)/obj/gbm/backend/%.o: gbm/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(gbm_cflags) -DMOCKGPU_GBM_BACKEND -c -o $@ $<

$(O)/obj/image/layout.o: ../test-app/image/layout.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(gbm_cflags) -c -o $@ $<

$(O)/gbm/libgbm.so.1: gbm/libgbm.map $(patsubst %,$(O)/obj/gbm/%.o,libgbm minigbm $(gbm_common)) $(O)/obj/image/layout.o
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(gbm_ldflags) -Wl,-soname,$(@F) -Wl,--version-script=$< \
		-o $@ $(filter %.o,$^) $(gbm_ldlibs)

# For who links a program to it, as crosvm.
$(O)/gbm/pkgconfig/gbm.pc: $(O)/gbm/libgbm.so.1
	@mkdir -p $(@D)
	ln -sf libgbm.so.1 $(O)/gbm/libgbm.so
	printf '%s\n' 'Name: gbm' 'Description: GBM over buffers of mockgpu' 'Version: 1' \
		'Libs: -L$(abspath $(O)/gbm) -lgbm' 'Cflags: -I$(shell $(PKG_CONFIG) --variable=includedir gbm)' >$@

$(O)/gbm/mockgpu_gbm.so: gbm/backend.map $(O)/obj/image/layout.o $(patsubst %,$(O)/obj/gbm/backend/%.o,backend $(gbm_common))
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(gbm_ldflags) -Wl,--version-script=$< \
		-o $@ $(filter %.o,$^) $(gbm_ldlibs)

# The same client for both libraries, and our own library as crosvm uses it. What
# they are linked to beside is the test app's library.
ifneq ($(filter %/libgbm.so.1,$(gbm_libraries)),)
gbm_tests := $(O)/gbm_test $(O)/gralloc_test
endif
ifneq ($(filter %/mockgpu_gbm.so,$(gbm_libraries)),)
gbm_tests += $(O)/gbm_mesa_test
ifeq ($(shell $(PKG_CONFIG) --exists xcb-dri3 && echo yes),yes)
gbm_tests += $(O)/xvnc_gbm_test
endif
endif
gbm_test_cflags := -Wno-unused-parameter -I../test-app -I../test-app/tests/include $(call wing_flags,../test-app) -I../uapi -Igbm -I$(O)/obj/tests -isystem $(KSELFTEST) \
		   -include ../test-app/tests/include/harness.h $(shell $(PKG_CONFIG) --cflags libdrm)
gbm_test_ldlibs := $(shell $(PKG_CONFIG) --libs libdrm) -pthread

$(O)/obj/tests/gbm_mesa_test.o: gbm_test_cflags += -DGBM_TEST_MESA
gbm_objects := $(patsubst %,$(O)/obj/tests/%.o,gbm_test gralloc_test xvnc_gbm_test)
$(gbm_objects): $(O)/obj/tests/%.o: tests/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(gbm_test_cflags) -c -o $@ $<

$(O)/obj/tests/mesa_symbols.h: $(shell $(PKG_CONFIG) --variable=libdir gbm)/libgbm.so.1
	@mkdir -p $(@D)
	nm -D --defined-only $< | sed 's/.* \(.*\)/"\1",/' >$@

$(O)/obj/tests/gralloc_test.o: $(O)/obj/tests/mesa_symbols.h

$(O)/obj/tests/gbm_mesa_test.o: tests/gbm_test.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(gbm_test_cflags) -c -o $@ $<

$(O)/gbm_test $(O)/gralloc_test: $(O)/%: $(O)/obj/tests/%.o $(APP)/lib.a $(O)/gbm/libgbm.so.1
	$(CC) $(CFLAGS) -o $@ $^ -Wl,-rpath,'$$ORIGIN/gbm' $(gbm_test_ldlibs)

$(O)/gbm_mesa_test: $(O)/obj/tests/gbm_mesa_test.o $(APP)/lib.a | $(O)/gbm/mockgpu_gbm.so
	$(CC) $(CFLAGS) -o $@ $^ $(shell $(PKG_CONFIG) --libs gbm) $(gbm_test_ldlibs)

# It is Debian's X server that loads the libraries, not this program.
$(O)/xvnc_gbm_test: $(O)/obj/tests/xvnc_gbm_test.o $(APP)/lib.a | $(gbm_libraries)
	$(CC) $(CFLAGS) -o $@ $^ $(shell $(PKG_CONFIG) --libs xcb-dri3 xcb) $(gbm_test_ldlibs)
