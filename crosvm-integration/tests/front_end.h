/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A front-end of vhost-gpu with its guest, in a test program without QEMU and KVM. It sends
 * what real front-ends send, in the same order. Include it after kselftest_harness.h;
 * each test of the fixture gets a backend of its own.
 */
#ifndef MOCKGPU_TEST_FRONT_END_H
#define MOCKGPU_TEST_FRONT_END_H

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <linux/virtio_gpu.h>
#include <linux/virtio_ring.h>

#include "process.h"
#include "protocol.h"
#include "vhost_user.h"

#define PAGE 4096
#define MEMORY (1ull << 20)
#define MEMORY_GPA 0x100000ull
/* The address that the front-end claims for the guest's memory; nothing is mapped there. */
#define MEMORY_USER 0x7f0000000000ull
#define WINDOW (64ull << 20)

#define DESC 0
#define AVAIL 0x1000
#define USED 0x2000
#define COMMAND 0x3000
#define ANSWER 0x4000
#define QUEUE 256

#ifndef MAX_BLOBS
#define MAX_BLOBS "16"
#endif

/* A test program may have a backend with more options, which then offers more features. */
#ifndef MORE_OPTIONS
#define MORE_OPTIONS
#define MORE_FEATURES 0
#define MORE_PROTOCOL_FEATURES 0
#endif

#define FEATURES (MORE_FEATURES | 1ull << 0 | 1ull << 2 | 1ull << 3 | 1ull << 4 | 1ull << 28 |	\
		  1ull << 30 | 1ull << 32)
#define PROTOCOL_FEATURES (MORE_PROTOCOL_FEATURES | 1ull << 0 | 1ull << 3 | 1ull << 5 |	\
			   1ull << 9 | 1ull << 10 | 1ull << 18 | 1ull << 22)

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

static inline pid_t backend_start(const char *path)
{
	const char *const argv[] = {
		"vhost-gpu", "--socket-path", path, "--window", "64M", "--max-bytes", "32M",
		"--max-blobs", MAX_BLOBS, MORE_OPTIONS NULL
	};

	return process_start(argv);
}

/* Entries of a folder of the backend's: "fd", "map_files", "task". */
static inline int count_entries(pid_t pid, const char *name)
{
	char path[64];
	DIR *dir;
	int count = 0;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	dir = opendir(path);
	while (dir && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	return count;
}

static inline int count_fds(pid_t pid)
{
	return count_entries(pid, "fd");
}

/* Whether the backend has mapped a blob. */
static inline bool has_blob_mapped(pid_t pid)
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

static inline int send_request(struct front_end *front, uint32_t request, uint32_t flags,
			       const void *payload, uint32_t size, int fd)
{
	struct vhost_user_message message = {
		.header = { request, VHOST_USER_VERSION | flags, size },
	};

	memcpy(&message.payload, payload, size);
	return vhost_user_send(front->socket, &message, fd);
}

static inline bool is_readable(int fd, int milliseconds)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, milliseconds) == 1;
}

