/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device of vfio-pci's that can be told to copy: QEMU's "edu" (docs/specs/edu.rst there), which
 * has a buffer of 4 KiB. Include it after kselftest_harness.h.
 */
#ifndef MOCKGPU_TEST_VFIO_H
#define MOCKGPU_TEST_VFIO_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/pci_regs.h>
#include <linux/vfio.h>

#include "clock.h"
#include "pci.h"
#include "sysfs.h"

#define EDU_DEVICE 0x11e8
#define EDU_REGISTERS 0x1000
#define EDU_SOURCE 0x80
#define EDU_TARGET 0x88
#define EDU_SIZE 0x90
#define EDU_COMMAND 0x98
#define EDU_START 1
#define EDU_TO_MEMORY 2
/* Where its own buffer is, for itself. */
#define EDU_BUFFER 0x40000
#define EDU_BUFFER_SIZE 4096

/**
 * struct vfio - the device, in a container of its own
 * @container: its file: what is mapped here, the device can access
 * @group: file of the device's group
 * @device: file of the device
 * @registers: its BAR 0
 */
struct vfio {
	int container;
	int group;
	int device;
	volatile char *registers;
};

/* Find the device. Return: its name, or NULL. */
static inline const char *edu_find(void)
{
	static char name[64];

	return pci_find(EDU_DEVICE, name, sizeof(name)) ? name : NULL;
}

/* Hand the device to vfio-pci. Return: NULL, or why that cannot be. */
static inline const char *edu_bind(const char *name)
{
	char path[300];

	snprintf(path, sizeof(path), DEVICES "%s/iommu_group", name);
	if (access(path, F_OK))
		return "no IOMMU is on";
	if (system("modprobe -a vfio_iommu_type1 vfio-pci"))
		return "this kernel has no vfio-pci";
	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/vfio-pci/%s", name);
	if (!access(path, F_OK))
		return NULL;
	snprintf(path, sizeof(path), DEVICES "%s/driver_override", name);
	if (sysfs_write(path, "vfio-pci") ||
	    sysfs_write("/sys/bus/pci/drivers/vfio-pci/bind", name))
		return "vfio-pci does not take the device";
	return NULL;
}

static inline void vfio_open_group(struct __test_metadata *_metadata, struct vfio *vfio,
				   const char *name)
{
	char path[300], link[300];
	ssize_t length;

	snprintf(path, sizeof(path), DEVICES "%s/iommu_group", name);
	length = readlink(path, link, sizeof(link) - 1);
	ASSERT_LT(0, length);
	link[length] = '\0';
	snprintf(path, sizeof(path), "/dev/vfio/%s", strrchr(link, '/') + 1);
	vfio->container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, vfio->container);
	vfio->group = open(path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, vfio->group);
	ASSERT_EQ(0, ioctl(vfio->group, VFIO_GROUP_SET_CONTAINER, &vfio->container));
	ASSERT_EQ(0, ioctl(vfio->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU));
}

/* Only a master of the bus can access memory. */
static inline void vfio_make_master(struct __test_metadata *_metadata, const struct vfio *vfio)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info), .index = VFIO_PCI_CONFIG_REGION_INDEX,
	};
	uint16_t command;

	ASSERT_EQ(0, ioctl(vfio->device, VFIO_DEVICE_GET_REGION_INFO, &info));
	ASSERT_EQ(2, pread(vfio->device, &command, 2, info.offset + PCI_COMMAND));
	command |= PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY;
	ASSERT_EQ(2, pwrite(vfio->device, &command, 2, info.offset + PCI_COMMAND));
}

static inline void vfio_open(struct __test_metadata *_metadata, struct vfio *vfio,
			     const char *name)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info), .index = VFIO_PCI_BAR0_REGION_INDEX,
	};

	vfio_open_group(_metadata, vfio, name);
	vfio->device = ioctl(vfio->group, VFIO_GROUP_GET_DEVICE_FD, name);
	ASSERT_LE(0, vfio->device);
	vfio_make_master(_metadata, vfio);
	ASSERT_EQ(0, ioctl(vfio->device, VFIO_DEVICE_GET_REGION_INFO, &info));
	vfio->registers = mmap(NULL, EDU_REGISTERS, PROT_READ | PROT_WRITE, MAP_SHARED,
			       vfio->device, info.offset);
	ASSERT_NE(MAP_FAILED, vfio->registers);
}

static inline void vfio_close(struct __test_metadata *_metadata, struct vfio *vfio)
{
	EXPECT_EQ(0, munmap((void *)vfio->registers, EDU_REGISTERS));
	EXPECT_EQ(0, close(vfio->device));
	EXPECT_EQ(0, close(vfio->group));
	EXPECT_EQ(0, close(vfio->container));
}

/* Let the device access memory at @iova. Return: 0 or -errno. */
static inline int vfio_map(const struct vfio *vfio, uint64_t iova, void *memory, size_t size)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map), .flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)memory, .iova = iova, .size = size,
	};

	return ioctl(vfio->container, VFIO_IOMMU_MAP_DMA, &map) ? -errno : 0;
}

/* Return: how many bytes were mapped at @iova, or -errno. */
static inline int64_t vfio_unmap(const struct vfio *vfio, uint64_t iova, size_t size)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap), .iova = iova, .size = size,
	};

	if (ioctl(vfio->container, VFIO_IOMMU_UNMAP_DMA, &unmap))
		return -errno;
	return (int64_t)unmap.size;
}

static inline void edu_run(struct __test_metadata *_metadata, const struct vfio *vfio,
			   uint64_t source, uint64_t target, uint64_t command)
{
	volatile uint64_t *registers = (volatile uint64_t *)vfio->registers;
	unsigned int tries;

	registers[EDU_SOURCE / 8] = source;
	registers[EDU_TARGET / 8] = target;
	registers[EDU_SIZE / 8] = EDU_BUFFER_SIZE;
	registers[EDU_COMMAND / 8] = EDU_START | command;
	/* It takes 100 ms. */
	for (tries = 0; registers[EDU_COMMAND / 8] & EDU_START && tries < 1000; tries++)
		clock_pause(10);
	ASSERT_GT(1000, tries);
}

/* Let the device copy 4 KiB between two of its addresses. */
static inline void edu_copy(struct __test_metadata *_metadata, const struct vfio *vfio,
			    uint64_t from, uint64_t to)
{
	edu_run(_metadata, vfio, from, EDU_BUFFER, 0);
	edu_run(_metadata, vfio, EDU_BUFFER, to, EDU_TO_MEMORY);
}

#endif /* MOCKGPU_TEST_VFIO_H */
