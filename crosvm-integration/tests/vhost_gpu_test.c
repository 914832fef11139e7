// SPDX-License-Identifier: GPL-2.0-only
/*
 * The program vhost-gpu, with a front-end and a guest in this process: a front-end that follows the
 * protocol, and one that does not.
 */

#include <sys/stat.h>

#include "kselftest_harness.h"

#include "front_end.h"

TEST_F(vhost, what_a_front_end_asks_is_answered)
{
	struct vhost_user_config ask = { .offset = 0, .size = 20 };
	struct vhost_user_message message;
	const struct virtio_gpu_config *config = (void *)message.payload.config.data;
	struct front_end *front = &self->front;

	ASSERT_EQ(0, get(front, VHOST_USER_GET_QUEUE_NUM, "", 0, &message));
	EXPECT_EQ(2, message.payload.u64);
	ASSERT_EQ(0, get(front, VHOST_USER_GET_CONFIG, &ask, 12 + 20, &message));
	EXPECT_EQ(12 + 20, message.header.size);
	EXPECT_EQ(1, config->num_scanouts);
	EXPECT_EQ(1, config->num_capsets);
	EXPECT_EQ(0, set(front, VHOST_USER_SET_CONFIG, &ask, 12 + 20, -1));
	ASSERT_EQ(0, get(front, VHOST_USER_GET_SHMEM_CONFIG, "", 0, &message));
	EXPECT_EQ(8 + 256 * 8, message.header.size);
	EXPECT_EQ(1, message.payload.shmem.regions);
	EXPECT_EQ(0, message.payload.shmem.size[0]);
	EXPECT_EQ(WINDOW, message.payload.shmem.size[1]);
	ASSERT_EQ(0, get(front, VHOST_USER_GET_SHARED_OBJECT, ask.data, 16, &message));
	EXPECT_EQ(0, message.fds);
	EXPECT_EQ(VIRTIO_GPU_RESP_OK_DISPLAY_INFO, display_info(front));
}

TEST_F(vhost, a_blob_is_mapped_and_unmapped)
{
	struct front_end *front = &self->front;
	struct vhost_user_message message;
	uint64_t *words;
	int fd;

	ASSERT_EQ(VIRTIO_GPU_RESP_OK_NODATA, make_blob(front, 1, 3 * PAGE));
	send_map(front, 1, 8 * PAGE);
	ASSERT_EQ(0, await_request(front, VHOST_USER_BACKEND_SHMEM_MAP, &message));
	EXPECT_EQ(sizeof(struct vhost_user_mmap), message.header.size);
	EXPECT_EQ(1, message.payload.mmap.shmid);
	EXPECT_EQ(0, message.payload.mmap.fd_offset);
	EXPECT_EQ(8 * PAGE, message.payload.mmap.shm_offset);
	EXPECT_EQ(3 * PAGE, message.payload.mmap.len);
	EXPECT_EQ(1, message.payload.mmap.flags);
	ASSERT_EQ(1, message.fds);
	fd = vhost_user_take_fd(&message);
	EXPECT_EQ(O_RDWR, fcntl(fd, F_GETFL) & O_ACCMODE);
	EXPECT_EQ(3 * PAGE, lseek(fd, 0, SEEK_END));
	words = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, words);
	EXPECT_EQ(0, words[3 * PAGE / 8 - 1]);

	/* The guest gets the answer only after the barrier. */
	acknowledge(front, VHOST_USER_BACKEND_SHMEM_MAP, 0);
	ASSERT_EQ(0, await_request(front, VHOST_USER_BACKEND_SHARED_OBJECT_REMOVE, &message));
	EXPECT_FALSE(is_answered_early(front));
	acknowledge(front, VHOST_USER_BACKEND_SHARED_OBJECT_REMOVE, 1);
	EXPECT_EQ(VIRTIO_GPU_RESP_OK_MAP_INFO, await_answer(front));

	send_command(front, &(struct virtio_gpu_resource_unmap_blob){
		     .hdr.type = VIRTIO_GPU_CMD_RESOURCE_UNMAP_BLOB, .resource_id = 1 },
		     sizeof(struct virtio_gpu_resource_unmap_blob), PAGE);
	ASSERT_EQ(0, await_request(front, VHOST_USER_BACKEND_SHMEM_UNMAP, &message));
	EXPECT_EQ(8 * PAGE, message.payload.mmap.shm_offset);
	EXPECT_EQ(3 * PAGE, message.payload.mmap.len);
	EXPECT_EQ(0, message.fds);
	EXPECT_FALSE(is_answered_early(front));
	acknowledge(front, VHOST_USER_BACKEND_SHMEM_UNMAP, 0);
	EXPECT_EQ(VIRTIO_GPU_RESP_OK_NODATA, await_answer(front));
	EXPECT_EQ(VIRTIO_GPU_RESP_OK_NODATA,
		  resource_command(front, VIRTIO_GPU_CMD_RESOURCE_UNREF, 1));
}

