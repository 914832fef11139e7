// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that goes while the device model uses it: a blob's, which its driver revokes
 * or cannot bring back, and the guest's, whose file is cut short. The guest gets an
 * error, the process lives, and whoever comes next is served.
 *
 * Environment: MOCKGPU_MODULE, to load the module again after the device was pulled.
 */

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include <linux/seccomp.h>

#include "guest/protocol.h"
#include "vgpu/protocol.h"
#include "debugfs.h"
#include "guarded.h"
#include "mockgpu.h"
#include "reload.h"
#include "vgpu/testing/guest.h"

#define PAGE 4096
#define MIB (1ull << 20)
#define PAGES (2 * MIB / PAGE)

#define CTX 1
#define BLOB 7
#define OTHER 8
#define REPORT 1000

/* A memfd of one page of ones, and its mapping. */
static char *page_make(int *fd)
{
	char *map;

	*fd = memfd_create("gone", MFD_CLOEXEC);
	if (ftruncate(*fd, PAGE))
		return NULL;
	map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
	if (map == MAP_FAILED)
		return NULL;
	memset(map, 1, PAGE);
	return map;
}

/* As page_make(), but nothing is there any more. */
static char *page_cut(void)
{
	int fd;
	char *map = page_make(&fd);

	if (map && ftruncate(fd, 0))
		return NULL;
	return map;
}

static void touch(void *arg)
{
	__atomic_load_n((char *)arg, __ATOMIC_RELAXED);
}

TEST(a_guard_tells_what_is_there)
{
	char data[PAGE] = "", *gone = page_cut(), *there;
	int fd;

	there = page_make(&fd);
	ASSERT_NE(NULL, gone);
	ASSERT_NE(NULL, there);
	ASSERT_EQ(0, guarded_init());
	ASSERT_EQ(0, guarded_init());
	EXPECT_EQ(0, guarded_read(data, there, PAGE));
	EXPECT_EQ(1, data[PAGE - 1]);
	EXPECT_EQ(-EFAULT, guarded_read(data, gone, PAGE));
	EXPECT_EQ(-EFAULT, guarded_write(gone, data, 1));
	EXPECT_EQ(0, guarded_write(there, "2", 1));
	EXPECT_EQ('2', *there);
	EXPECT_EQ(SIGBUS, guarded(touch, gone));
	munmap(gone, PAGE);
	EXPECT_EQ(SIGSEGV, guarded(touch, gone));
	EXPECT_EQ(0, guarded(touch, there));
}

TEST_SIGNAL(outside_of_a_guard_it_is_deadly, SIGBUS)
{
	char *gone = page_cut(), data = 0;

	ASSERT_EQ(0, guarded_init());
	EXPECT_EQ(-EFAULT, guarded_read(&data, gone, 1));
	touch(gone);
}

/* The side that cannot go: a bug of the program, which no guard may hide. */
TEST_SIGNAL(another_address_is_deadly, SIGBUS)
{
	char *gone = page_cut(), data = 0;

	ASSERT_EQ(0, guarded_init());
	EXPECT_EQ(-EFAULT, guarded_write(gone, &data, 1));
	guarded_read(gone, &data, 1);
}

static void leave(int sig)
{
	(void)sig;
	_exit(17);
}

TEST(who_had_the_signal_before_keeps_it)
{
	char *gone = page_cut(), data = 0;
	int status;
	pid_t pid;

	pid = fork();
	if (!pid) {
		signal(SIGBUS, leave);
		if (guarded_init() || guarded_read(&data, gone, 1) != -EFAULT)
			_exit(1);
		touch(gone);
		_exit(2);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_TRUE(WIFEXITED(status));
	EXPECT_EQ(17, WEXITSTATUS(status));
}

/* A system call for each access would cost more than the access. */
TEST(a_guard_makes_no_system_call)
{
	char *gone = page_cut(), data = 0;
	int status, i;
	pid_t pid;

	pid = fork();
	if (!pid) {
		bool right = !guarded_init();

		if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT))
			_exit(4);
		/* From here on any but read, write, exit and sigreturn is deadly. */
		for (i = 0; i < 1000; i++) {
			right = right && guarded_read(&data, gone, 1) == -EFAULT &&
				!guarded_read(&data, "1", 1);
		}
		syscall(SYS_exit, !right);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_TRUE(WIFEXITED(status));
	if (WEXITSTATUS(status) == 4)
		SKIP(return, "this kernel has no seccomp");
	EXPECT_EQ(0, WEXITSTATUS(status));
}

struct guard {
	pthread_t thread;
	const char *from;
	int right;
	unsigned int wrong;
};

