// SPDX-License-Identifier: GPL-2.0-only
/*
 * vhost-gpu with --mem-slots and --blob-alignment: a front-end that adds and removes regions of the
 * guest's memory one by one, as QEMU does when RAM is plugged and when blobs are mapped, and a
 * device whose blobs must have a certain size.
 */

#include "kselftest_harness.h"

#define MORE_OPTIONS "--mem-slots", "20", "--blob-alignment", "64K",
/* VIRTIO_GPU_F_BLOB_ALIGNMENT, VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS */
#define MORE_FEATURES (1ull << 5)
#define MORE_PROTOCOL_FEATURES (1ull << 15)
#include "front_end.h"

#define OK VIRTIO_GPU_RESP_OK_NODATA
#define INVALID VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER
#define NO_MEMORY VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY

#define SLOTS 20
#define BLOB (64 * 1024)

/* Regions beside that of front_end.h, of so many bytes, one after the other in a file. */
#define MORE 12
#define LAST (MORE - 1)
#define MORE_SIZE (64 * 1024)
#define MORE_GPA 0x100000000ull
#define MORE_USER 0x7e0000000000ull

static struct vhost_user_region more_region(unsigned int i)
{
	return (struct vhost_user_region){
		MORE_GPA + i * MORE_SIZE, MORE_SIZE, MORE_USER + i * MORE_SIZE, i * MORE_SIZE,
	};
}

static int64_t change(struct front_end *front, uint32_t request, unsigned int i, int fd)
{
	struct vhost_user_region region = more_region(i);

	/* QEMU names no offset of a region that goes. */
	if (request == VHOST_USER_REM_MEM_REG)
		region.mmap_offset = 0;
	return set_region(front, request, &region, fd);
}

