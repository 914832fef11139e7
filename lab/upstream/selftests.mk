# SPDX-License-Identifier: GPL-2.0-only
#
# Tests of KVM with the buffers of the mock GPU (CONFIG_DRM_MOCKGPU). They need libdrm to build,
# and root, /dev/kvm and the loaded module to run.

include ../../lib.mk

TESTS := $(notdir $(basename $(wildcard test-app/tests/*/*_test.c \
	$(patsubst %,test-app/tests/*/%/*_test.c,$(ARCH:x86=x86_64)))))
# Other tests run it.
TESTS := $(filter-out mutation_warn_test,$(TESTS))
TEST_CUSTOM_PROGS := $(TESTS:%=$(OUTPUT)/%)
EXTRA_CLEAN := $(addprefix $(OUTPUT)/,guest image lib tests tools vgpu gpu-vm lib.a vgpu.a virgl.flags \
	mutation_warn_test mockgpu-probe mockgpu-bench mockgpu-fuzz mockgpu-stress mockgpu-keep-vm mockgpu-vram-bench \
	mockgpu-kvm-bench)

all: programs
$(TEST_CUSTOM_PROGS): programs

.PHONY: programs
programs:
	$(MAKE) -C test-app CC="$(CC)" O=$(abspath $(OUTPUT)) KSELFTEST=$(abspath $(selfdir)) \
		UAPI=$(abspath $(lastword $(KHDR_INCLUDES)))/drm kernel_programs=
