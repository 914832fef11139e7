// SPDX-License-Identifier: GPL-2.0-only
/*
 * vhost-gpu with a hostile guest and front-end: memory that is taken away while it uses it, endless
 * requests, missing answers. Its resources must stay within their limits, and it must serve the
 * next guest.
 *
 * Environment: MOCKGPU_MODULE, to load the module again after the device was unplugged.
 */

#include <sys/resource.h>

#include "kselftest_harness.h"

#define MAX_BLOBS "8"
#include "front_end.h"

#include "debugfs.h"
#include "mockgpu.h"
#include "module.h"

#define OK VIRTIO_GPU_RESP_OK_NODATA
#define UNSPECIFIED VIRTIO_GPU_RESP_ERR_UNSPEC
#define NO_MEMORY VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY

#define BLOBS_MAX 8

/* In the guest's memory, after the queue. */
#define OWN 0x10000
#define OWN_ID 100
#define REPORT 0x20000
#define REPORT_ID 101

static void begin_again(struct __test_metadata *_metadata, struct front_end *front)
{
	front_end_disconnect(front);
	ASSERT_EQ(0, front_end_begin(front));
	ASSERT_EQ(0, queue_begin(front, 0));
	EXPECT_EQ(VIRTIO_GPU_RESP_OK_DISPLAY_INFO, display_info(front));
}

static void drain(int fd)
{
	eventfd_t value;

	eventfd_read(fd, &value);
}

/* The queue's parts, from the first page on: descriptors, available, used, command, answer. */
TEST_F(vhost, the_queue_is_cut_short)
{
	const struct virtio_gpu_ctrl_hdr command = { .type = VIRTIO_GPU_CMD_GET_DISPLAY_INFO };
	struct front_end *front = &self->front;
	const struct vring_used *used = (void *)(front->memory + USED);
	off_t left;

	for (left = 0; left <= ANSWER + PAGE; left += PAGE) {
		bool broken = left <= USED;

		put_command(front, &command, sizeof(command), PAGE);
		ASSERT_EQ(0, ftruncate(front->memfd, left));
		eventfd_write(front->kick, 1);
		EXPECT_TRUE(broken ? is_readable(front->err, PATIENCE_MS) : await_used(front))
			TH_LOG("cut at %#lx", (long)left);
		if (!broken) {
			EXPECT_EQ(front->sent, used->idx);
			EXPECT_EQ(left > ANSWER, used->ring[front->sent - 1].len != 0);
		}
		ASSERT_EQ(0, ftruncate(front->memfd, MEMORY));
		stop(front);
		drain(front->err);
		drain(front->call);
		ASSERT_EQ(0, queue_begin(front, 0));
		EXPECT_EQ(VIRTIO_GPU_RESP_OK_DISPLAY_INFO, display_info(front));
	}
	stop(front);
	ASSERT_EQ(0, ftruncate(front->memfd, 0));
	ASSERT_EQ(0, queue_resume(front, 0));
	EXPECT_TRUE(is_readable(front->err, PATIENCE_MS));
	ASSERT_EQ(0, ftruncate(front->memfd, MEMORY));
	begin_again(_metadata, front);
}

/* A blob of one page of guest memory. */
static uint32_t make_own(struct front_end *front, uint32_t id, uint64_t offset)
{
	return make_guest_blob(front, id, MEMORY_GPA + offset, PAGE);
}

/* Blobs are made in contexts of their own, with the same id; all are used in blob 1's. */
static uint32_t attach(struct front_end *front, uint32_t id)
{
	struct virtio_gpu_ctx_resource command = {
		.hdr.type = VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE, .hdr.ctx_id = 1,
		.resource_id = id,
	};

	return run_command(front, &command, sizeof(command));
}

static uint32_t pattern(struct front_end *front, uint32_t op, uint32_t id, uint64_t pages)
{
	struct {
		struct virtio_gpu_cmd_submit submit;
		struct vgpu_cmd_pattern pattern;
	} command = {
		.submit.hdr.type = VIRTIO_GPU_CMD_SUBMIT_3D,
		.submit.hdr.ctx_id = 1,
		.submit.size = sizeof(command.pattern),
		.pattern.header = { op, sizeof(command.pattern) },
		.pattern.resource_id = id,
		.pattern.report_id = op == VGPU_OP_CHECK ? REPORT_ID : 0,
		.pattern.seed = 1,
		.pattern.pages = pages,
	};

	return run_command(front, &command, sizeof(command));
}

