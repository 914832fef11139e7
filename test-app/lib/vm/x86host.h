/* SPDX-License-Identifier: GPL-2.0-only */
/* KVM of this x86 CPU's vendor. */
#ifndef MOCKGPU_X86HOST_H
#define MOCKGPU_X86HOST_H

#include <stdbool.h>
#include <stddef.h>

/**
 * x86host_vendor() - tell which of KVM's vendor modules is for this CPU
 *
 * A kernel with both built in has the parameters of both in sysfs on either CPU, so what is there
 * does not tell; the CPU's flags svm and vmx do.
 *
 * Return: "amd", "intel", or "?" without virtualisation and on other architectures.
 */
const char *x86host_vendor(void);

/**
 * x86host_read() - read a parameter of that module
 * @parameter: its name
 * @value: out: its value; "" without such a module or parameter
 * @size: bytes at @value
 */
void x86host_read(const char *parameter, char *value, size_t size);

/**
 * x86host_is_set() - tell whether a parameter of a vendor's module is on
 * @vendor: "amd" or "intel"
 * @parameter: its name
 *
 * Return: true when this CPU is of that vendor and the value is "Y" or "1".
 */
bool x86host_is_set(const char *vendor, const char *parameter);

/**
 * x86host_has_tdp() - tell whether KVM uses two-dimensional paging, npt or ept
 *
 * Return: false with shadow paging.
 */
bool x86host_has_tdp(void);

#endif /* MOCKGPU_X86HOST_H */
