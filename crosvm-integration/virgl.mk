# SPDX-License-Identifier: GPL-2.0-only
#
# libvirglrenderer.so.1 over mockgpu's buffers, into $(O)/virgl/, to be loaded in place of
# another one. Needs virglrenderer.h of 1.0 or later (libvirglrenderer-dev), whose functions it
# has; without that it is left out. Sets virgl_library and virgl_test.

virgl_header = $(shell printf '\043include <virglrenderer.h>\nvoid *f = virgl_renderer_resource_get_info_ext;\n' | \
	$(CC) $(virgl_cflags) -x c -fsyntax-only - 2>/dev/null && echo yes)
ifeq ($(virgl_header),yes)
virgl_library := $(O)/virgl/libvirglrenderer.so.1
virgl_test := $(O)/virgl_test
endif

# The device model, without the real virglrenderer.
virgl_app := $(addprefix lib/,base/fault_guard gpu/exporter gpu/mockgpu) \
	     $(patsubst ../test-app/%.c,%,$(wildcard ../test-app/vgpu/*.c ../test-app/image/*.c))
virgl_objects := $(patsubst virgl/%.c,$(O)/obj/virgl/%.o,$(wildcard virgl/*.c)) \
		 $(virgl_app:%=$(O)/obj/library/%.o)

$(O)/obj/virgl/%.o: virgl/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(library_cflags) $(filter -I%,$(virgl_cflags)) -c -o $@ $<

$(O)/virgl/libvirglrenderer.so.1: virgl/libvirglrenderer.map $(virgl_objects)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(library_ldflags) -o $@ $(filter %.o,$^) $(library_ldlibs) -pthread

$(O)/obj/tests/virgl_test.o: tests/virgl_test.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(vhost_cflags) $(filter -I%,$(virgl_cflags)) -I../test-app/tests/include -isystem $(KSELFTEST) \
		-include ../test-app/tests/include/harness.h -c -o $@ $<

$(O)/virgl_test: $(O)/obj/tests/virgl_test.o $(APP)/lib.a $(O)/virgl/libvirglrenderer.so.1
	$(CC) $(CFLAGS) -o $@ $^ -Wl,-rpath,'$$ORIGIN/virgl' $(shell $(PKG_CONFIG) --libs libdrm) -pthread