static uint64_t wrong_words(const struct front_end *front)
{
	const struct vgpu_report *report = (void *)(front->memory + REPORT);

	return report->wrong_words;
}

TEST_F(vhost, a_blob_of_guest_memory_is_cut_short)
{
	struct front_end *front = &self->front;

	ASSERT_EQ(OK, make_blob(front, 1, PAGE));
	ASSERT_EQ(OK, make_own(front, OWN_ID, OWN));
	ASSERT_EQ(OK, make_own(front, REPORT_ID, REPORT));
	ASSERT_EQ(OK, attach(front, 1));
	ASSERT_EQ(OK, attach(front, OWN_ID));
	ASSERT_EQ(OK, attach(front, REPORT_ID));
	EXPECT_EQ(OK, pattern(front, VGPU_OP_FILL, OWN_ID, 1));
	ASSERT_EQ(0, ftruncate(front->memfd, OWN));
	EXPECT_EQ(UNSPECIFIED, pattern(front, VGPU_OP_FILL, OWN_ID, 1));
	EXPECT_EQ(UNSPECIFIED, pattern(front, VGPU_OP_CHECK, OWN_ID, 1));
	EXPECT_EQ(OK, pattern(front, VGPU_OP_FILL, 1, 1));
	/* The memory for the report is gone. */
	EXPECT_EQ(UNSPECIFIED, pattern(front, VGPU_OP_CHECK, 1, 1));
	ASSERT_EQ(0, ftruncate(front->memfd, MEMORY));
	EXPECT_EQ(OK, pattern(front, VGPU_OP_CHECK, 1, 1));
	EXPECT_EQ(0, wrong_words(front));
	begin_again(_metadata, front);
}

FIXTURE(gone) {
	struct front_end front;
	int drm_fd;
};

/* @mode: 0 for a revocation, else of struct drm_mockgpu_bo_set_fault; @unplug: all goes */
FIXTURE_VARIANT(gone) {
	uint32_t mode;
	bool unplug;
};

FIXTURE_VARIANT_ADD(gone, revoke) { .mode = 0 };
FIXTURE_VARIANT_ADD(gone, fault) { .mode = MOCKGPU_FAULT_SIGBUS };
FIXTURE_VARIANT_ADD(gone, unplug) { .unplug = true };

FIXTURE_SETUP(gone)
{
	char why[256];

	self->drm_fd = mockgpu_open(why, sizeof(why));
	if (self->drm_fd < 0)
		SKIP(return, "%s", why);
	if (variant->unplug && !module_file())
		SKIP(return, "MOCKGPU_MODULE does not name the module's file");
	front_end_setup(_metadata, &self->front);
}

FIXTURE_TEARDOWN(gone)
{
	if (!self->front.pid)
		return;
	front_end_teardown(_metadata, &self->front);
	close(self->drm_fd);
	if (variant->unplug)
		EXPECT_EQ(0, module_reload(""));
}

/* Let the driver take away the blob of the front-end's @dmabuf. */
static void take_away(struct __test_metadata *_metadata, int drm_fd, int dmabuf, uint32_t mode,
		      bool unplug)
{
	struct mockgpu_bo bo;

	if (unplug) {
		EXPECT_EQ(0, mockgpu_unplug(drm_fd));
		return;
	}
	ASSERT_EQ(0, mockgpu_bo_import(drm_fd, dmabuf, &bo));
	if (mode) {
		ASSERT_EQ(0, mockgpu_bo_set_fault(&bo, mode, 1));
		ASSERT_EQ(0, mockgpu_bo_zap(&bo));
	} else {
		ASSERT_EQ(0, mockgpu_bo_revoke(&bo));
	}
	ASSERT_EQ(0, mockgpu_bo_destroy(&bo));
}

