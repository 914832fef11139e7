// SPDX-License-Identifier: GPL-2.0-only
/* KVM's binary statistics, see kvmstat.h. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kvmstat.h"
#include "vmm_arch.h"

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

static int kvmstat_read(int owner, const char *name, uint64_t *value)
{
	struct kvm_stats_header header;
	int fd = ioctl(owner, KVM_GET_STATS_FD, NULL);
	int ret;

	if (fd < 0)
		return -errno;
	ret = kvmstat_pread(fd, &header, sizeof(header), 0);
	if (!ret)
		ret = kvmstat_find(fd, &header, name, value);
	close(fd);
	return ret;
}

int kvmstat_vm(struct vmm *vm, const char *name, uint64_t *value)
{
	return kvmstat_read(vm->fd, name, value);
}

int kvmstat_vcpu(struct vmm_vcpu *vcpu, const char *name, uint64_t *value)
{
	return kvmstat_read(vcpu->fd, name, value);
}