static void *guard_run(void *arg)
{
	struct guard *guard = arg;
	char data[64];
	int i;

	for (i = 0; i < 20000; i++) {
		memset(data, 0, sizeof(data));
		if (guarded_read(data, guard->from, sizeof(data)) != guard->right ||
		    data[63] != !guard->right)
			guard->wrong++;
	}
	return NULL;
}

TEST(threads_have_guards_of_their_own)
{
	struct guard guards[4];
	char *gone = page_cut(), *there;
	int fd, i;

	there = page_make(&fd);
	ASSERT_EQ(0, guarded_init());
	for (i = 0; i < 4; i++) {
		guards[i] = (struct guard){
			.from = i % 2 ? there : gone, .right = i % 2 ? 0 : -EFAULT,
		};
		ASSERT_EQ(0, pthread_create(&guards[i].thread, NULL, guard_run, &guards[i]));
	}
	for (i = 0; i < 4; i++) {
		pthread_join(guards[i].thread, NULL);
		EXPECT_EQ(0, guards[i].wrong);
	}
}

/* Guest memory in a file of somebody else's. */
FIXTURE(guest_memory) {
	struct vgpu_guest guest;
	int fd;
};

FIXTURE_SETUP(guest_memory)
{
	ASSERT_EQ(0, vgpu_guest_init(&self->guest, -1, VGPU_GUEST_BYTES_MAX));
	self->fd = memfd_create("ram", MFD_CLOEXEC);
	ASSERT_EQ(0, ftruncate(self->fd, VGPU_GUEST_REGION));
}

FIXTURE_TEARDOWN(guest_memory)
{
	vgpu_guest_exit(&self->guest);
	close(self->fd);
}

/* Put the file in the place of one of the guest's regions. */
static void replace(struct __test_metadata *_metadata, char *ram, int fd)
{
	ASSERT_EQ(ram, mmap(ram, VGPU_GUEST_REGION, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_FIXED, fd, 0));
}

static uint32_t pattern(struct vgpu_guest *guest, uint32_t op, uint32_t id, uint32_t report,
			uint64_t pages)
{
	struct vgpu_cmd_pattern command = {
		.header.op = htole32(op),
		.header.size = htole32(sizeof(command)),
		.resource_id = htole32(id),
		.report_id = htole32(report),
		.seed = htole64(1),
		.pages = htole64(pages),
	};

	return vgpu_guest_submit(guest, CTX, &command, sizeof(command));
}

static uint32_t attach(struct vgpu_guest *guest, uint32_t id)
{
	return vgpu_guest_resource(guest, VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE, CTX, id);
}

TEST_F(guest_memory, of_a_blob)
{
	const struct virtio_gpu_mem_entry entry = {
		htole64(VGPU_GUEST_HIGH), htole32(2 * PAGE), 0,
	};
	struct vgpu_guest *guest = &self->guest;

	replace(_metadata, guest->ram[2], self->fd);
	ASSERT_EQ(OK, vgpu_guest_ctx(guest, VIRTIO_GPU_CMD_CTX_CREATE, CTX, 0));
	ASSERT_EQ(OK, vgpu_guest_own(guest, BLOB, &entry, 1, 2 * PAGE));
	ASSERT_EQ(OK, vgpu_guest_host3d(guest, CTX, OTHER, VGPU_BLOB_ID_MEMFD, PAGE));
	ASSERT_EQ(OK, attach(guest, BLOB));
	ASSERT_EQ(OK, attach(guest, OTHER));
	ASSERT_EQ(OK, pattern(guest, VGPU_OP_FILL, BLOB, 0, 2));
	ASSERT_EQ(0, ftruncate(self->fd, PAGE));
	EXPECT_EQ(OK, pattern(guest, VGPU_OP_FILL, BLOB, 0, 1));
	EXPECT_EQ(UNSPECIFIED, pattern(guest, VGPU_OP_FILL, BLOB, 0, 2));
	EXPECT_EQ(UNSPECIFIED, pattern(guest, VGPU_OP_CHECK, BLOB, OTHER, 2));
	ASSERT_EQ(0, ftruncate(self->fd, 0));
	/* There is nowhere to write the report to. */
	EXPECT_EQ(UNSPECIFIED, pattern(guest, VGPU_OP_CHECK, OTHER, BLOB, 1));
	ASSERT_EQ(0, ftruncate(self->fd, VGPU_GUEST_REGION));
	EXPECT_EQ(OK, pattern(guest, VGPU_OP_FILL, BLOB, 0, 2));
	EXPECT_EQ(OK, pattern(guest, VGPU_OP_CHECK, BLOB, OTHER, 2));
}

