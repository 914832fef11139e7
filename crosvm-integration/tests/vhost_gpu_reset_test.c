// SPDX-License-Identifier: GPL-2.0-only
/*
 * vhost-gpu when its device is paused and when it is reset, which vhost-user does not tell apart: a
 * paused guest continues with everything it had. After a reset there is nothing left, in the
 * host-visible region either, whoever has to empty that.
 */

#include "kselftest_harness.h"

#include "front_end.h"

/* After this many commands the index of a queue is the same again. */
#define ROUND 65536

TEST_F(vhost, a_stop_in_the_middle_of_a_map_undoes_it)
{
	struct front_end *front = &self->front;
	struct vhost_user_message message;
	int fd;

	begin_map(_metadata, front, &message);
	vhost_user_close_fds(&message);
	/* The command was not answered, so it was not consumed. */
	EXPECT_EQ(2, stop(front));
	acknowledge(front, VHOST_USER_BACKEND_SHMEM_MAP, 0);
	ASSERT_EQ(0, await_request(front, VHOST_USER_BACKEND_SHARED_OBJECT_REMOVE, &message));
	acknowledge(front, VHOST_USER_BACKEND_SHARED_OBJECT_REMOVE, 1);
	ASSERT_EQ(0, await_request(front, VHOST_USER_BACKEND_SHMEM_UNMAP, &message));
	EXPECT_EQ(0, message.payload.mmap.shm_offset);
	acknowledge(front, VHOST_USER_BACKEND_SHMEM_UNMAP, 0);
	/* After a pause it runs again; after a reset it would be gone. */
	ASSERT_EQ(0, queue_begin(front, 2));
	ASSERT_EQ(0, serve_map(front, &fd));
	EXPECT_EQ(VIRTIO_GPU_RESP_OK_MAP_INFO, await_answer(front));
}

TEST_F(vhost, a_reset_in_the_middle_of_a_map_begins_anew)
{
	struct front_end *front = &self->front;
	struct vhost_user_message message;

	begin_map(_metadata, front, &message);
	vhost_user_close_fds(&message);
	EXPECT_EQ(2, stop(front));
	ASSERT_EQ(0, queue_begin(front, 0));
	acknowledge(front, VHOST_USER_BACKEND_SHMEM_MAP, 1);
	ASSERT_EQ(VIRTIO_GPU_RESP_OK_NODATA, make_blob(front, 1, PAGE));
	EXPECT_FALSE(is_readable(front->channel, 0));
}

#define BLOBS 3

/* Blobs 1 to BLOBS of a page each, side by side in the window. */
static void map_blobs(struct __test_metadata *_metadata, struct front_end *front)
{
	uint32_t id;
	int fd;

	for (id = 1; id <= BLOBS; id++) {
		ASSERT_EQ(VIRTIO_GPU_RESP_OK_NODATA, make_blob(front, id, PAGE));
		send_map(front, id, (id - 1) * PAGE);
		ASSERT_EQ(0, serve_map(front, &fd));
		close(fd);
		ASSERT_EQ(VIRTIO_GPU_RESP_OK_MAP_INFO, await_answer(front));
	}
}

/* Answer the backend's requests to unmap. Return: the number of different pages in them. */
static unsigned int serve_unmaps(struct front_end *front, uint64_t answer)
{
	struct vhost_user_message message;
	unsigned int i, pages = 0;

	for (i = 0; i < BLOBS; i++) {
		if (await_request(front, VHOST_USER_BACKEND_SHMEM_UNMAP, &message) ||
		    message.payload.mmap.len != PAGE)
			break;
		pages |= 1 << message.payload.mmap.shm_offset / PAGE;
		acknowledge(front, VHOST_USER_BACKEND_SHMEM_UNMAP, answer);
	}
	return __builtin_popcount(pages);
}

FIXTURE(reset) {
	struct front_end front;
};

/* @answer: the answer to a request to unmap after the guest's device was reset */
FIXTURE_VARIANT(reset) {
	uint64_t answer;
};

/* crosvm leaves everything mapped. */
FIXTURE_VARIANT_ADD(reset, of_crosvm) { .answer = 0 };
/* QEMU has emptied the region and knows of no mapping there. */
FIXTURE_VARIANT_ADD(reset, of_qemu) { .answer = 1 };

FIXTURE_SETUP(reset)
{
	front_end_setup(_metadata, &self->front);
}

FIXTURE_TEARDOWN(reset)
{
	front_end_teardown(_metadata, &self->front);
}

