// SPDX-License-Identifier: GPL-2.0-only
/*
 * vhost-gpu, the program, with a front-end and a guest that live here: no QEMU,
 * no KVM. What real front-ends do, in the order they do it, and what they must
 * not do.
 */

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "kselftest_harness.h"

#include <linux/virtio_gpu.h>
#include <linux/virtio_ring.h>

#include "process.h"
#include "protocol.h"
#include "vhost_user.h"

#define PAGE 4096
#define MEMORY (1ull << 20)
#define MEMORY_GPA 0x100000ull
/* Where the front-end says it has the guest's memory; nothing is there. */
#define MEMORY_USER 0x7f0000000000ull
#define WINDOW (64ull << 20)

#define DESC 0
#define AVAIL 0x1000
#define USED 0x2000
#define COMMAND 0x3000
#define ANSWER 0x4000
#define QUEUE 16

#define FEATURES (1ull << 0 | 1ull << 2 | 1ull << 3 | 1ull << 4 | 1ull << 28 |	\
		  1ull << 30 | 1ull << 32)
#define PROTOCOL_FEATURES (1ull << 0 | 1ull << 3 | 1ull << 5 | 1ull << 9 |	\
			   1ull << 10 | 1ull << 18 | 1ull << 22)

/**
 * struct front_end - a front-end with its guest
 * @pid: the backend
 * @dir: folder for its socket
 * @path: its socket
 * @socket: the connection
 * @channel: the backend's channel
 * @memfd: the guest's memory
 * @memory: the guest's memory
 * @kick: of the control queue
 * @call: of the control queue
 * @err: of the control queue
 * @sent: commands the guest made available
 */
struct front_end {
	pid_t pid;
	char dir[32];
	char path[64];
	int socket;
	int channel;
	int memfd;
	char *memory;
	int kick;
	int call;
	int err;
	uint16_t sent;
};

static pid_t backend_start(const char *path)
{
	const char *const argv[] = {
		"vhost-gpu", "--socket-path", path, "--window", "64M", "--max-bytes", "32M", NULL
	};

	return process_start(argv);
}

static int count_fds(pid_t pid)
{
	char path[64];
	DIR *dir;
	int count = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	while (dir && readdir(dir))
		count++;
	closedir(dir);
	return count;
}

/* Whether the backend has a blob mapped. */
static bool has_blob_mapped(pid_t pid)
{
	char path[64], line[512];
	bool found = false;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	maps = fopen(path, "r");
	if (!maps)
		return false;
	while (fgets(line, sizeof(line), maps))
		found = found || strstr(line, "memfd:vgpu-blob");
	fclose(maps);
	return found;
}

static int send_request(struct front_end *front, uint32_t request, uint32_t flags,
			const void *payload, uint32_t size, int fd)
{
	struct vhost_user_message message = {
		.header = { request, VHOST_USER_VERSION | flags, size },
	};

	memcpy(&message.payload, payload, size);
	return vhost_user_send(front->socket, &message, fd);
}

static bool is_readable(int fd, int milliseconds)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, milliseconds) == 1;
}

static int receive_reply(struct front_end *front, uint32_t request,
			 struct vhost_user_message *message)
{
	if (!is_readable(front->socket, PATIENCE_MS))
		return -ETIMEDOUT;
	if (vhost_user_receive(front->socket, message) != 1)
		return -ECONNRESET;
	return message->header.request == request &&
	       message->header.flags == (VHOST_USER_VERSION | VHOST_USER_REPLY) ? 0 : -EPROTO;
}

/* A request that is answered with its own reply. */
static int get(struct front_end *front, uint32_t request, const void *payload,
	       uint32_t size, struct vhost_user_message *message)
{
	int ret = send_request(front, request, 0, payload, size, -1);

	return ret ? ret : receive_reply(front, request, message);
}

/* A request without a reply; what NEED_REPLY gets, or -errno. */
static int64_t set(struct front_end *front, uint32_t request, const void *payload,
		   uint32_t size, int fd)
{
	struct vhost_user_message message;
	int ret = send_request(front, request, VHOST_USER_NEED_REPLY, payload, size, fd);

	if (!ret)
		ret = receive_reply(front, request, &message);
	return ret ? ret : (int64_t)message.payload.u64;
}

