# SPDX-License-Identifier: GPL-2.0-only
#
# The commands that people type. `make help` lists them.

# The lab's message if it cannot build at this checkout's path. Help is printed at any.
ifneq ($(MAKECMDGOALS),help)
FAULT := $(shell LAB=lab sh -c '. lab/sh/lib.sh' make 2>&1)
ifneq ($(FAULT),)
$(error $(FAULT))
endif
endif

# The PATH of an ordinary user, and of su, lacks the folders of insmod and depmod.
export PATH := $(PATH):/usr/sbin:/sbin

KVER ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVER)/build
# The release of the kernel to build for, which KDIR= may have chosen.
RELEASE = $(or $(shell cat $(KDIR)/include/config/kernel.release 2>/dev/null),$(KVER))
BUILD := $(CURDIR)/build/host
PREFIX ?= /usr/local
# kselftest's header comes from the lab's cache, or else from a kernel source tree, such as
# the unpacked linux-source of Debian.
CACHE := $(or $(filter /%,$(XDG_CACHE_HOME)),$(HOME)/.cache)/mockgpu
KSRC ?= $(firstword $(wildcard $(CACHE)/tree/usr/src/linux /usr/src/linux-source-*/ /usr/src/linux))
# DESTDIR is for a package, so leave this machine's own modules alone.
MOD_INSTALL := modules_install $(if $(DESTDIR),INSTALL_MOD_PATH=$(abspath $(DESTDIR)) DEPMOD=true)

help:
	@sed -n 's/^## //p' $(firstword $(MAKEFILE_LIST))

## In the lab, on any Debian machine, without root or virtualisation:
##   make demo          show what a guest can map, on four kernels, as a matrix
##   make test          run every automatic test; last line: N passed, N failed, N skipped
##   make test-long     the same, longer, and on a kernel full of sanitizers
##   KERNELS="6.12 ~/linux" ARCHES=arm64 TESTS="kvm_map_test check"  with demo, test and
##                      test-long: only these series or built trees, machines, rows of lab/plan
##   make bench         measure what buffers cost (40 minutes), with tables and plots
##   make compare A=7.3 B=~/linux TESTS=  show how two kernels differ, regressions first
KERNELS ?= $(SERIES)
CHOSEN = $(addprefix -a ,$(ARCHES)) $(addprefix -t ,$(TESTS)) $(KERNELS)
demo test:
	@lab/$@ $(CHOSEN)

test-long:
	@lab/test --long $(CHOSEN)

bench:
	@lab/bench $(KERNELS)

compare:
	@[ -n "$(and $(A),$(B))" ] || { echo "name two kernels: make compare A=7.3 B=~/linux" >&2; exit 125; }
	@lab/compare $(addprefix -a ,$(ARCHES)) $(A) $(B) $(TESTS)

## On this machine's own kernel (needs its headers, libdrm-dev and, via KSRC=, kselftest):
##   make all           build the module and the programs into build/host
all: needed module programs

needed:
	@lab/host/needed $(KDIR) $(KSRC)

module:
	mkdir -p $(BUILD)/module
	cp -Ru --preserve=timestamps Kbuild driver uapi $(BUILD)/module/
	$(MAKE) -C $(KDIR) M=$(BUILD)/module modules

programs:
	@lab/host/needed - $(KSRC)
	$(MAKE) -C test-app O=$(BUILD)/test-app KSELFTEST=$(KSRC)/tools/testing/selftests
	$(MAKE) -C crosvm-integration O=$(BUILD)/crosvm-integration APP=$(BUILD)/test-app \
		KSELFTEST=$(KSRC)/tools/testing/selftests

##   make load          insmod it (root)
load:
	@[ -r $(BUILD)/module/mockgpu.ko ] || { echo "not built: run 'make' first" >&2; exit 1; }
	modprobe -a drm ttm drm_ttm_helper drm_buddy kvm || true
	insmod $(BUILD)/module/mockgpu.ko

##   make guest         build what a guest of crosvm-integration/run-* boots from (needs
##                      busybox-static, kmod)
guest: programs
	lab/tree/mkinitramfs $(KVER) $(CURDIR)/crosvm-integration/guest/init $(BUILD)/guest-modules virtio_pci virtio_gpu
	cat $(BUILD)/crosvm-integration/guest.cpio $(BUILD)/guest-modules >$(BUILD)/guest-initrd

##   make check         run the test programs natively (root, module loaded, /dev/kvm);
##                      DESTRUCTIVE=1: also those that may harm this machine
check: programs
	@[ -e /sys/module/mockgpu ] || { echo "the module is not loaded: run 'make load' first" >&2; exit 1; }
	PATH=$(BUILD)/test-app:$(BUILD)/crosvm-integration:$$PATH DESTRUCTIVE=$(DESTRUCTIVE) lab/native $(BUILD)/results

##   make unload        rmmod it (root)
unload:
	rmmod mockgpu

##   make install       install the module in /lib/modules, mockgpu-probe in PREFIX (/usr/local);
##                      with DESTDIR=DIR everything below DIR, without depmod
install: all
	$(MAKE) -C $(KDIR) M=$(BUILD)/module $(MOD_INSTALL)
	$(if $(DESTDIR),,depmod $(RELEASE))
	install -D -t $(DESTDIR)$(PREFIX)/bin $(BUILD)/test-app/mockgpu-probe

##   make uninstall     remove what 'make install' has installed
uninstall:
	rm -f $(DESTDIR)/lib/modules/$(RELEASE)/*/mockgpu.ko* $(DESTDIR)$(PREFIX)/bin/mockgpu-probe
	$(if $(DESTDIR),,depmod $(RELEASE))

##   make dkms-install  have DKMS build this module for every kernel and replace an older one
##                      (package dkms); with DESTDIR=DIR only put the source below DIR
##   make dkms-remove   remove it from DKMS and from every kernel
dkms-install dkms-remove:
	@DESTDIR=$(DESTDIR) lab/$@ $(RELEASE)

##   make deb           build Debian packages into build/deb: mockgpu-dkms, mockgpu-tools
deb:
	@lab/host/needed - $(KSRC)
	@KSRC=$(KSRC) lab/deb

##   make man           make manual pages of the scripts in build/man (package help2man)
man:
	@lab/man

##   make in-tree DIR=~/linux  lay the driver and its tests into a kernel source tree; with
##                      PATCHES=OUT also write a series of patches
in-tree:
	@[ -n "$(DIR)" ] || { echo "name a kernel source tree: make in-tree DIR=~/linux" >&2; exit 125; }
	@lab/in-tree $(addprefix --patches ,$(PATCHES)) $(DIR)

##   make clean         remove build/ (the cache of kernels stays)
clean:
	rm -rf build
	lab/clean

.DEFAULT_GOAL := all
.PHONY: help demo test test-long bench compare all needed module programs load guest check unload install uninstall \
	dkms-install dkms-remove deb man in-tree clean