static inline int receive_reply(struct front_end *front, uint32_t request,
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
static inline int get(struct front_end *front, uint32_t request, const void *payload,
		      uint32_t size, struct vhost_user_message *message)
{
	int ret = send_request(front, request, 0, payload, size, -1);

	return ret ? ret : receive_reply(front, request, message);
}

/* Send a request without a reply. Return: the answer to NEED_REPLY, or -errno. */
static inline int64_t set(struct front_end *front, uint32_t request, const void *payload,
			  uint32_t size, int fd)
{
	struct vhost_user_message message;
	int ret = send_request(front, request, VHOST_USER_NEED_REPLY, payload, size, fd);

	if (!ret)
		ret = receive_reply(front, request, &message);
	return ret ? ret : (int64_t)message.payload.u64;
}

static inline int64_t set_u64(struct front_end *front, uint32_t request, uint64_t value, int fd)
{
	return set(front, request, &value, sizeof(value), fd);
}

static inline int64_t set_state(struct front_end *front, uint32_t request, uint32_t num)
{
	struct vhost_vring_state state = { 0, num };

	return set(front, request, &state, sizeof(state), -1);
}

/* Add or remove one region. */
static inline int64_t set_region(struct front_end *front, uint32_t request,
				 const struct vhost_user_region *region, int fd)
{
	struct vhost_user_mem_reg one = { .region = *region };

	return set(front, request, &one, sizeof(one), fd);
}

static inline int64_t set_memory(struct front_end *front)
{
	struct vhost_user_memory memory = {
		.regions = 1,
		.region[0] = { MEMORY_GPA, MEMORY, MEMORY_USER, 0 },
	};

	/* As QEMU does with VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS. */
	if (MORE_PROTOCOL_FEATURES & 1ull << 15)
		return set_region(front, VHOST_USER_ADD_MEM_REG, &memory.region[0],
				  front->memfd);
	return set(front, VHOST_USER_SET_MEM_TABLE, &memory, 8 + sizeof(memory.region[0]),
		   front->memfd);
}

/* Set up everything from the connection to a queue that can start, as QEMU does; 0, or a line. */
static inline int front_end_begin(struct front_end *front)
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

/* Start the queue as it is: after a pause, or for a driver that has set it up. */
static inline int queue_resume(struct front_end *front, uint16_t base)
{
	struct vhost_vring_addr addr = {
		.desc_user_addr = MEMORY_USER + DESC,
		.avail_user_addr = MEMORY_USER + AVAIL,
		.used_user_addr = MEMORY_USER + USED,
	};

	if (set_state(front, VHOST_USER_SET_VRING_NUM, QUEUE) ||
	    set_state(front, VHOST_USER_SET_VRING_BASE, base) ||
	    set(front, VHOST_USER_SET_VRING_ADDR, &addr, sizeof(addr), -1) ||
	    set_u64(front, VHOST_USER_SET_VRING_ERR, 0, front->err) ||
	    set_u64(front, VHOST_USER_SET_VRING_CALL, 0, front->call) ||
	    set_u64(front, VHOST_USER_SET_VRING_KICK, 0, front->kick))
		return __LINE__;
	return set_state(front, VHOST_USER_SET_VRING_ENABLE, 1);
}

/* Start the queue for a new driver, at 0 and with zeroed memory, or for one that continues. */
static inline int queue_begin(struct front_end *front, uint16_t base)
{
	if (!base) {
		memset(front->memory, 0, MEMORY);
		front->sent = 0;
	}
	return queue_resume(front, base);
}

static inline void front_end_disconnect(struct front_end *front)
{
	close(front->socket);
	if (front->channel >= 0)
		close(front->channel);
	front->channel = -1;
}

static inline void front_end_setup(struct __test_metadata *_metadata,
				   struct front_end *front)
{
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

/* Whatever was done to it, the backend must end with status 0 and leave nothing. */
static inline void front_end_teardown(struct __test_metadata *_metadata,
				      struct front_end *front)
{
	kill(front->pid, SIGTERM);
	EXPECT_EQ(0, process_end(front->pid));
	EXPECT_EQ(-1, access(front->path, F_OK));
	EXPECT_EQ(0, rmdir(front->dir));
	kill(front->pid, SIGKILL);
}

FIXTURE(vhost) {
	struct front_end front;
};

FIXTURE_SETUP(vhost)
{
	front_end_setup(_metadata, &self->front);
}

FIXTURE_TEARDOWN(vhost)
{
	front_end_teardown(_metadata, &self->front);
}

/* Make a command available without notifying the backend. */
static inline void put_command(struct front_end *front, const void *command, uint32_t size,
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
}

static inline void send_command(struct front_end *front, const void *command, uint32_t size,
				uint32_t answer_size)
{
	put_command(front, command, size, answer_size);
	eventfd_write(front->kick, 1);
}

/*
 * Whether all commands are answered in time. Only the used ring tells: a call may belong to an
 * earlier command.
 */
static inline bool await_used(struct front_end *front)
{
	const struct vring_used *used = (void *)(front->memory + USED);
	eventfd_t value;

	while (__atomic_load_n(&used->idx, __ATOMIC_ACQUIRE) != front->sent) {
		if (!is_readable(front->call, PATIENCE_MS))
			return false;
		eventfd_read(front->call, &value);
	}
	return true;
}

/* Return: VIRTIO_GPU_RESP_*, or 0 without an answer in time. */
static inline uint32_t await_answer(struct front_end *front)
{
	const struct virtio_gpu_ctrl_hdr *answer = (void *)(front->memory + ANSWER);

	return await_used(front) ? answer->type : 0;
}

/* Whether there is an answer, which must not come yet. */
static inline bool is_answered_early(struct front_end *front)
{
	const struct vring_used *used = (void *)(front->memory + USED);

	usleep(50000);
	return __atomic_load_n(&used->idx, __ATOMIC_ACQUIRE) == front->sent;
}

static inline uint32_t run_command(struct front_end *front, const void *command, uint32_t size)
{
	send_command(front, command, size, PAGE);
	return await_answer(front);
}

static inline uint32_t make_blob_of(struct front_end *front, uint32_t id, uint64_t blob_id,
				    uint64_t size)
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
		.blob_id = blob_id,
		.size = size,
	};

	run_command(front, &ctx, sizeof(ctx));
	return run_command(front, &blob, sizeof(blob));
}

