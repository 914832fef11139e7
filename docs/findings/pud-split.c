// SPDX-License-Identifier: GPL-2.0-only
/*
 * See pud-split.md. With no driver but vfio-pci: the PCI device is bound to it and has a BAR of
 * memory of 1 GiB or more. "mprotect" makes the kernel oops; "mremap" makes it lose an entry, and
 * reads at the old address afterwards. As root:
 *
 *   cc -o pud-split pud-split.c && ./pud-split 0000:00:1e.0 2 mremap|mprotect
 *
 * Exit status: 0 the kernel is well, 1 the fault is there, 2 cannot tell.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/vfio.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define GIB (1ul << 30)

static void check(int good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(2);
}

/* The device, in its group, in a container of the first kind of VFIO. */
static int open_device(const char *name)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	char path[128], link[128];
	int container, group, device;
	ssize_t got;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", name);
	got = readlink(path, link, sizeof(link) - 1);
	check(got > 0, path);
	link[got] = '\0';
	snprintf(path, sizeof(path), "/dev/vfio/%s", strrchr(link, '/') + 1);
	container = open("/dev/vfio/vfio", O_RDWR);
	check(container >= 0, "/dev/vfio/vfio");
	group = open(path, O_RDWR);
	check(group >= 0, path);
	check(!ioctl(group, VFIO_GROUP_GET_STATUS, &status), "VFIO_GROUP_GET_STATUS");
	check(!ioctl(group, VFIO_GROUP_SET_CONTAINER, &container), "VFIO_GROUP_SET_CONTAINER");
	check(!ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU), "VFIO_SET_IOMMU");
	device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, name);
	check(device >= 0, "VFIO_GROUP_GET_DEVICE_FD");
	return device;
}

static char *map_bar(int device, int bar, char *at)
{
	struct vfio_region_info info = { .argsz = sizeof(info), .index = bar };
	char *map;

	check(!ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &info), "VFIO_DEVICE_GET_REGION_INFO");
	if (info.size < GIB) {
		fprintf(stderr, "BAR %d is smaller than 1 GiB\n", bar);
		exit(2);
	}
	map = mmap(at, GIB, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, device, info.offset);
	check(map != MAP_FAILED, "mmap of the BAR");
	return map;
}

static void no_mapping(int signal)
{
	(void)signal;
	printf("at the old address: SIGSEGV, as it should be\n");
	exit(0);
}

int main(int argc, char **argv)
{
	char *room, *at, *map, *there;
	int old;

	if (argc != 4 || (strcmp(argv[3], "mremap") && strcmp(argv[3], "mprotect"))) {
		fprintf(stderr, "usage: %s PCI-DEVICE BAR mremap|mprotect\n", argv[0]);
		return 2;
	}
	room = mmap(NULL, 4 * GIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	check(room != MAP_FAILED, "mmap");
	at = (char *)(((uintptr_t)room + GIB - 1) & ~(GIB - 1));
	map = map_bar(open_device(argv[1]), atoi(argv[2]), at);
	*(volatile int *)(map + 4096) = 0x600d;
	if (!strcmp(argv[3], "mprotect")) {
		check(!mprotect(map + 4096, 4096, PROT_READ), "mprotect");
		printf("mprotect is done\n");
		return 0;
	}
	signal(SIGSEGV, no_mapping);
	there = mremap(map, GIB, GIB, MREMAP_MAYMOVE | MREMAP_FIXED, at + GIB);
	/* At once, before another process makes this CPU forget its translation. */
	old = *(volatile int *)(map + 4096);
	check(there == at + GIB, "mremap");
	printf("at the new address: %#x\n", *(volatile int *)(there + 4096));
	printf("at the old address, where nothing is mapped: %#x\n", old);
	return 1;
}
