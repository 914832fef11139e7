// SPDX-License-Identifier: GPL-2.0-only
/* KVM's binary statistics, see kvmstat.h. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/kvm.h>

#include "kvmstat.h"

static int kvmstat_pread(int fd, void *to, size_t size, uint64_t offset)
{
	ssize_t ret = pread(fd, to, size, offset);

	if (ret < 0)
		return -errno;
	return (size_t)ret == size ? 0 : -EIO;
}

/* The descriptor is followed by its name, of header->name_size bytes. */
static int kvmstat_find(int fd, const struct kvm_stats_header *header, const char *name,
			uint64_t *value)
{
	size_t size = sizeof(struct kvm_stats_desc) + header->name_size;
	struct kvm_stats_desc *desc = malloc(size);
	int ret = desc ? -ENOENT : -ENOMEM;
	uint32_t i;

	for (i = 0; ret == -ENOENT && i < header->num_desc; i++) {
		ret = kvmstat_pread(fd, desc, size, header->desc_offset + i * size);
		if (!ret && strncmp(desc->name, name, header->name_size))
			ret = -ENOENT;
	}
	if (!ret)
		ret = kvmstat_pread(fd, value, sizeof(*value),
				    header->data_offset + desc->offset);
	free(desc);
	return ret;
}

/* As many single-valued statistics as there is room for. */
static size_t kvmstat_values(int fd, const struct kvm_stats_header *header, const char *prefix,
			     struct kvmstat *list, size_t room)
{
	size_t size = sizeof(struct kvm_stats_desc) + header->name_size, count = 0;
	struct kvm_stats_desc *desc = malloc(size);
	uint32_t i;

	for (i = 0; desc && i < header->num_desc && count < room; i++) {
		if (kvmstat_pread(fd, desc, size, header->desc_offset + i * size))
			break;
		if (desc->size != 1 || kvmstat_pread(fd, &list[count].value, sizeof(uint64_t),
						     header->data_offset + desc->offset))
			continue;
		snprintf(list[count].name, sizeof(list[count].name), "%s%s", prefix, desc->name);
		count++;
	}
	free(desc);
	return count;
}

/* Read all statistics of descriptor @fd and close it. */
static size_t kvmstat_list_of(int fd, const char *prefix, struct kvmstat *list, size_t room)
{
	struct kvm_stats_header header;
	size_t count = 0;

	if (fd < 0)
		return 0;
	if (!kvmstat_pread(fd, &header, sizeof(header), 0))
		count = kvmstat_values(fd, &header, prefix, list, room);
	close(fd);
	return count;
}

size_t kvmstat_list(struct vmm *vm, struct vmm_vcpu *vcpu, struct kvmstat *list, size_t room)
{
	size_t count = kvmstat_list_of(vmm_ioctl(vm, KVM_GET_STATS_FD, NULL), "", list, room);

	return count + kvmstat_list_of(kvmstat_vcpu_open(vcpu), "vcpu_", list + count,
				       room - count);
}

int kvmstat_get(int fd, const char *name, uint64_t *value)
{
	struct kvm_stats_header header;
	int ret = kvmstat_pread(fd, &header, sizeof(header), 0);

	return ret ? ret : kvmstat_find(fd, &header, name, value);
}

static int kvmstat_read(int fd, const char *name, uint64_t *value)
{
	int ret;

	if (fd < 0)
		return fd;
	ret = kvmstat_get(fd, name, value);
	close(fd);
	return ret;
}

int kvmstat_vcpu_open(struct vmm_vcpu *vcpu)
{
	return vmm_vcpu_ioctl(vcpu, KVM_GET_STATS_FD, NULL);
}

int kvmstat_vm(struct vmm *vm, const char *name, uint64_t *value)
{
	return kvmstat_read(vmm_ioctl(vm, KVM_GET_STATS_FD, NULL), name, value);
}

int kvmstat_vcpu(struct vmm_vcpu *vcpu, const char *name, uint64_t *value)
{
	return kvmstat_read(kvmstat_vcpu_open(vcpu), name, value);
}