static char *plug(struct __test_metadata *_metadata, struct front_end *front, unsigned int regions,
		  int *fd)
{
	unsigned int i;
	char *memory;

	*fd = memfd_create("plugged", MFD_CLOEXEC);
	ASSERT_EQ(0, ftruncate(*fd, regions * MORE_SIZE));
	memory = mmap(NULL, regions * MORE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
	ASSERT_NE(MAP_FAILED, memory);
	for (i = 0; i < regions; i++)
		ASSERT_EQ(0, change(front, VHOST_USER_ADD_MEM_REG, i, *fd));
	return memory;
}

/* A command and its answer at the start of a plugged region. Return: the answer; 0 without one. */
static uint32_t run_at(struct front_end *front, char *memory, uint64_t gpa)
{
	struct virtio_gpu_ctrl_hdr command = { .type = VIRTIO_GPU_CMD_GET_DISPLAY_INFO };
	struct vring_desc *desc = (void *)(front->memory + DESC);
	struct vring_avail *avail = (void *)(front->memory + AVAIL);

	memset(memory, 0, 2 * PAGE);
	memcpy(memory, &command, sizeof(command));
	desc[0] = (struct vring_desc){ gpa, sizeof(command), VRING_DESC_F_NEXT, 1 };
	desc[1] = (struct vring_desc){ gpa + PAGE, PAGE, VRING_DESC_F_WRITE, 0 };
	avail->ring[front->sent % QUEUE] = 0;
	__atomic_store_n(&avail->idx, ++front->sent, __ATOMIC_RELEASE);
	eventfd_write(front->kick, 1);
	if (!await_used(front))
		return 0;
	return ((const struct virtio_gpu_ctrl_hdr *)(memory + PAGE))->type;
}

TEST_F(vhost, what_was_asked_for_is_offered)
{
	struct vhost_user_config ask = { .offset = 16, .size = 4 };
	struct vhost_user_message message;
	uint32_t alignment;

	ASSERT_EQ(0, get(&self->front, VHOST_USER_GET_MAX_MEM_SLOTS, "", 0, &message));
	EXPECT_EQ(SLOTS, message.payload.u64);
	ASSERT_EQ(0, get(&self->front, VHOST_USER_GET_CONFIG, &ask, 12 + ask.size, &message));
	memcpy(&alignment, message.payload.config.data, sizeof(alignment));
	EXPECT_EQ(BLOB, alignment);
}

TEST_F(vhost, commands_lie_in_any_region)
{
	struct front_end *front = &self->front;
	unsigned int i;
	char *memory;
	int fd;

	memory = plug(_metadata, front, MORE, &fd);
	for (i = 0; i < MORE; i++)
		EXPECT_EQ(VIRTIO_GPU_RESP_OK_DISPLAY_INFO,
			  run_at(front, memory + i * MORE_SIZE, MORE_GPA + i * MORE_SIZE));
}

/* The queue itself, in the last region. */
TEST_F(vhost, rings_lie_in_any_region)
{
	const uint64_t at = LAST * MORE_SIZE;
	struct vhost_vring_addr addr = {
		.desc_user_addr = MORE_USER + at + DESC,
		.avail_user_addr = MORE_USER + at + AVAIL,
		.used_user_addr = MORE_USER + at + USED,
	};
	struct front_end *front = &self->front;
	char *memory, *first = front->memory;
	int fd;

	memory = plug(_metadata, front, MORE, &fd);
	stop(front);
	front->memory = memory + at;
	front->sent = 0;
	ASSERT_EQ(0, set_state(front, VHOST_USER_SET_VRING_BASE, 0));
	ASSERT_EQ(0, set(front, VHOST_USER_SET_VRING_ADDR, &addr, sizeof(addr), -1));
	ASSERT_EQ(0, set_u64(front, VHOST_USER_SET_VRING_KICK, 0, front->kick));
	EXPECT_EQ(VIRTIO_GPU_RESP_OK_DISPLAY_INFO, run_at(front, first, MEMORY_GPA));
	EXPECT_EQ(VIRTIO_GPU_RESP_OK_DISPLAY_INFO, run_at(front, memory, MORE_GPA));
	/* Without its region the queue is broken; with it, it works. */
	ASSERT_EQ(0, change(front, VHOST_USER_REM_MEM_REG, LAST, -1));
	eventfd_write(front->kick, 1);
	EXPECT_TRUE(is_readable(front->err, PATIENCE_MS));
	ASSERT_EQ(0, change(front, VHOST_USER_ADD_MEM_REG, LAST, fd));
	stop(front);
	front->sent = 0;
	memset(front->memory, 0, MORE_SIZE);
	ASSERT_EQ(0, set_state(front, VHOST_USER_SET_VRING_BASE, 0));
	ASSERT_EQ(0, set_u64(front, VHOST_USER_SET_VRING_KICK, 0, front->kick));
	EXPECT_EQ(VIRTIO_GPU_RESP_OK_DISPLAY_INFO, run_at(front, memory, MORE_GPA));
	front->memory = first;
}

TEST_F(vhost, a_region_that_is_gone_is_not_touched)
{
	struct front_end *front = &self->front;
	char *memory;
	int fd, maps;

	memory = plug(_metadata, front, MORE, &fd);
	maps = count_entries(front->pid, "map_files");
	ASSERT_EQ(0, change(front, VHOST_USER_REM_MEM_REG, 3, fd));
	EXPECT_EQ(maps - 1, count_entries(front->pid, "map_files"));
	EXPECT_EQ(0, run_at(front, memory + 3 * MORE_SIZE, MORE_GPA + 3 * MORE_SIZE));
	/* Those beside it are still there, also the last one, which may have got its place. */
	EXPECT_EQ(VIRTIO_GPU_RESP_OK_DISPLAY_INFO,
		  run_at(front, memory + 4 * MORE_SIZE, MORE_GPA + 4 * MORE_SIZE));
	EXPECT_EQ(VIRTIO_GPU_RESP_OK_DISPLAY_INFO,
		  run_at(front, memory + LAST * MORE_SIZE, MORE_GPA + LAST * MORE_SIZE));
	EXPECT_EQ(0, change(front, VHOST_USER_REM_MEM_REG, LAST, -1));
	ASSERT_EQ(0, change(front, VHOST_USER_ADD_MEM_REG, 3, fd));
	EXPECT_EQ(VIRTIO_GPU_RESP_OK_DISPLAY_INFO,
		  run_at(front, memory + 3 * MORE_SIZE, MORE_GPA + 3 * MORE_SIZE));
}

TEST_F(vhost, bad_regions_are_refused)
{
	struct front_end *front = &self->front;
	struct vhost_user_region region;
	int fd, fds, maps;
	unsigned int i;

	plug(_metadata, front, MORE, &fd);
	fds = count_fds(front->pid);
	maps = count_entries(front->pid, "map_files");
	/* Twice, without a descriptor, empty, at half a page. */
	EXPECT_EQ(1, change(front, VHOST_USER_ADD_MEM_REG, 3, fd));
	EXPECT_EQ(1, change(front, VHOST_USER_ADD_MEM_REG, MORE, -1));
	region = more_region(MORE);
	region.size = 0;
	EXPECT_EQ(1, set_region(front, VHOST_USER_ADD_MEM_REG, &region, fd));
	region = more_region(MORE);
	region.gpa += PAGE / 2;
	EXPECT_EQ(1, set_region(front, VHOST_USER_ADD_MEM_REG, &region, fd));
	/* What is not there, or not so. */
	EXPECT_EQ(1, change(front, VHOST_USER_REM_MEM_REG, MORE, -1));
	region = more_region(3);
	region.size -= PAGE;
	EXPECT_EQ(1, set_region(front, VHOST_USER_REM_MEM_REG, &region, -1));
	EXPECT_EQ(1, set(front, VHOST_USER_ADD_MEM_REG, &region, sizeof(region), fd));
	/* More than were promised. */
	ASSERT_EQ(0, ftruncate(fd, (SLOTS + 1) * MORE_SIZE));
	for (i = MORE; i < SLOTS - 1; i++)
		EXPECT_EQ(0, change(front, VHOST_USER_ADD_MEM_REG, i, fd));
	EXPECT_EQ(1, change(front, VHOST_USER_ADD_MEM_REG, i, fd));
	while (i-- > MORE)
		EXPECT_EQ(0, change(front, VHOST_USER_REM_MEM_REG, i, -1));
	ASSERT_EQ(VIRTIO_GPU_RESP_OK_DISPLAY_INFO, display_info(front));
	EXPECT_EQ(fds, count_fds(front->pid));
	EXPECT_EQ(maps, count_entries(front->pid, "map_files"));
}

TEST_F(vhost, who_has_not_asked_for_it_cannot_add_regions)
{
	const uint64_t without = PROTOCOL_FEATURES & ~MORE_PROTOCOL_FEATURES;
	struct front_end *front = &self->front;

	ASSERT_EQ(0, set_u64(front, VHOST_USER_SET_PROTOCOL_FEATURES, without, -1));
	EXPECT_EQ(1, change(front, VHOST_USER_ADD_MEM_REG, 0, front->memfd));
	EXPECT_EQ(1, change(front, VHOST_USER_REM_MEM_REG, 0, -1));
}

/* QEMU tells of each blob that it has mapped as if it were RAM. */
TEST_F(vhost, a_blob_takes_a_slot_and_is_not_mapped)
{
	struct front_end *front = &self->front;
	struct vhost_user_region region;
	int fd, blob[SLOTS], maps;
	unsigned int i;

	plug(_metadata, front, MORE, &fd);
	maps = count_entries(front->pid, "map_files");
	for (i = 1; i < SLOTS - MORE; i++) {
		ASSERT_EQ(OK, make_blob(front, i, BLOB));
		send_map(front, i, i * BLOB);
		ASSERT_EQ(0, serve_map(front, &blob[i]));
		ASSERT_EQ(VIRTIO_GPU_RESP_OK_MAP_INFO, await_answer(front));
		region = (struct vhost_user_region){
			2 * MORE_GPA + i * BLOB, BLOB, 2 * MORE_USER + i * BLOB, 0,
		};
		EXPECT_EQ(0, set_region(front, VHOST_USER_ADD_MEM_REG, &region, blob[i]));
	}
	EXPECT_EQ(maps, count_entries(front->pid, "map_files"));
	/* The slots are full: the front-end must not be asked to map any more. */
	ASSERT_EQ(OK, make_blob(front, i, BLOB));
	send_map(front, i, i * BLOB);
	EXPECT_EQ(NO_MEMORY, await_answer(front));
	EXPECT_FALSE(is_readable(front->channel, 0));
	EXPECT_EQ(0, set_region(front, VHOST_USER_REM_MEM_REG, &region, blob[i - 1]));
	send_map(front, i, i * BLOB);
	ASSERT_EQ(0, serve_map(front, &blob[i]));
	EXPECT_EQ(VIRTIO_GPU_RESP_OK_MAP_INFO, await_answer(front));
}

TEST_F(vhost, blobs_of_another_size_are_refused)
{
	struct front_end *front = &self->front;
	int fd;

	EXPECT_EQ(INVALID, make_blob(front, 1, PAGE));
	EXPECT_EQ(INVALID, make_blob(front, 1, BLOB + PAGE));
	EXPECT_EQ(INVALID, make_guest_blob(front, 1, MEMORY_GPA, PAGE));
	EXPECT_EQ(OK, make_guest_blob(front, 1, MEMORY_GPA, BLOB));
	ASSERT_EQ(OK, make_blob(front, 2, 2 * BLOB));
	send_map(front, 2, PAGE);
	EXPECT_EQ(INVALID, await_answer(front));
	EXPECT_FALSE(is_readable(front->channel, 0));
	send_map(front, 2, BLOB);
	ASSERT_EQ(0, serve_map(front, &fd));
	EXPECT_EQ(VIRTIO_GPU_RESP_OK_MAP_INFO, await_answer(front));
}

/* A driver before Linux 7.2 does not accept the feature and knows no alignment. */
TEST_F(vhost, who_has_not_accepted_it_has_blobs_of_any_size)
{
	struct front_end *front = &self->front;
	int fd;

	ASSERT_EQ(0, set_u64(front, VHOST_USER_SET_FEATURES, FEATURES & ~MORE_FEATURES, -1));
	EXPECT_EQ(OK, make_blob(front, 1, PAGE));
	send_map(front, 1, PAGE);
	ASSERT_EQ(0, serve_map(front, &fd));
	EXPECT_EQ(VIRTIO_GPU_RESP_OK_MAP_INFO, await_answer(front));
}

TEST(bad_options_are_refused)
{
	static const char *const slots[] = { "0", "15", "501", "-1", "x", "" };
	static const char *const alignments[] = { "0", "2K", "12K", "2G", "-4K", "x", "" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(slots); i++) {
		const char *const argv[] = {
			"vhost-gpu", "--socket-path", "/tmp/vhost-gpu.none", "--mem-slots",
			slots[i], NULL
		};

		EXPECT_EQ(2, process_end(process_start(argv)))
			TH_LOG("--mem-slots '%s'", slots[i]);
	}
	for (i = 0; i < ARRAY_SIZE(alignments); i++) {
		const char *const argv[] = {
			"vhost-gpu", "--socket-path", "/tmp/vhost-gpu.none", "--blob-alignment",
			alignments[i], NULL
		};

		EXPECT_EQ(2, process_end(process_start(argv)))
			TH_LOG("--blob-alignment '%s'", alignments[i]);
	}
}

TEST_HARNESS_MAIN
