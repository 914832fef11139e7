# SPDX-License-Identifier: GPL-2.0-only
#
# KVM's own selftests, unmodified, into $(O)/kvm/: those that lab/incell/kvm-selftests runs on
# memory of mockgpu. Built by the kernel's own Makefile on request (KVM_SELFTESTS=y), if KSELFTEST is
# in a kernel tree that nothing was built in, with tools/testing/selftests/kvm of a version that has
# Makefile.kvm (6.14).

kvm_source := $(if $(KVM_SELFTESTS),$(if $(filter x86_64,$(ARCH)),$(patsubst %/Makefile.kvm,%,$(wildcard $(KSELFTEST)/kvm/Makefile.kvm))))
kvm_names := demand_paging_test kvm_page_table_test memslot_modification_stress_test memslot_perf_test \
	     pre_fault_memory_test access_tracking_perf_test set_memory_region_test dirty_log_test \
	     mmu_stress_test guest_memfd_test
kvm_selftests := $(if $(kvm_source),$(kvm_names:%=$(O)/kvm/%))

all: $(kvm_selftests)

# What we were called with is not for the kernel's Makefiles, in which O has another meaning.
kvm_make := env -u MAKEFLAGS -u MAKELEVEL -u MAKEOVERRIDES -u KVM_SELFTESTS make -s -j2

# The interface's headers, which the kernel's sources have for the kernel only. `make headers`
# updates only what has changed, but takes its time to find that out.
$(O)/kvm/headers.done: $(kvm_source)/Makefile.kvm
	@mkdir -p $(@D)/linux
	$(kvm_make) -C $(kvm_source)/../../../.. O=$(abspath $(@D))/linux headers
	touch $@

# libvfio is for irq_test, which is none of these; it wants libuuid.
$(kvm_selftests) &: $(O)/kvm/headers.done
	$(kvm_make) -C $(kvm_source) OUTPUT=$(abspath $(O)/kvm) CC="$(CC)" LIBVFIO_C= LIBVFIO_O_DIRS= LDLIBS=-ldl \
		KHDR_INCLUDES="-isystem $(abspath $(O)/kvm/linux/usr/include)" $(abspath $(kvm_selftests))
	touch $(kvm_selftests)
