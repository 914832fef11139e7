// SPDX-License-Identifier: GPL-2.0-only
/* The guest's memory, which the front-end shares. */

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "vhost_gpu.h"

static void mapping_free(const struct mapping *mapping)
{
	if (mapping->hva)
		munmap(mapping->hva, mapping->region.size);
}

void vhost_memory_clear(struct session *session)
{
	unsigned int i;

	vgpu_mem(session->dev)->count = 0;
	for (i = 0; i < session->mappings; i++)
		mapping_free(&session->mapping[i]);
	session->mappings = 0;
}

/*
 * QEMU also lists the blobs in the host-visible region: the first ones in a table, all of them if
 * it adds regions one by one. They are not guest memory, and our mapping would keep them alive.
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

/* Map a region of the guest's memory, and add it to what the device may access. */
static int memory_map(struct session *session, const struct vhost_user_region *region, int fd,
		      void **hva)
{
	int ret;

	*hva = mmap(NULL, region->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd,
		    region->mmap_offset);
	if (*hva == MAP_FAILED)
		return -errno;
	ret = vgpu_mem_add(vgpu_mem(session->dev), region->gpa, *hva, region->size);
	if (ret)
		munmap(*hva, region->size);
	return ret;
}

static int memory_add(struct session *session, const struct vhost_user_region *region, int fd)
{
	struct mapping mapping = { .region = *region };
	int ret = 0;

	if (session->mappings == VHOST_USER_MEM_SLOTS_MAX)
		return -ENOSPC;
	if (!is_export(session, fd))
		ret = memory_map(session, region, fd, &mapping.hva);
	if (!ret)
		session->mapping[session->mappings++] = mapping;
	return ret;
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
		ret = memory_add(session, &memory->region[i], message->fd[i]);
		if (ret)
			return ret;
	}
	return 0;
}

int vhost_get_max_mem_slots(struct session *session, struct vhost_user_message *message)
{
	message->payload.u64 = session->config->mem_slots;
	return vhost_reply(session, message, sizeof(message->payload.u64));
}

int vhost_add_mem_reg(struct session *session, struct vhost_user_message *message)
{
	if (!vhost_has_feature(session, VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS))
		return -EOPNOTSUPP;
	if (message->fds != 1)
		return -EINVAL;
	if (session->mappings >= session->config->mem_slots)
		return -ENOSPC;
	return memory_add(session, &message->payload.mem_reg.region, message->fd[0]);
}

/* The offset in the file is not compared: QEMU sends 0. */
static bool is_same(const struct vhost_user_region *a, const struct vhost_user_region *b)
{
	return a->gpa == b->gpa && a->size == b->size && a->user_addr == b->user_addr;
}

int vhost_rem_mem_reg(struct session *session, struct vhost_user_message *message)
{
	const struct vhost_user_region *region = &message->payload.mem_reg.region;
	struct mapping *mapping = session->mapping;
	struct mapping *end = mapping + session->mappings;

	if (!vhost_has_feature(session, VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS))
		return -EOPNOTSUPP;
	while (mapping < end && !is_same(&mapping->region, region))
		mapping++;
	if (mapping == end)
		return -ENOENT;
	if (mapping->hva)
		vgpu_mem_remove(vgpu_mem(session->dev), region->gpa);
	mapping_free(mapping);
	*mapping = session->mapping[--session->mappings];
	return 0;
}

bool vhost_memory_has_room(const struct session *session)
{
	return !vhost_has_feature(session, VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS) ||
	       session->mappings < session->config->mem_slots;
}

/* Get the guest physical address of the front-end's address @user_addr. */
int vhost_gpa_of(const struct session *session, uint64_t user_addr, uint64_t *gpa)
{
	unsigned int i;

	for (i = 0; i < session->mappings; i++) {
		const struct vhost_user_region *region = &session->mapping[i].region;

		if (session->mapping[i].hva && user_addr - region->user_addr < region->size) {
			*gpa = region->gpa + (user_addr - region->user_addr);
			return 0;
		}
	}
	return -EFAULT;
}
