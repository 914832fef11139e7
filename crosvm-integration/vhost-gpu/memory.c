// SPDX-License-Identifier: GPL-2.0-only
/* The guest's memory, which the front-end shares. */

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "vhost_gpu.h"

void vhost_memory_clear(struct session *session)
{
	unsigned int i;

	vgpu_mem(session->dev)->count = 0;
	for (i = 0; i < session->mappings; i++)
		munmap(session->mapping[i].hva, session->mapping[i].region.size);
	session->mappings = 0;
}

/*
 * QEMU also lists the first blobs in the host-visible region. They are not guest memory, and
 * our mapping would keep them alive.
 */
static bool is_export(const struct session *session, int fd)
{
	const struct export *export;
	struct stat st;

	if (fstat(fd, &st))
		return false;
	LIST_FOREACH(export, &session->exports, link) {
		if (export->device == st.st_dev && export->inode == st.st_ino)
			return true;
	}
	return false;
}

static int memory_add(struct session *session, const struct vhost_user_region *region,
		      int fd)
{
	void *hva = mmap(NULL, region->size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_NORESERVE, fd, region->mmap_offset);
	int ret;

	if (hva == MAP_FAILED)
		return -errno;
	ret = vgpu_mem_add(vgpu_mem(session->dev), region->gpa, hva, region->size);
	if (ret) {
		munmap(hva, region->size);
		return ret;
	}
	session->mapping[session->mappings++] = (struct mapping){ *region, hva };
	return 0;
}

int vhost_set_mem_table(struct session *session, struct vhost_user_message *message)
{
	const struct vhost_user_memory *memory = &message->payload.memory;
	unsigned int i;
	int ret;

	if (memory->regions > VHOST_USER_REGIONS || memory->regions != message->fds)
		return -EINVAL;
	vhost_memory_clear(session);
	for (i = 0; i < memory->regions; i++) {
		if (is_export(session, message->fd[i]))
			continue;
		ret = memory_add(session, &memory->region[i], message->fd[i]);
		if (ret)
			return ret;
	}
	return 0;
}

/* Get the guest physical address of the front-end's address @user_addr. */
int vhost_gpa_of(const struct session *session, uint64_t user_addr, uint64_t *gpa)
{
	unsigned int i;

	for (i = 0; i < session->mappings; i++) {
		const struct vhost_user_region *region = &session->mapping[i].region;

		if (user_addr - region->user_addr < region->size) {
			*gpa = region->gpa + (user_addr - region->user_addr);
			return 0;
		}
	}
	return -EFAULT;
}
