# SPDX-License-Identifier: GPL-2.0-only
#
# mockgpu-memfd.so, into $(O)/memfd/, to be preloaded. Sets memfd_library and memfd_test.

memfd_library := $(O)/memfd/mockgpu-memfd.so
memfd_test := $(O)/memfd_test
memfd_objects := $(patsubst memfd/%.c,$(O)/obj/memfd/%.o,$(wildcard memfd/*.c)) \
		 $(O)/obj/library/lib/gpu/mockgpu.o $(O)/obj/library/lib/base/number.o

$(O)/obj/memfd/%.o: memfd/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(library_cflags) -c -o $@ $<

# Its definitions of libc's functions are the exported ones.
$(O)/obj/memfd/preload.o: library_cflags += -fvisibility=default

$(memfd_library): memfd/mockgpu-memfd.map $(memfd_objects)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(library_ldflags) -o $@ $(filter %.o,$^) $(library_ldlibs) -ldl

$(O)/obj/tests/memfd_test.o: vhost_cflags += -include ../test-app/tests/include/harness.h -I../test-app/tests/include

# First of all libraries, which is as good as preloaded.
$(memfd_test): $(O)/obj/tests/memfd_test.o $(memfd_library) $(APP)/lib.a
	$(CC) $(CFLAGS) -o $@ $(filter %.o,$^) $(memfd_library) $(APP)/lib.a -Wl,-rpath,'$$ORIGIN/memfd' \
		$(shell $(PKG_CONFIG) --libs libdrm) -pthread