TEST_F(vhost, a_refusal_reaches_the_guest)
{
	struct front_end *front = &self->front;
	struct vhost_user_message message;
	int fd;

	begin_map(_metadata, front, &message);
	vhost_user_close_fds(&message);
	acknowledge(front, VHOST_USER_BACKEND_SHMEM_MAP, 1);
	EXPECT_EQ(VIRTIO_GPU_RESP_ERR_UNSPEC, await_answer(front));
	/* Another try is allowed. */
	send_map(front, 1, 0);
	EXPECT_EQ(0, serve_map(front, &fd));
	EXPECT_EQ(VIRTIO_GPU_RESP_OK_MAP_INFO, await_answer(front));
}

TEST_F(vhost, the_socket_is_served_while_an_answer_is_awaited)
{
	struct vhost_user_config ask = { .offset = 0, .size = 20 };
	struct front_end *front = &self->front;
	struct vhost_user_message message;
	int fd;

	begin_map(_metadata, front, &message);
	fd = vhost_user_take_fd(&message);
	ASSERT_EQ(0, get(front, VHOST_USER_GET_CONFIG, &ask, 12 + 20, &message));
	ASSERT_EQ(0, set_memory(front));
	acknowledge(front, VHOST_USER_BACKEND_SHMEM_MAP, 0);
	ASSERT_EQ(0, await_request(front, VHOST_USER_BACKEND_SHARED_OBJECT_REMOVE, &message));
	ASSERT_EQ(0, get(front, VHOST_USER_GET_CONFIG, &ask, 12 + 20, &message));
	acknowledge(front, VHOST_USER_BACKEND_SHARED_OBJECT_REMOVE, 1);
	EXPECT_EQ(VIRTIO_GPU_RESP_OK_MAP_INFO, await_answer(front));
	close(fd);
}

/* Like QEMU, which lists blobs in the window as guest memory, up to 8 regions. */
TEST_F(vhost, a_blob_in_the_memory_table_is_ignored)
{
	struct vhost_user_memory memory = {
		.regions = 1,
		.region[0] = { 1ull << 40, PAGE, MEMORY_USER + MEMORY, 0 },
	};
	struct front_end *front = &self->front;
	int fd;

	map_blob(_metadata, front, &fd);
	EXPECT_EQ(0, set(front, VHOST_USER_SET_MEM_TABLE, &memory,
			 8 + sizeof(memory.region[0]), fd));
	EXPECT_FALSE(has_blob_mapped(front->pid));
	EXPECT_EQ(0, set_memory(front));
	EXPECT_EQ(VIRTIO_GPU_RESP_OK_DISPLAY_INFO, display_info(front));
}

TEST_F(vhost, guests_come_one_after_the_other)
{
	struct front_end *front = &self->front;
	int fd, fds = 0, i;

	for (i = 0; i < 20; i++) {
		ASSERT_EQ(VIRTIO_GPU_RESP_OK_NODATA, make_blob(front, 1, 16 << 20));
		send_map(front, 1, 0);
		ASSERT_EQ(0, serve_map(front, &fd));
		ASSERT_EQ(VIRTIO_GPU_RESP_OK_MAP_INFO, await_answer(front));
		close(fd);
		if (!i)
			fds = count_fds(front->pid);
		EXPECT_EQ(fds, count_fds(front->pid));
		/* Disconnect without notice, every other time in the middle of a command. */
		if (i % 2)
			send_map(front, 1, PAGE);
		front_end_disconnect(front);
		ASSERT_EQ(0, front_end_begin(front));
		ASSERT_EQ(0, queue_begin(front, 0));
	}
	EXPECT_FALSE(has_blob_mapped(front->pid));
}

TEST_F(vhost, a_front_end_that_goes_while_it_is_asked)
{
	struct front_end *front = &self->front;
	struct vhost_user_message message;

	begin_map(_metadata, front, &message);
	vhost_user_close_fds(&message);
	front_end_disconnect(front);
	ASSERT_EQ(0, front_end_begin(front));
	ASSERT_EQ(0, queue_begin(front, 0));
	EXPECT_EQ(VIRTIO_GPU_RESP_OK_DISPLAY_INFO, display_info(front));
}

TEST_F(vhost, a_signal_ends_it_while_it_asks)
{
	struct front_end *front = &self->front;
	struct vhost_user_message message;

	begin_map(_metadata, front, &message);
}

TEST_F(vhost, a_signal_ends_it_while_it_waits)
{
	front_end_disconnect(&self->front);
}