TEST_F(reset, takes_back_what_is_mapped)
{
	struct front_end *front = &self->front;
	int round, fds = 0;

	for (round = 0; round < 3; round++) {
		map_blobs(_metadata, front);
		if (!round)
			fds = count_fds(front->pid);
		EXPECT_EQ(fds, count_fds(front->pid));
		EXPECT_EQ(3 * BLOBS, stop(front));
		ASSERT_EQ(0, queue_begin(front, 0));
		EXPECT_EQ(BLOBS, serve_unmaps(front, variant->answer));
	}
	/* Nothing is left, so there are no more requests. */
	EXPECT_EQ(VIRTIO_GPU_RESP_OK_DISPLAY_INFO, display_info(front));
	EXPECT_FALSE(is_readable(front->channel, 0));
}

TEST_F(reset, again_before_it_is_over)
{
	struct front_end *front = &self->front;

	map_blobs(_metadata, front);
	stop(front);
	ASSERT_EQ(0, queue_begin(front, 0));
	stop(front);
	ASSERT_EQ(0, queue_begin(front, 0));
	EXPECT_EQ(BLOBS, serve_unmaps(front, variant->answer));
	EXPECT_EQ(VIRTIO_GPU_RESP_OK_DISPLAY_INFO, display_info(front));
	map_blobs(_metadata, front);
}

TEST_F(reset, of_a_front_end_that_goes)
{
	struct front_end *front = &self->front;
	struct vhost_user_message message;

	map_blobs(_metadata, front);
	stop(front);
	ASSERT_EQ(0, queue_begin(front, 0));
	ASSERT_EQ(0, await_request(front, VHOST_USER_BACKEND_SHMEM_UNMAP, &message));
	front_end_disconnect(front);
	ASSERT_EQ(0, front_end_begin(front));
	ASSERT_EQ(0, queue_begin(front, 0));
	EXPECT_EQ(VIRTIO_GPU_RESP_OK_DISPLAY_INFO, display_info(front));
	map_blobs(_metadata, front);
}

TEST_F(vhost, a_pause_forgets_nothing)
{
	struct front_end *front = &self->front;

	ASSERT_EQ(VIRTIO_GPU_RESP_OK_NODATA, make_blob(front, 1, PAGE));
	EXPECT_EQ(2, stop(front));
	ASSERT_EQ(0, queue_begin(front, 2));
	EXPECT_EQ(VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID, make_blob(front, 1, PAGE));
	EXPECT_EQ(VIRTIO_GPU_RESP_OK_NODATA,
		  resource_command(front, VIRTIO_GPU_CMD_RESOURCE_UNREF, 1));
}

/* Send the command that is already there until the index is 0 again. */
static int run_to_zero(struct front_end *front)
{
	const struct vring_used *used = (void *)(front->memory + USED);
	struct vring_avail *avail = (void *)(front->memory + AVAIL);
	eventfd_t value;
	int i;

	for (i = 0; i < QUEUE; i++)
		avail->ring[i] = 0;
	while (front->sent) {
		int left = ROUND - front->sent;

		front->sent += left < QUEUE ? left : QUEUE;
		__atomic_store_n(&avail->idx, front->sent, __ATOMIC_RELEASE);
		eventfd_write(front->kick, 1);
		while (__atomic_load_n(&used->idx, __ATOMIC_ACQUIRE) != front->sent) {
			if (!is_readable(front->call, PATIENCE_MS))
				return -ETIMEDOUT;
			eventfd_read(front->call, &value);
		}
	}
	return 0;
}

/* A pause of a queue that is at 0 again looks like a reset, but for the memory. */
TEST_F(vhost, a_pause_at_zero_forgets_nothing)
{
	struct front_end *front = &self->front;

	ASSERT_EQ(VIRTIO_GPU_RESP_OK_NODATA, make_blob(front, 1, PAGE));
	ASSERT_EQ(0, run_to_zero(front));
	EXPECT_EQ(0, stop(front));
	ASSERT_EQ(0, queue_resume(front, 0));
	/* Once more, without a command in between. */
	EXPECT_EQ(0, stop(front));
	ASSERT_EQ(0, queue_resume(front, 0));
	EXPECT_EQ(VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID, make_blob(front, 1, PAGE));
	EXPECT_EQ(VIRTIO_GPU_RESP_OK_NODATA,
		  resource_command(front, VIRTIO_GPU_CMD_RESOURCE_UNREF, 1));
}

TEST_F(vhost, a_reset_at_zero_forgets)
{
	struct front_end *front = &self->front;

	ASSERT_EQ(VIRTIO_GPU_RESP_OK_NODATA, make_blob(front, 1, PAGE));
	ASSERT_EQ(0, run_to_zero(front));
	EXPECT_EQ(0, stop(front));
	ASSERT_EQ(0, queue_begin(front, 0));
	EXPECT_EQ(VIRTIO_GPU_RESP_OK_NODATA, make_blob(front, 1, PAGE));
}

TEST_HARNESS_MAIN
