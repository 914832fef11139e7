# SPDX-License-Identifier: GPL-2.0-only
#
# How fuzz targets are built: by clang with libFuzzer, the code under test with them. Included by
# all that build some, after wings.mk. Sets fuzz_cflags and fuzz_device, the device model's
# sources.

FUZZ_CC ?= clang
fuzz_cflags := -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined
fuzz_device := $(wildcard ../test-app/vgpu/*.c ../test-app/image/*.c) $(vgpu_lib:%=../test-app/lib/%.c)