/* One command in the queue, with everything in the file. */
static void prepare(struct vgpu_guest *guest)
{
	struct virtio_gpu_ctrl_hdr *command = vgpu_guest_at(guest, VGPU_GUEST_COMMAND);
	struct vring_avail *avail = vgpu_guest_at(guest, VGPU_GUEST_AVAIL);

	vgpu_guest_queue_reset(guest);
	command->type = htole32(VIRTIO_GPU_CMD_GET_DISPLAY_INFO);
	vgpu_guest_desc(guest, 0, VGPU_GUEST_COMMAND, sizeof(*command), VRING_DESC_F_NEXT, 1);
	vgpu_guest_desc(guest, 1, VGPU_GUEST_ANSWER, PAGE, VRING_DESC_F_WRITE, 0);
	avail->idx = htole16(1);
	guest->avail_idx = 1;
}

/* Descriptors lie lowest, then the available ring, the used one, command, answer. */
TEST_F(guest_memory, of_the_queue)
{
	const uint64_t used_end = VGPU_GUEST_USED - VGPU_GUEST_LOW + PAGE;
	const uint64_t answer_end = VGPU_GUEST_ANSWER - VGPU_GUEST_LOW + PAGE;
	struct vgpu_guest *guest = &self->guest;
	uint32_t head, len;
	uint64_t left;

	replace(_metadata, guest->ram[0], self->fd);
	for (left = 0; left <= VGPU_GUEST_REGION; left += PAGE) {
		int ret;

		ASSERT_EQ(0, ftruncate(self->fd, VGPU_GUEST_REGION));
		prepare(guest);
		ASSERT_EQ(0, ftruncate(self->fd, left));
		ret = vgpu_queue_notify(guest->dev, VGPU_QUEUE_CONTROL);
		EXPECT_EQ(left < used_end ? -EFAULT : 0, ret)
			TH_LOG("cut at %#llx", (unsigned long long)left);
		/* A broken queue is silent until it is set anew. */
		ret = vgpu_queue_notify(guest->dev, VGPU_QUEUE_CONTROL);
		EXPECT_EQ(left < used_end ? -ESHUTDOWN : 0, ret)
			TH_LOG("cut at %#llx", (unsigned long long)left);
		if (left < used_end)
			continue;
		/* The command is given back in any case, with as much as there is room for. */
		EXPECT_EQ(0, vgpu_guest_used(guest, &head, &len));
		EXPECT_EQ(left < answer_end, !len);
	}
	prepare(guest);
	EXPECT_EQ(0, vgpu_queue_notify(guest->dev, VGPU_QUEUE_CONTROL));
	EXPECT_EQ(0, vgpu_guest_used(guest, &head, &len));
	ASSERT_EQ(0, ftruncate(self->fd, 0));
	/* Nor can a queue begin where nothing is. */
	EXPECT_EQ(-EFAULT, vgpu_queue_start(guest->dev, VGPU_QUEUE_CONTROL, VGPU_GUEST_QUEUE,
					    VGPU_GUEST_DESC, VGPU_GUEST_AVAIL,
					    VGPU_GUEST_USED, 0));
	ASSERT_EQ(0, ftruncate(self->fd, VGPU_GUEST_REGION));
}

FIXTURE(blob) {
	struct vgpu_guest guest;
	struct vgpu_report *report;
	int drm_fd;
};

enum how { ZAP, REVOKE, FAULT, UNPLUG };

/* @touched: the device has its own view of it already; @mapped: the guest too */
FIXTURE_VARIANT(blob) {
	enum how how;
	bool mapped;
	bool touched;
};