static int64_t set_u64(struct front_end *front, uint32_t request, uint64_t value, int fd)
{
	return set(front, request, &value, sizeof(value), fd);
}

static int64_t set_state(struct front_end *front, uint32_t request, uint32_t num)
{
	struct vhost_vring_state state = { 0, num };

	return set(front, request, &state, sizeof(state), -1);
}

static int64_t set_memory(struct front_end *front)
{
	struct vhost_user_memory memory = {
		.regions = 1,
		.region[0] = { MEMORY_GPA, MEMORY, MEMORY_USER, 0 },
	};

	return set(front, VHOST_USER_SET_MEM_TABLE, &memory, 8 + sizeof(memory.region[0]),
		   front->memfd);
}

/* From the connection to a queue that can begin, as QEMU does it; 0, or a line. */
static int front_end_begin(struct front_end *front)
{
	struct vhost_user_message message;
	int pair[2], ret;

	front->socket = process_connect(front->path);
	if (front->socket < 0 ||
	    get(front, VHOST_USER_GET_FEATURES, "", 0, &message) ||
	    message.payload.u64 != FEATURES)
		return __LINE__;
	if (get(front, VHOST_USER_GET_PROTOCOL_FEATURES, "", 0, &message) ||
	    message.payload.u64 != PROTOCOL_FEATURES)
		return __LINE__;
	ret = send_request(front, VHOST_USER_SET_PROTOCOL_FEATURES, 0,
			   &message.payload.u64, 8, -1);
	if (ret || socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return __LINE__;
	front->channel = pair[0];
	ret = set(front, VHOST_USER_SET_BACKEND_REQ_FD, "", 0, pair[1]);
	close(pair[1]);
	if (ret || set(front, VHOST_USER_SET_OWNER, "", 0, -1) ||
	    set_u64(front, VHOST_USER_SET_FEATURES, FEATURES, -1) || set_memory(front))
		return __LINE__;
	return 0;
}

static int queue_begin(struct front_end *front, uint16_t base)
{
	struct vhost_vring_addr addr = {
		.desc_user_addr = MEMORY_USER + DESC,
		.avail_user_addr = MEMORY_USER + AVAIL,
		.used_user_addr = MEMORY_USER + USED,
	};

	if (!base) {
		memset(front->memory, 0, MEMORY);
		front->sent = 0;
	}
	if (set_state(front, VHOST_USER_SET_VRING_NUM, QUEUE) ||
	    set_state(front, VHOST_USER_SET_VRING_BASE, base) ||
	    set(front, VHOST_USER_SET_VRING_ADDR, &addr, sizeof(addr), -1) ||
	    set_u64(front, VHOST_USER_SET_VRING_ERR, 0, front->err) ||
	    set_u64(front, VHOST_USER_SET_VRING_CALL, 0, front->call) ||
	    set_u64(front, VHOST_USER_SET_VRING_KICK, 0, front->kick))
		return __LINE__;
	return set_state(front, VHOST_USER_SET_VRING_ENABLE, 1);
}

static void front_end_disconnect(struct front_end *front)
{
	close(front->socket);
	if (front->channel >= 0)
		close(front->channel);
	front->channel = -1;
}

FIXTURE(vhost) {
	struct front_end front;
};

FIXTURE_SETUP(vhost)
{
	struct front_end *front = &self->front;

	strcpy(front->dir, "/tmp/vhost-gpu.XXXXXX");
	ASSERT_NE(NULL, mkdtemp(front->dir));
	snprintf(front->path, sizeof(front->path), "%s/socket", front->dir);
	front->channel = -1;
	front->kick = eventfd(0, EFD_NONBLOCK);
	front->call = eventfd(0, EFD_NONBLOCK);
	front->err = eventfd(0, EFD_NONBLOCK);
	front->memfd = memfd_create("guest", MFD_CLOEXEC);
	ASSERT_EQ(0, ftruncate(front->memfd, MEMORY));
	front->memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED, front->memfd, 0);
	ASSERT_NE(MAP_FAILED, front->memory);
	front->pid = backend_start(front->path);
	ASSERT_EQ(0, front_end_begin(front));
	ASSERT_EQ(0, queue_begin(front, 0));
}

