// SPDX-License-Identifier: GPL-2.0-only
/* The guest's virtio-gpu device as a PCI device, see pci.h. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/pci_regs.h>
#include <linux/virtio_gpu.h>
#include <linux/virtio_pci.h>

#include "pci.h"

#define DEVICES "/sys/bus/pci/devices"
/* Vendor 1af4, device 1040 + 16. */
#define GPU_ID 0x10501af4u
#define CONFIG 256

/**
 * struct place - a part of a BAR
 * @bar: its number
 * @offset: of the part
 * @length: of the part
 */
struct place {
	uint8_t bar;
	uint64_t offset;
	uint64_t length;
};

static uint32_t word_at(const uint8_t *config, unsigned int at)
{
	uint32_t word;

	memcpy(&word, config + at, sizeof(word));
	return word;
}

static int read_config(const char *name, uint8_t *config)
{
	char path[PATH_MAX];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), DEVICES "/%s/config", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	got = pread(fd, config, CONFIG, 0);
	close(fd);
	return got == CONFIG ? 0 : -EIO;
}

static int find_device(char *address, uint8_t *config)
{
	DIR *dir = opendir(DEVICES);
	const struct dirent *entry;
	int ret = -ENODEV;

	while (dir && ret && (entry = readdir(dir))) {
		if (strlen(entry->d_name) != strlen("0000:00:01.0") ||
		    read_config(entry->d_name, config) ||
		    word_at(config, PCI_VENDOR_ID) != GPU_ID)
			continue;
		strcpy(address, entry->d_name);
		ret = 0;
	}
	if (dir)
		closedir(dir);
	return ret;
}

/* Find the capability of @type, and of @id if it is a region of shared memory. */
static int find_place(const uint8_t *config, uint8_t type, uint8_t id, struct place *place)
{
	unsigned int at = config[PCI_CAPABILITY_LIST];

	for (; at && at < CONFIG - sizeof(struct virtio_pci_cap64); at = config[at + 1]) {
		const struct virtio_pci_cap *cap = (const void *)(config + at);
		const struct virtio_pci_cap64 *wide = (const void *)(config + at);
		bool is_wide = type == VIRTIO_PCI_CAP_SHARED_MEMORY_CFG;

		if (cap->cap_vndr != PCI_CAP_ID_VNDR || cap->cfg_type != type ||
		    (is_wide && cap->id != id))
			continue;
		place->bar = cap->bar;
		place->offset = cap->offset | (is_wide ? (uint64_t)wide->offset_hi << 32 : 0);
		place->length = cap->length | (is_wide ? (uint64_t)wide->length_hi << 32 : 0);
		return 0;
	}
	return -ENOENT;
}

static void *map_place(const char *address, const struct place *place)
{
	char path[PATH_MAX];
	void *map;
	int fd;

	snprintf(path, sizeof(path), DEVICES "/%s/resource%u", address, place->bar);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return MAP_FAILED;
	map = mmap(NULL, place->length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, place->offset);
	close(fd);
	return map;
}

int pci_gpu_open(struct pci_gpu *gpu)
{
	struct place window, common;
	uint8_t config[CONFIG];
	int ret = find_device(gpu->address, config);
	void *map;

	if (!ret)
		ret = find_place(config, VIRTIO_PCI_CAP_SHARED_MEMORY_CFG,
				 VIRTIO_GPU_SHM_ID_HOST_VISIBLE, &window);
	if (!ret)
		ret = find_place(config, VIRTIO_PCI_CAP_COMMON_CFG, 0, &common);
	if (ret)
		return ret;
	map = map_place(gpu->address, &window);
	if (map == MAP_FAILED)
		return -errno;
	gpu->window = map;
	gpu->window_size = window.length;
	gpu->window_gpa = word_at(config, PCI_BASE_ADDRESS_0 + 4 * window.bar) & ~0xfu;
	gpu->window_gpa |= (uint64_t)word_at(config, PCI_BASE_ADDRESS_0 + 4 * window.bar + 4) << 32;
	gpu->window_gpa += window.offset;
	map = map_place(gpu->address, &common);
	if (map == MAP_FAILED)
		return -errno;
	gpu->common = map;
	return 0;
}

uint64_t pci_gpu_queue(const struct pci_gpu *gpu, uint16_t queue)
{
	const volatile uint32_t *low = (const void *)(gpu->common + VIRTIO_PCI_COMMON_Q_DESCLO);
	const volatile uint32_t *high = (const void *)(gpu->common + VIRTIO_PCI_COMMON_Q_DESCHI);

	*(volatile uint16_t *)(gpu->common + VIRTIO_PCI_COMMON_Q_SELECT) = queue;
	return *low | (uint64_t)*high << 32;
}

int pci_gpu_bind(const struct pci_gpu *gpu, const char *action)
{
	char path[PATH_MAX];
	int fd, ret = 0;

	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/virtio-pci/%s", action);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, gpu->address, strlen(gpu->address)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}