#define HOW(name, how_)								\
	FIXTURE_VARIANT_ADD(blob, name) { .how = how_ };			\
	FIXTURE_VARIANT_ADD(blob, name##_touched) { .how = how_, .touched = true };	\
	FIXTURE_VARIANT_ADD(blob, name##_mapped) {				\
		.how = how_, .mapped = true, .touched = true,			\
	}

/* The control: the memory comes back at the next touch. */
HOW(zap, ZAP);
HOW(revoke, REVOKE);
HOW(fault, FAULT);
HOW(unplug, UNPLUG);

FIXTURE_SETUP(blob)
{
	const struct virtio_gpu_mem_entry entry = {
		htole64(VGPU_GUEST_FREE), htole32(PAGE), 0,
	};
	struct vgpu_guest *guest = &self->guest;
	char why[256];

	self->drm_fd = mockgpu_open(why, sizeof(why));
	if (self->drm_fd < 0)
		SKIP(return, "%s", why);
	if (variant->how == UNPLUG && !module_file())
		SKIP(return, "MOCKGPU_MODULE does not name the module's file");
	ASSERT_EQ(0, vgpu_guest_init(guest, self->drm_fd, VGPU_GUEST_BYTES_MAX));
	ASSERT_EQ(OK, vgpu_guest_ctx(guest, VIRTIO_GPU_CMD_CTX_CREATE, CTX, 0));
	ASSERT_EQ(OK, vgpu_guest_own(guest, REPORT, &entry, 1, PAGE));
	ASSERT_EQ(OK, vgpu_guest_host3d(guest, CTX, OTHER, VGPU_BLOB_ID_MEMFD, PAGE));
	ASSERT_EQ(OK, vgpu_guest_host3d(guest, CTX, BLOB,
					VGPU_BLOB_ID(VGPU_SOURCE_MOCKGPU,
						     MOCKGPU_KIND_NONCOMPOUND, 9, 0), 2 * MIB));
	ASSERT_EQ(OK, attach(guest, REPORT));
	ASSERT_EQ(OK, attach(guest, OTHER));
	ASSERT_EQ(OK, attach(guest, BLOB));
	self->report = vgpu_guest_at(guest, VGPU_GUEST_FREE);
}

FIXTURE_TEARDOWN(blob)
{
	if (!self->guest.dev)
		return;
	vgpu_guest_exit(&self->guest);
	close(self->drm_fd);
	if (variant->how == UNPLUG)
		EXPECT_EQ(0, module_reload(""));
}

static int take_away(enum how how, int drm_fd, struct mockgpu_bo *bo)
{
	int ret;

	switch (how) {
	case ZAP:
		return mockgpu_bo_zap(bo);
	case REVOKE:
		return mockgpu_bo_revoke(bo);
	case FAULT:
		ret = mockgpu_bo_set_fault(bo, MOCKGPU_FAULT_SIGBUS, 1);
		return ret ? ret : mockgpu_bo_zap(bo);
	default:
		return mockgpu_unplug(drm_fd);
	}
}

TEST_F(blob, goes_away)
{
	struct vgpu_guest *guest = &self->guest;
	uint32_t right = variant->how == ZAP ? OK : UNSPECIFIED;
	struct mockgpu_bo *bo = vgpu_blob_bo(vgpu_blob_find(guest->dev, BLOB));

	if (variant->mapped)
		ASSERT_EQ(OK_MAP, vgpu_guest_map(guest, BLOB, 0));
	if (variant->touched)
		ASSERT_EQ(OK, pattern(guest, VGPU_OP_FILL, BLOB, 0, PAGES));
	ASSERT_EQ(0, take_away(variant->how, self->drm_fd, bo));
	EXPECT_EQ(right, pattern(guest, VGPU_OP_FILL, BLOB, 0, PAGES));
	EXPECT_EQ(right, pattern(guest, VGPU_OP_CHECK, BLOB, REPORT, PAGES));
	if (variant->how == ZAP)
		EXPECT_EQ(0, self->report->wrong_words);
	/* There is nowhere to write the report to. */
	EXPECT_EQ(right, pattern(guest, VGPU_OP_CHECK, OTHER, BLOB, 1));
	/* What is left works, and the blob goes as any other. */
	ASSERT_EQ(OK, pattern(guest, VGPU_OP_FILL, OTHER, 0, 1));
	ASSERT_EQ(OK, pattern(guest, VGPU_OP_CHECK, OTHER, REPORT, 1));
	EXPECT_EQ(0, self->report->wrong_words);
	if (variant->how == FAULT) {
		ASSERT_EQ(0, mockgpu_bo_set_fault(bo, MOCKGPU_FAULT_SINGLE, 0));
		EXPECT_EQ(OK, pattern(guest, VGPU_OP_FILL, BLOB, 0, PAGES));
	}
	if (variant->mapped)
		EXPECT_EQ(OK, vgpu_guest_resource(guest, VIRTIO_GPU_CMD_RESOURCE_UNMAP_BLOB, 0,
						  BLOB));
	EXPECT_EQ(OK, vgpu_guest_resource(guest, VIRTIO_GPU_CMD_RESOURCE_UNREF, 0, BLOB));
	vgpu_reset(guest->dev);
	ASSERT_EQ(0, vgpu_guest_queue_reset(guest));
	EXPECT_EQ(OK, vgpu_guest_ctx(guest, VIRTIO_GPU_CMD_CTX_CREATE, CTX, 0));
}

TEST_HARNESS_MAIN
