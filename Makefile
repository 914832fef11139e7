# SPDX-License-Identifier: GPL-2.0-only
#
# What people type. `make help` lists it.

KVER ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVER)/build
BUILD := $(CURDIR)/build/host
PREFIX ?= /usr/local
VERSION := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' driver/dkms.conf)
DKMS_SRC := $(DESTDIR)/usr/src/mockgpu-$(VERSION)
# kselftest's header: a kernel source tree, or what Debian's linux-source unpacks to.
KSRC ?= $(firstword $(wildcard $(HOME)/.cache/mockgpu/tree/usr/src/linux /usr/src/linux-source-*/ /usr/src/linux))

help:
	@sed -n 's/^## //p' $(firstword $(MAKEFILE_LIST))

## In the lab, on any Debian machine, no root and no virtualisation needed:
##   make demo          what a guest can map, on four kernels, as a matrix
##   make test          every automatic test; last line: N passed, N failed, N skipped
##   make test-long     the same at more length, and on a kernel full of sanitizers
demo test:
	@lab/$@

test-long:
	@lab/test --long

## On this machine's own kernel (build: its headers, libdrm-dev, kselftest via KSRC=):
##   make all           build the module and the programs into build/host
all: module programs

module:
	mkdir -p $(BUILD)/module
	cp -Ru --preserve=timestamps Kbuild driver uapi $(BUILD)/module/
	$(MAKE) -C $(KDIR) M=$(BUILD)/module modules

programs:
	@[ -r "$(KSRC)/tools/testing/selftests/kselftest_harness.h" ] || \
		{ echo "kselftest_harness.h not found: set KSRC to a kernel source tree (Debian: linux-source, unpacked)" >&2; exit 1; }
	$(MAKE) -C test-app O=$(BUILD)/test-app KSELFTEST=$(KSRC)/tools/testing/selftests
	$(MAKE) -C crosvm-integration O=$(BUILD)/crosvm-integration APP=$(BUILD)/test-app \
		KSELFTEST=$(KSRC)/tools/testing/selftests

##   make load          insmod it (root)
load:
	@[ -r $(BUILD)/module/mockgpu.ko ] || { echo "not built: run 'make' first" >&2; exit 1; }
	modprobe -a drm ttm drm_ttm_helper kvm || true
	insmod $(BUILD)/module/mockgpu.ko

##   make guest         what a guest of crosvm-integration/run-* boots from (busybox-static, kmod)
guest: programs
	lab/mkinitramfs $(KVER) $(CURDIR)/crosvm-integration/guest/init $(BUILD)/guest-modules virtio_pci virtio_gpu
	cat $(BUILD)/crosvm-integration/guest.cpio $(BUILD)/guest-modules >$(BUILD)/guest-initrd

##   make check         run the test programs natively (root, module loaded, /dev/kvm)
check: programs
	@[ -e /sys/module/mockgpu ] || { echo "the module is not loaded: run 'make load' first" >&2; exit 1; }
	PATH=$(BUILD)/test-app:$(BUILD)/crosvm-integration:$$PATH lab/native $(BUILD)/results

##   make unload        rmmod it (root)
unload:
	rmmod mockgpu

##   make install       module into /lib/modules, programs into PREFIX (/usr/local)
install: all
	$(MAKE) -C $(KDIR) M=$(BUILD)/module modules_install
	depmod $(KVER)
	install -D -t $(DESTDIR)$(PREFIX)/bin $(BUILD)/test-app/mockgpu-probe

##   make dkms-install  let DKMS build the module for every kernel (package dkms)
dkms-install:
	@command -v dkms >/dev/null || { echo "dkms is missing: run 'apt-get install dkms' as root" >&2; exit 1; }
	mkdir -p $(DKMS_SRC)
	cp -R Kbuild driver uapi $(DKMS_SRC)/
	mv $(DKMS_SRC)/driver/dkms.conf $(DKMS_SRC)/
	dkms install mockgpu/$(VERSION) -k $(KVER)

##   make clean         remove build/ (the cache of kernels stays)
clean:
	rm -rf build

.DEFAULT_GOAL := all
.PHONY: help demo test test-long all module programs load guest check unload install dkms-install clean