TEST_F(gone, is_an_error_for_the_guest)
{
	const uint64_t noncompound = VGPU_BLOB_ID(VGPU_SOURCE_MOCKGPU, MOCKGPU_KIND_NONCOMPOUND,
						  9, MOCKGPU_CACHING_CACHED);
	struct front_end *front = &self->front;
	int dmabuf;

	ASSERT_EQ(OK, make_blob_of(front, 1, noncompound, 8 << 20));
	ASSERT_EQ(OK, make_blob(front, 2, PAGE));
	ASSERT_EQ(OK, make_own(front, REPORT_ID, REPORT));
	ASSERT_EQ(OK, attach(front, 1));
	ASSERT_EQ(OK, attach(front, 2));
	ASSERT_EQ(OK, attach(front, REPORT_ID));
	send_map(front, 1, 0);
	ASSERT_EQ(0, serve_map(front, &dmabuf));
	ASSERT_EQ(VIRTIO_GPU_RESP_OK_MAP_INFO, await_answer(front));
	ASSERT_EQ(OK, pattern(front, VGPU_OP_FILL, 1, 2048));
	ASSERT_EQ(OK, pattern(front, VGPU_OP_CHECK, 1, 2048));
	EXPECT_EQ(0, wrong_words(front));
	take_away(_metadata, self->drm_fd, dmabuf, variant->mode, variant->unplug);
	close(dmabuf);
	EXPECT_EQ(UNSPECIFIED, pattern(front, VGPU_OP_FILL, 1, 2048));
	EXPECT_EQ(UNSPECIFIED, pattern(front, VGPU_OP_CHECK, 1, 2048));
	EXPECT_EQ(OK, pattern(front, VGPU_OP_FILL, 2, 1));
	EXPECT_EQ(OK, pattern(front, VGPU_OP_CHECK, 2, 1));
	EXPECT_EQ(0, wrong_words(front));
	begin_again(_metadata, front);
	EXPECT_EQ(OK, make_blob(front, 1, PAGE));
	if (!variant->unplug)
		EXPECT_EQ(OK, make_blob_of(front, 2, noncompound, 8 << 20));
}

/* A number of /proc/PID/smaps_rollup, in KiB; 0 without it. */
static uint64_t rollup_kib(pid_t pid, const char *name)
{
	char path[64], line[128];
	uint64_t kib = 0;
	size_t length = strlen(name);
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, length))
			kib = strtoull(line + length, NULL, 10);
	if (file)
		fclose(file);
	return kib;
}

/**
 * struct holdings - what the backend has
 * @fds: descriptors
 * @maps: mappings
 * @threads: threads
 * @kib: of anonymous memory
 * @huge_kib: of that, in huge pages, which come when the kernel likes
 */
struct holdings {
	int fds;
	int maps;
	int threads;
	uint64_t kib;
	uint64_t huge_kib;
};

static struct holdings holdings_of(pid_t pid)
{
	return (struct holdings){
		count_fds(pid), count_entries(pid, "map_files"), count_entries(pid, "task"),
		rollup_kib(pid, "Anonymous:"), rollup_kib(pid, "AnonHugePages:"),
	};
}

static void expect_no_more(struct __test_metadata *_metadata, struct front_end *front,
			   const struct holdings *before)
{
	struct vhost_user_message message;
	struct holdings now;

	/* A descriptor is closed after the answer to its request: send one more request. */
	ASSERT_EQ(0, get(front, VHOST_USER_GET_FEATURES, "", 0, &message));
	now = holdings_of(front->pid);

	EXPECT_EQ(before->fds, now.fds);
	EXPECT_EQ(before->maps, now.maps);
	EXPECT_EQ(before->threads, now.threads);
	EXPECT_NE(0, before->kib);
	/* One huge page may have been allocated: a leak in each round takes more. */
	EXPECT_GE(2048, (int64_t)(now.huge_kib - before->huge_kib));
	EXPECT_GE(before->kib - before->huge_kib + 256, now.kib - now.huge_kib);
}