/* In a context of its own, with the same id. */
static inline uint32_t make_blob(struct front_end *front, uint32_t id, uint64_t size)
{
	return make_blob_of(front, id, VGPU_BLOB_ID_MEMFD, size);
}

static inline void send_map(struct front_end *front, uint32_t id, uint64_t offset)
{
	struct virtio_gpu_resource_map_blob map = {
		.hdr.type = VIRTIO_GPU_CMD_RESOURCE_MAP_BLOB,
		.resource_id = id,
		.offset = offset,
	};

	send_command(front, &map, sizeof(map), PAGE);
}

/* Receive the backend's next request, if it is the expected one. */
static inline int await_request(struct front_end *front, uint32_t request,
				struct vhost_user_message *message)
{
	if (!is_readable(front->channel, PATIENCE_MS))
		return -ETIMEDOUT;
	if (vhost_user_receive(front->channel, message) != 1)
		return -ECONNRESET;
	return message->header.request == request &&
	       message->header.flags & VHOST_USER_NEED_REPLY ? 0 : -EPROTO;
}

static inline int acknowledge(struct front_end *front, uint32_t request, uint64_t value)
{
	struct vhost_user_message message = {
		.header = { request, VHOST_USER_VERSION | VHOST_USER_REPLY, 8 },
		.payload.u64 = value,
	};

	return vhost_user_send(front->channel, &message, -1);
}

/* Serve SHMEM_MAP and the barrier after it, as QEMU does; 0, or a line. */
static inline int serve_map(struct front_end *front, int *fd)
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
static inline void map_blob(struct __test_metadata *_metadata, struct front_end *front, int *fd)
{
	ASSERT_EQ(VIRTIO_GPU_RESP_OK_NODATA, make_blob(front, 1, PAGE));
	send_map(front, 1, 0);
	ASSERT_EQ(0, serve_map(front, fd));
	ASSERT_EQ(VIRTIO_GPU_RESP_OK_MAP_INFO, await_answer(front));
}

/* The same, up to the request, which the caller must answer. */
static inline void begin_map(struct __test_metadata *_metadata, struct front_end *front,
			     struct vhost_user_message *message)
{
	ASSERT_EQ(VIRTIO_GPU_RESP_OK_NODATA, make_blob(front, 1, PAGE));
	send_map(front, 1, 0);
	ASSERT_EQ(0, await_request(front, VHOST_USER_BACKEND_SHMEM_MAP, message));
}

static inline uint32_t resource_command(struct front_end *front, uint32_t type, uint32_t id)
{
	struct virtio_gpu_resource_unref command = { .hdr.type = type, .resource_id = id };

	return run_command(front, &command, sizeof(command));
}

static inline uint32_t display_info(struct front_end *front)
{
	struct virtio_gpu_ctrl_hdr command = { .type = VIRTIO_GPU_CMD_GET_DISPLAY_INFO };

	return run_command(front, &command, sizeof(command));
}

static inline int stop(struct front_end *front)
{
	struct vhost_vring_state state = { 0, 0 };
	struct vhost_user_message message;
	int ret = get(front, VHOST_USER_GET_VRING_BASE, &state, sizeof(state), &message);

	return ret ? ret : (int)message.payload.state.num;
}

/* Create a blob of @size bytes of guest memory. Return: the type of the answer. */
static inline uint32_t make_guest_blob(struct front_end *front, uint32_t id, uint64_t gpa,
				       uint32_t size)
{
	struct {
		struct virtio_gpu_resource_create_blob create;
		struct virtio_gpu_mem_entry entry;
	} command = {
		.create.hdr.type = VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB,
		.create.resource_id = id,
		.create.blob_mem = VIRTIO_GPU_BLOB_MEM_GUEST,
		.create.nr_entries = 1,
		.create.size = size,
		.entry = { gpa, size, 0 },
	};

	return run_command(front, &command, sizeof(command));
}

#endif /* MOCKGPU_TEST_FRONT_END_H */