/* Whatever was done to it, it ends well and leaves nothing. */
FIXTURE_TEARDOWN(vhost)
{
	struct front_end *front = &self->front;

	kill(front->pid, SIGTERM);
	EXPECT_EQ(0, process_end(front->pid));
	EXPECT_EQ(-1, access(front->path, F_OK));
	EXPECT_EQ(0, rmdir(front->dir));
	kill(front->pid, SIGKILL);
}

static void send_command(struct front_end *front, const void *command, uint32_t size,
			 uint32_t answer_size)
{
	struct vring_desc *desc = (void *)(front->memory + DESC);
	struct vring_avail *avail = (void *)(front->memory + AVAIL);

	memcpy(front->memory + COMMAND, command, size);
	memset(front->memory + ANSWER, 0, PAGE);
	desc[0] = (struct vring_desc){ MEMORY_GPA + COMMAND, size, VRING_DESC_F_NEXT, 1 };
	desc[1] = (struct vring_desc){ MEMORY_GPA + ANSWER, answer_size, VRING_DESC_F_WRITE, 0 };
	avail->ring[front->sent % QUEUE] = 0;
	__atomic_store_n(&avail->idx, ++front->sent, __ATOMIC_RELEASE);
	eventfd_write(front->kick, 1);
}

/* VIRTIO_GPU_RESP_*, or 0 when there is no answer in time. */
static uint32_t await_answer(struct front_end *front)
{
	const struct virtio_gpu_ctrl_hdr *answer = (void *)(front->memory + ANSWER);
	const struct vring_used *used = (void *)(front->memory + USED);
	eventfd_t value;

	while (__atomic_load_n(&used->idx, __ATOMIC_ACQUIRE) != front->sent) {
		if (!is_readable(front->call, PATIENCE_MS))
			return 0;
		eventfd_read(front->call, &value);
	}
	return answer->type;
}

/* Whether an answer comes that must not come yet. */
static bool is_answered_early(struct front_end *front)
{
	const struct vring_used *used = (void *)(front->memory + USED);

	usleep(50000);
	return __atomic_load_n(&used->idx, __ATOMIC_ACQUIRE) == front->sent;
}

static uint32_t run_command(struct front_end *front, const void *command, uint32_t size)
{
	send_command(front, command, size, PAGE);
	return await_answer(front);
}

static uint32_t make_blob(struct front_end *front, uint32_t id, uint64_t size)
{
	struct virtio_gpu_ctx_create ctx = {
		.hdr.type = VIRTIO_GPU_CMD_CTX_CREATE, .hdr.ctx_id = id,
	};
	struct virtio_gpu_resource_create_blob blob = {
		.hdr.type = VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB,
		.hdr.ctx_id = id,
		.resource_id = id,
		.blob_mem = VIRTIO_GPU_BLOB_MEM_HOST3D,
		.blob_flags = VIRTIO_GPU_BLOB_FLAG_USE_MAPPABLE,
		.blob_id = VGPU_BLOB_ID_MEMFD,
		.size = size,
	};

	run_command(front, &ctx, sizeof(ctx));
	return run_command(front, &blob, sizeof(blob));
}

static void send_map(struct front_end *front, uint32_t id, uint64_t offset)
{
	struct virtio_gpu_resource_map_blob map = {
		.hdr.type = VIRTIO_GPU_CMD_RESOURCE_MAP_BLOB,
		.resource_id = id,
		.offset = offset,
	};

	send_command(front, &map, sizeof(map), PAGE);
}

/* The backend's next request, if it is that one. */
static int await_request(struct front_end *front, uint32_t request,
			 struct vhost_user_message *message)
{
	if (!is_readable(front->channel, PATIENCE_MS))
		return -ETIMEDOUT;
	if (vhost_user_receive(front->channel, message) != 1)
		return -ECONNRESET;
	return message->header.request == request &&
	       message->header.flags & VHOST_USER_NEED_REPLY ? 0 : -EPROTO;
}

static int acknowledge(struct front_end *front, uint32_t request, uint64_t value)
{
	struct vhost_user_message message = {
		.header = { request, VHOST_USER_VERSION | VHOST_USER_REPLY, 8 },
		.payload.u64 = value,
	};

	return vhost_user_send(front->channel, &message, -1);
}