TEST_F(vhost, bad_requests_are_refused)
{
	struct vhost_user_memory memory = {
		.regions = 1, .region[0] = { MEMORY_GPA, MEMORY, MEMORY_USER, PAGE / 2 },
	};
	struct vhost_vring_state state = { 2, 0 };
	struct front_end *front = &self->front;

	EXPECT_EQ(1, set(front, 99, "", 0, -1));
	EXPECT_EQ(1, set(front, VHOST_USER_SET_FEATURES, "1234", 4, -1));
	EXPECT_EQ(1, set(front, VHOST_USER_SET_VRING_NUM, &state, sizeof(state), -1));
	EXPECT_EQ(1, set(front, VHOST_USER_SET_VRING_BASE, &state, sizeof(state), -1));
	EXPECT_EQ(1, set(front, VHOST_USER_SET_VRING_ENABLE, &state, sizeof(state), -1));
	state = (struct vhost_vring_state){ 0, 65536 };
	EXPECT_EQ(1, set(front, VHOST_USER_SET_VRING_NUM, &state, sizeof(state), -1));
	EXPECT_EQ(1, set_u64(front, VHOST_USER_SET_VRING_CALL, 2, front->call));
	EXPECT_EQ(1, set_u64(front, VHOST_USER_SET_VRING_KICK, 1 << 8, -1));
	EXPECT_EQ(1, set(front, VHOST_USER_SET_BACKEND_REQ_FD, "", 0, -1));
	/* No descriptor, too many regions, an invalid offset. */
	EXPECT_EQ(1, set(front, VHOST_USER_SET_MEM_TABLE, &memory,
			 8 + sizeof(memory.region[0]), -1));
	EXPECT_EQ(1, set(front, VHOST_USER_SET_MEM_TABLE, &memory,
			 8 + sizeof(memory.region[0]), front->memfd));
	memory.regions = 9;
	EXPECT_EQ(1, set(front, VHOST_USER_SET_MEM_TABLE, &memory, sizeof(memory),
			 front->memfd));
	EXPECT_EQ(0, set_memory(front));
}

TEST_F(vhost, what_is_no_message_ends_the_connection)
{
	static const struct vhost_user_header bad[] = {
		{ VHOST_USER_GET_FEATURES, 0, 0 },
		{ VHOST_USER_GET_FEATURES, 2, 0 },
		{ VHOST_USER_GET_FEATURES, VHOST_USER_VERSION, ~0u },
		{ VHOST_USER_GET_FEATURES, VHOST_USER_VERSION,
		  sizeof(((struct vhost_user_message *)0)->payload) + 1 },
		/* Requests with an answer, which must fail: no such queue, too short. */
		{ VHOST_USER_GET_VRING_BASE, VHOST_USER_VERSION, 0 },
		{ VHOST_USER_GET_CONFIG, VHOST_USER_VERSION, 0 },
		{ 99, VHOST_USER_VERSION, 0 },
	};
	struct front_end *front = &self->front;
	char byte;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		ASSERT_EQ(sizeof(bad[i]), write(front->socket, &bad[i], sizeof(bad[i])));
		EXPECT_TRUE(is_readable(front->socket, PATIENCE_MS));
		EXPECT_EQ(0, read(front->socket, &byte, 1));
		front_end_disconnect(front);
		ASSERT_EQ(0, front_end_begin(front));
	}
	ASSERT_EQ(0, queue_begin(front, 0));
	EXPECT_EQ(VIRTIO_GPU_RESP_OK_DISPLAY_INFO, display_info(front));
}

TEST_F(vhost, a_guest_that_breaks_its_queue_loses_it)
{
	struct front_end *front = &self->front;
	struct vring_avail *avail = (void *)(front->memory + AVAIL);

	avail->idx = QUEUE + 1;
	eventfd_write(front->kick, 1);
	EXPECT_TRUE(is_readable(front->err, PATIENCE_MS));
	stop(front);
	ASSERT_EQ(0, queue_begin(front, 0));
	EXPECT_EQ(VIRTIO_GPU_RESP_OK_DISPLAY_INFO, display_info(front));
}

TEST_F(vhost, rings_outside_of_memory_are_not_used)
{
	struct vhost_vring_addr addr = { .desc_user_addr = MEMORY_USER + MEMORY };
	struct front_end *front = &self->front;

	stop(front);
	EXPECT_EQ(0, set(front, VHOST_USER_SET_VRING_ADDR, &addr, sizeof(addr), -1));
	EXPECT_EQ(0, set_u64(front, VHOST_USER_SET_VRING_KICK, 0, front->kick));
	EXPECT_TRUE(is_readable(front->err, PATIENCE_MS));
}

TEST_F(vhost, a_second_one_on_the_same_path_is_refused)
{
	EXPECT_EQ(1, process_end(backend_start(self->front.path)));
	EXPECT_EQ(VIRTIO_GPU_RESP_OK_DISPLAY_INFO, display_info(&self->front));
}

TEST_F(vhost, what_a_crash_left_is_replaced_and_nothing_else)
{
	struct front_end *front = &self->front;
	char file[128];
	struct stat st;

	kill(front->pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, process_end(front->pid));
	EXPECT_EQ(0, access(front->path, F_OK));
	front_end_disconnect(front);
	front->pid = backend_start(front->path);
	ASSERT_EQ(0, front_end_begin(front));

	snprintf(file, sizeof(file), "%s/file", front->dir);
	close(open(file, O_CREAT | O_WRONLY, 0600));
	EXPECT_EQ(1, process_end(backend_start(file)));
	EXPECT_EQ(0, stat(file, &st));
	unlink(file);
}

TEST_HARNESS_MAIN