TEST_F(vhost, blobs_have_a_limit)
{
	struct front_end *front = &self->front;
	struct holdings before;
	uint32_t id, refused = 0;

	for (id = 1; id <= BLOBS_MAX; id++)
		EXPECT_EQ(OK, make_blob(front, id, PAGE));
	EXPECT_EQ(NO_MEMORY, make_blob(front, id, PAGE));
	before = holdings_of(front->pid);
	for (id = 0; id < 1000; id++)
		refused += make_blob(front, BLOBS_MAX + 1, PAGE) == NO_MEMORY;
	EXPECT_EQ(1000, refused);
	expect_no_more(_metadata, front, &before);
	/* The front-end is not affected. */
	EXPECT_EQ(0, set_memory(front));
	EXPECT_EQ(OK, make_own(front, OWN_ID, OWN));
	ASSERT_EQ(OK, resource_command(front, VIRTIO_GPU_CMD_RESOURCE_UNREF, 1));
	EXPECT_EQ(OK, make_blob(front, BLOBS_MAX + 1, PAGE));
	begin_again(_metadata, front);
}

TEST_F(vhost, a_map_that_fails_leaves_nothing)
{
	struct front_end *front = &self->front;
	struct vhost_user_message message;
	struct holdings before;
	int i;

	ASSERT_EQ(OK, make_blob(front, 1, PAGE));
	for (i = 0; i < 1000; i++) {
		if (i == 10)
			before = holdings_of(front->pid);
		send_map(front, 1, 0);
		ASSERT_EQ(0, await_request(front, VHOST_USER_BACKEND_SHMEM_MAP, &message));
		vhost_user_close_fds(&message);
		acknowledge(front, VHOST_USER_BACKEND_SHMEM_MAP, 1);
		ASSERT_EQ(UNSPECIFIED, await_answer(front));
	}
	expect_no_more(_metadata, front, &before);
	/* Nothing is mapped, so there must be no request to unmap. */
	EXPECT_EQ(OK, resource_command(front, VIRTIO_GPU_CMD_RESOURCE_UNREF, 1));
	EXPECT_FALSE(is_readable(front->channel, 0));
}

TEST_F(vhost, descriptors_that_nobody_asked_for_are_closed)
{
	struct front_end *front = &self->front;
	struct vhost_user_message message;
	struct holdings before;
	int i;

	before = holdings_of(front->pid);
	for (i = 0; i < 1000; i++) {
		ASSERT_EQ(0, send_request(front, VHOST_USER_GET_FEATURES, 0, "", 0, front->memfd));
		ASSERT_EQ(0, receive_reply(front, VHOST_USER_GET_FEATURES, &message));
		ASSERT_EQ(0, set_u64(front, VHOST_USER_SET_VRING_ERR, 0, front->err));
		ASSERT_EQ(0, set_memory(front));
	}
	expect_no_more(_metadata, front, &before);
}

TEST_F(vhost, half_an_answer_does_not_keep_it)
{
	struct front_end *front = &self->front;
	struct vhost_user_message message;

	begin_map(_metadata, front, &message);
	vhost_user_close_fds(&message);
	ASSERT_EQ(4, write(front->channel, &message.header, 4));
	EXPECT_TRUE(is_readable(front->socket, 2 * PATIENCE_MS));
	begin_again(_metadata, front);
}

TEST_F(vhost, a_channel_must_be_a_socket)
{
	struct front_end *front = &self->front;

	EXPECT_EQ(1, set(front, VHOST_USER_SET_BACKEND_REQ_FD, "", 0, front->memfd));
	EXPECT_EQ(VIRTIO_GPU_RESP_OK_DISPLAY_INFO, display_info(front));
}

TEST_F(vhost, a_pipe_that_nobody_reads_does_not_end_it)
{
	const struct virtio_gpu_ctrl_hdr command = { .type = VIRTIO_GPU_CMD_GET_DISPLAY_INFO };
	struct front_end *front = &self->front;
	const struct vring_used *used = (void *)(front->memory + USED);
	int pipes[2], i;

	ASSERT_EQ(0, pipe(pipes));
	ASSERT_EQ(0, set_u64(front, VHOST_USER_SET_VRING_CALL, 0, pipes[1]));
	close(pipes[0]);
	close(pipes[1]);
	send_command(front, &command, sizeof(command), PAGE);
	for (i = 0; i < PATIENCE_MS; i++) {
		if (__atomic_load_n(&used->idx, __ATOMIC_ACQUIRE) == front->sent)
			break;
		usleep(1000);
	}
	EXPECT_EQ(front->sent, used->idx);
	ASSERT_EQ(0, set_u64(front, VHOST_USER_SET_VRING_CALL, 0, front->call));
	EXPECT_EQ(VIRTIO_GPU_RESP_OK_DISPLAY_INFO, display_info(front));
}