/* Serve SHMEM_MAP and the barrier behind it, as QEMU does; 0, or a line. */
static int serve_map(struct front_end *front, int *fd)
{
	struct vhost_user_message message;

	if (await_request(front, VHOST_USER_BACKEND_SHMEM_MAP, &message))
		return __LINE__;
	*fd = vhost_user_take_fd(&message);
	if (acknowledge(front, VHOST_USER_BACKEND_SHMEM_MAP, 0))
		return __LINE__;
	if (await_request(front, VHOST_USER_BACKEND_SHARED_OBJECT_REMOVE, &message))
		return __LINE__;
	return acknowledge(front, VHOST_USER_BACKEND_SHARED_OBJECT_REMOVE, 1);
}

/* A blob of one page in the window. */
static void map_blob(struct __test_metadata *_metadata, struct front_end *front, int *fd)
{
	ASSERT_EQ(VIRTIO_GPU_RESP_OK_NODATA, make_blob(front, 1, PAGE));
	send_map(front, 1, 0);
	ASSERT_EQ(0, serve_map(front, fd));
	ASSERT_EQ(VIRTIO_GPU_RESP_OK_MAP_INFO, await_answer(front));
}

/* The same, up to the request, which is to be acknowledged. */
static void begin_map(struct __test_metadata *_metadata, struct front_end *front,
		      struct vhost_user_message *message)
{
	ASSERT_EQ(VIRTIO_GPU_RESP_OK_NODATA, make_blob(front, 1, PAGE));
	send_map(front, 1, 0);
	ASSERT_EQ(0, await_request(front, VHOST_USER_BACKEND_SHMEM_MAP, message));
}

static uint32_t resource_command(struct front_end *front, uint32_t type, uint32_t id)
{
	struct virtio_gpu_resource_unref command = { .hdr.type = type, .resource_id = id };

	return run_command(front, &command, sizeof(command));
}

static uint32_t display_info(struct front_end *front)
{
	struct virtio_gpu_ctrl_hdr command = { .type = VIRTIO_GPU_CMD_GET_DISPLAY_INFO };

	return run_command(front, &command, sizeof(command));
}

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

	/* The guest hears of it after the barrier only. */
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
	/* It may be tried again. */
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

/* As QEMU, which takes blobs of the window for guest memory: up to 8 regions. */
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

static int stop(struct front_end *front)
{
	struct vhost_vring_state state = { 0, 0 };
	struct vhost_user_message message;
	int ret = get(front, VHOST_USER_GET_VRING_BASE, &state, sizeof(state), &message);

	return ret ? ret : (int)message.payload.state.num;
}

TEST_F(vhost, a_reset_forgets_and_does_not_ask)
{
	struct front_end *front = &self->front;
	int fd;

	map_blob(_metadata, front, &fd);
	EXPECT_EQ(3, stop(front));
	ASSERT_EQ(0, queue_begin(front, 0));
	ASSERT_EQ(VIRTIO_GPU_RESP_OK_NODATA, make_blob(front, 1, PAGE));
	EXPECT_FALSE(is_readable(front->channel, 0));
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

TEST_F(vhost, a_stop_in_the_middle_of_a_map_undoes_it)
{
	struct front_end *front = &self->front;
	struct vhost_user_message message;
	int fd;

	begin_map(_metadata, front, &message);
	vhost_user_close_fds(&message);
	/* The command was not answered, so it was not taken. */
	EXPECT_EQ(2, stop(front));
	acknowledge(front, VHOST_USER_BACKEND_SHMEM_MAP, 0);
	ASSERT_EQ(0, await_request(front, VHOST_USER_BACKEND_SHARED_OBJECT_REMOVE, &message));
	acknowledge(front, VHOST_USER_BACKEND_SHARED_OBJECT_REMOVE, 1);
	ASSERT_EQ(0, await_request(front, VHOST_USER_BACKEND_SHMEM_UNMAP, &message));
	EXPECT_EQ(0, message.payload.mmap.shm_offset);
	acknowledge(front, VHOST_USER_BACKEND_SHMEM_UNMAP, 0);
	/* After a pause it is run again; after a reset it would not be there. */
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
		/* Without a word, in the middle of a command every other time. */
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
	/* No descriptor, more regions than there can be, an offset that is none. */
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
		/* These would get an answer, and cannot: no such queue, too short. */
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