static pid_t start_with(const char *path, const char *option, const char *value)
{
	const char *const argv[] = { "vhost-gpu", "--socket-path", path, option, value, NULL };

	return process_start(argv);
}

TEST(bad_options_are_refused)
{
	static const char *const sizes[] = {
		"0", "2048", "-4K", "-1", "8k", "4Kb", "1P", "", "99999999999G", "16777216T",
	};
	static const char *const numbers[] = { "0", "-1", "4097", "8x", "", "1e3" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		EXPECT_EQ(2, process_end(start_with("/tmp/vhost-gpu.none", "--window", sizes[i])))
			TH_LOG("--window '%s'", sizes[i]);
		EXPECT_EQ(2, process_end(start_with("/tmp/vhost-gpu.none", "--max-bytes",
						    sizes[i])));
	}
	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		EXPECT_EQ(2, process_end(start_with("/tmp/vhost-gpu.none", "--max-blobs",
						    numbers[i])))
			TH_LOG("--max-blobs '%s'", numbers[i]);
	}
}

/* Replace the fixture's backend with one of other options, and connect a front-end. */
static void replace_backend(struct __test_metadata *_metadata, struct front_end *front,
			    const char *option, const char *value)
{
	front_end_disconnect(front);
	kill(front->pid, SIGTERM);
	ASSERT_EQ(0, process_end(front->pid));
	front->pid = start_with(front->path, option, value);
	ASSERT_EQ(0, front_end_begin(front));
	ASSERT_EQ(0, queue_begin(front, 0));
}

TEST_F(vhost, a_window_of_any_size)
{
	static const struct {
		const char *text;
		uint64_t size;
	} windows[] = { { "4096", 4096 }, { "12K", 12288 }, { "1T", 1ull << 40 } };
	struct front_end *front = &self->front;
	struct vhost_user_message message;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(windows); i++) {
		replace_backend(_metadata, front, "--window", windows[i].text);
		ASSERT_EQ(0, get(front, VHOST_USER_GET_SHMEM_CONFIG, "", 0, &message));
		EXPECT_EQ(windows[i].size, message.payload.shmem.size[1]);
	}
}

TEST_F(vhost, a_window_of_one_page)
{
	struct front_end *front = &self->front;
	int fd;

	replace_backend(_metadata, front, "--window", "4K");
	ASSERT_EQ(OK, make_blob(front, 1, PAGE));
	ASSERT_EQ(OK, make_blob(front, 2, PAGE));
	ASSERT_EQ(OK, make_blob(front, 3, 2 * PAGE));
	send_map(front, 3, 0);
	EXPECT_EQ(VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER, await_answer(front));
	send_map(front, 1, 0);
	ASSERT_EQ(0, serve_map(front, &fd));
	EXPECT_EQ(VIRTIO_GPU_RESP_OK_MAP_INFO, await_answer(front));
	close(fd);
	send_map(front, 2, 0);
	EXPECT_EQ(VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER, await_answer(front));
	send_map(front, 2, PAGE);
	EXPECT_EQ(VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER, await_answer(front));
	EXPECT_FALSE(is_readable(front->channel, 0));
}

/* It does not start without descriptors for all blobs that a guest may have. */
TEST_F(vhost, descriptors_are_there_for_all_blobs)
{
	const struct rlimit tight = { 48, 100 };
	struct front_end *front = &self->front;
	struct rlimit limit;

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = 48;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	replace_backend(_metadata, front, "--max-blobs", "2000");
	ASSERT_EQ(0, prlimit(front->pid, RLIMIT_NOFILE, NULL, &limit));
	EXPECT_LE(2000, limit.rlim_cur);
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &tight));
	EXPECT_EQ(1, process_end(start_with("/tmp/vhost-gpu.none", "--max-blobs", "2000")));
}

TEST_HARNESS_MAIN
