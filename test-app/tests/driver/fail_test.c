// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every step that can fail is made to fail: each operation is tried with its first step
 * failing, then with its second, until all of them succeed. Whatever fails, the caller gets
 * the right error and nothing is left behind. Moves have a test of their own,
 * move_fail_test.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>

#include <xf86drm.h>

#include "kselftest_harness.h"

#include "driver.h"
#include "exporter.h"
#include "pattern.h"
#include "reload.h"

/* More steps than any operation here has. */
#define STEPS_MAX 500

/* What an operation works with; members are set as the operation says, or 0. */
struct rig {
	struct driver driver;
	size_t page;
	/* Set up before the operation under test. */
	struct mockgpu_bo bo;
	struct mockgpu_bo other;
	int fd;
	uint32_t sync;
	/* The last point of it. */
	uint64_t point;
	char *memory;
	/* Parameters of the buffer to create. */
	uint32_t kind;
	uint32_t caching;
	/* Number of steps that failed. */
	unsigned int steps;
};

FIXTURE(fail) {
	struct rig rig;
};

FIXTURE_SETUP(fail)
{
	driver_setup(_metadata, &self->rig.driver);
	self->rig.page = self->rig.driver.page;
	self->rig.fd = -1;
}

FIXTURE_TEARDOWN(fail)
{
	EXPECT_EQ(0, mockgpu_fail_set(self->rig.driver.fd, 0));
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->rig.bo));
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->rig.other));
	if (self->rig.fd >= 0)
		EXPECT_EQ(0, close(self->rig.fd));
	driver_teardown(_metadata, &self->rig.driver);
}

/* What an operation may return when step @point fails. */
static int is_right_error(const char *point, int error)
{
	/* libdrm retries after an interruption, and the retry succeeds. */
	if (!strcmp(point, "lock"))
		return !error || error == -EINTR;
	/* A page fault can only report an error by a signal. */
	return error == -ENOMEM || error == -EFAULT;
}

/*
 * @operation returns 0 or a negative errno; -EFAULT for an access that ended in SIGBUS. It
 * leaves nothing behind, also on success.
 */
static void walk(struct __test_metadata *_metadata, struct rig *rig,
		 int (*operation)(struct rig *rig))
{
	struct mockgpu_usage before;
	unsigned long nth, left;
	char point[32];
	int ret;

	ASSERT_EQ(0, mockgpu_usage_get(rig->driver.fd, &before));
	for (nth = 1; nth < STEPS_MAX; nth++) {
		ASSERT_EQ(0, mockgpu_fail_set(rig->driver.fd, nth));
		ret = operation(rig);
		ASSERT_EQ(0, mockgpu_fail_get(rig->driver.fd, &left, point, sizeof(point)));
		ASSERT_EQ(0, mockgpu_fail_set(rig->driver.fd, 0));
		if (left)
			break;
		EXPECT_TRUE(is_right_error(point, ret))
			TH_LOG("step %lu, %s: %d", nth, point, ret);
		driver_expect_usage(_metadata, &rig->driver,
				    before.buffers - rig->driver.before.buffers,
				    before.pages - rig->driver.before.pages);
		driver_expect_quiet(_metadata, &rig->driver);
	}
	ASSERT_LT(nth, STEPS_MAX);
	EXPECT_EQ(0, ret);
	driver_expect_usage(_metadata, &rig->driver,
			    before.buffers - rig->driver.before.buffers,
			    before.pages - rig->driver.before.pages);
	rig->steps = nth - 1;
}

static int create(struct rig *rig)
{
	struct mockgpu_bo bo;
	int ret;

	ret = mockgpu_bo_create(rig->driver.fd, rig->kind,
				rig->kind == MOCKGPU_KIND_TTM ? 0 : 2, rig->caching,
				11 * rig->page, &bo);
	mockgpu_bo_destroy(&bo);
	return ret;
}

TEST_F(fail, create)
{
	struct rig *rig = &self->rig;

	for (rig->kind = 0; rig->kind < MOCKGPU_KIND_COUNT; rig->kind++) {
		for (rig->caching = 0; rig->caching < MOCKGPU_CACHING_COUNT; rig->caching++) {
			walk(_metadata, rig, create);
			/* Object, tt, its arrays, populate, blocks or heads, handle. */
			EXPECT_LE(rig->kind == MOCKGPU_KIND_TTM ? 6 : 8, rig->steps);
		}
	}
}

static void make(struct __test_metadata *_metadata, struct rig *rig, struct mockgpu_bo *bo)
{
	ASSERT_EQ(0, mockgpu_bo_create(rig->driver.fd, MOCKGPU_KIND_NONCOMPOUND, 2, 0,
				       11 * rig->page, bo));
}

/* Touch each page: exactly @bytes are mapped. */
static int touch_all(void *map, size_t bytes, size_t page)
{
	size_t i;

	for (i = 0; i < bytes; i += page)
		if (pattern_touch((char *)map + i, 1))
			return -EFAULT;
	return 0;
}

static int map_and_touch(struct rig *rig)
{
	int ret = mockgpu_bo_map(&rig->bo, NULL);

	if (!ret)
		ret = touch_all(rig->bo.map, rig->bo.size, rig->page);
	mockgpu_bo_unmap(&rig->bo);
	return ret;
}

TEST_F(fail, map)
{
	make(_metadata, &self->rig, &self->rig.bo);
	walk(_metadata, &self->rig, map_and_touch);
	EXPECT_LE(1 + 11, self->rig.steps);
}

static int map_of_dmabuf(struct rig *rig)
{
	void *map = mmap(NULL, rig->bo.size, PROT_READ | PROT_WRITE, MAP_SHARED, rig->fd, 0);
	int ret;

	if (map == MAP_FAILED)
		return -errno;
	ret = touch_all(map, rig->bo.size, rig->page);
	munmap(map, rig->bo.size);
	return ret;
}

TEST_F(fail, map_of_a_dmabuf)
{
	make(_metadata, &self->rig, &self->rig.bo);
	self->rig.fd = mockgpu_bo_export(&self->rig.bo);
	ASSERT_LE(0, self->rig.fd);
	walk(_metadata, &self->rig, map_of_dmabuf);
	EXPECT_LE(1 + 11, self->rig.steps);
}

static int node_map(struct rig *rig)
{
	int fd = open(MOCKGPU_NODE, O_RDWR | O_CLOEXEC);
	size_t size = 3 * rig->page;
	void *map;
	int ret;

	if (fd < 0)
		return -errno;
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ret = map == MAP_FAILED ? -errno : touch_all(map, size, rig->page);
	if (map != MAP_FAILED)
		munmap(map, size);
	close(fd);
	return ret;
}

TEST_F(fail, map_of_the_plain_node)
{
	walk(_metadata, &self->rig, node_map);
	/* The file, all steps of create but the handle, mmap, three accesses. */
	EXPECT_LE(1 + 5 + 1 + 3, self->rig.steps);
}

static int export(struct rig *rig)
{
	int fd = mockgpu_bo_export(&rig->bo);

	if (fd < 0)
		return fd;
	close(fd);
	/* With its last handle GEM forgets the dma-buf, so the next export creates one. */
	mockgpu_bo_destroy(&rig->bo);
	return 0;
}

TEST_F(fail, export)
{
	make(_metadata, &self->rig, &self->rig.bo);
	ASSERT_EQ(0, mockgpu_fail_set(self->rig.driver.fd, 1));
	EXPECT_EQ(-ENOMEM, export(&self->rig));
	ASSERT_EQ(0, mockgpu_fail_set(self->rig.driver.fd, 1));
	EXPECT_EQ(-ENOMEM, export(&self->rig));
	EXPECT_EQ(0, export(&self->rig));
}

static int import_foreign(struct rig *rig)
{
	struct mockgpu_bo bo;
	int ret;

	ret = mockgpu_bo_import(rig->driver.fd, rig->fd, &bo);
	mockgpu_bo_destroy(&bo);
	return ret;
}

static int copy_both_ways(struct rig *rig)
{
	int ret;

	ret = mockgpu_bo_copy(&rig->other, 0, &rig->bo, 0, rig->bo.size);
	return ret ? ret : mockgpu_bo_copy(&rig->bo, 0, &rig->other, 0, rig->bo.size);
}

/* One import for all uses: its release would happen too late to see. */
static int use_foreign(struct rig *rig)
{
	int ret;

	ret = mockgpu_bo_import(rig->driver.fd, rig->fd, &rig->bo);
	if (!ret)
		ret = copy_both_ways(rig);
	mockgpu_bo_destroy(&rig->bo);
	return ret;
}

static int (*const exporters[])(size_t size) = {
	exporter_vgem, exporter_udmabuf, exporter_heap,
};

TEST_F(fail, import)
{
	unsigned int i, tried = 0;

	make(_metadata, &self->rig, &self->rig.other);
	for (i = 0; i < ARRAY_SIZE(exporters); i++) {
		self->rig.fd = exporters[i](self->rig.other.size);
		if (self->rig.fd == -ENOENT)
			continue;
		ASSERT_LE(0, self->rig.fd);
		walk(_metadata, &self->rig, import_foreign);
		/* Object, tt, its array, attachment. */
		EXPECT_LE(4, self->rig.steps);
		walk(_metadata, &self->rig, use_foreign);
		EXPECT_LE(4 + 5, self->rig.steps);
		EXPECT_EQ(0, close(self->rig.fd));
		self->rig.fd = -1;
		tried++;
	}
	if (!tried)
		SKIP(return, "this kernel has no other exporter");
}

TEST_F(fail, copy)
{
	make(_metadata, &self->rig, &self->rig.bo);
	make(_metadata, &self->rig, &self->rig.other);
	walk(_metadata, &self->rig, copy_both_ways);
	/* Two locks, two vmaps and the page between them, each time. */
	EXPECT_LE(2 * 5, self->rig.steps);
}

/* Discarded, since another buffer takes all of VRAM, then touched. */
static int discard(struct rig *rig)
{
	struct drm_mockgpu_bo_create want = {
		.size = 11 * rig->page,
		.placement = MOCKGPU_PLACEMENT_VRAM,
		.flags = MOCKGPU_BO_DISCARDABLE,
	};
	struct mockgpu_bo bo, all = {};
	int ret;

	ret = mockgpu_bo_make(rig->driver.fd, &want, &bo);
	if (ret)
		return ret;
	want.size = rig->driver.before.vram_max * rig->page;
	ret = mockgpu_bo_make(rig->driver.fd, &want, &all);
	mockgpu_bo_destroy(&all);
	if (!ret)
		ret = mockgpu_bo_map(&bo, NULL);
	if (!ret)
		ret = touch_all(bo.map, bo.size, rig->page);
	mockgpu_bo_destroy(&bo);
	return ret;
}

TEST_F(fail, discard)
{
	walk(_metadata, &self->rig, discard);
	/* What it takes to create two and map one, and the new memory at the first touch. */
	EXPECT_LE(2 * 5 + 1 + 11 + 2, self->rig.steps);
}

static int submit(struct rig *rig)
{
	struct drm_mockgpu_sync syncs[2] = { { .handle = rig->sync }, { .handle = rig->sync } };
	const struct drm_mockgpu_submit_bo uses[] = {
		{ .handle = rig->bo.handle, .value = 1,
		  .flags = MOCKGPU_SUBMIT_WRITE | MOCKGPU_SUBMIT_FILL },
		{ .handle = rig->other.handle },
	};
	const struct drm_mockgpu_submit args = {
		.bos = (uintptr_t)uses,
		.bo_count = 2,
		.waits = (uintptr_t)syncs,
		.wait_count = 1,
		.signals = (uintptr_t)syncs,
		.signal_count = 2,
	};

	syncs[1].point = ++rig->point;
	return mockgpu_submit(rig->driver.fd, &args);
}

TEST_F(fail, submit)
{
	struct rig *rig = &self->rig;

	make(_metadata, rig, &rig->bo);
	make(_metadata, rig, &rig->other);
	ASSERT_EQ(0, drmSyncobjCreate(rig->driver.fd, DRM_SYNCOBJ_CREATE_SIGNALED, &rig->sync));
	walk(_metadata, rig, submit);
	/* Itself, three lists, two arrays, two jobs, the lock, and two for each buffer. */
	EXPECT_LE(14, rig->steps);
	EXPECT_EQ(0, mockgpu_wait_idle(rig->driver.fd));
	EXPECT_EQ(0, drmSyncobjDestroy(rig->driver.fd, rig->sync));
}

static char *user_memory(struct __test_metadata *_metadata, const struct rig *rig)
{
	char *memory = mmap(NULL, 11 * rig->page, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, memory);
	return memory;
}

static int userptr(struct rig *rig)
{
	struct mockgpu_bo bo;
	int ret = mockgpu_bo_userptr(rig->driver.fd, rig->memory, 11 * rig->page,
				     MOCKGPU_USERPTR_VALIDATE, &bo);

	mockgpu_bo_destroy(&bo);
	return ret;
}

TEST_F(fail, userptr)
{
	struct rig *rig = &self->rig;

	rig->memory = user_memory(_metadata, rig);
	if (userptr(rig) == -EOPNOTSUPP)
		SKIP(return, "this kernel has no HMM (CONFIG_HMM_MIRROR)");
	/* TTM frees it from a workqueue. */
	driver_expect_usage(_metadata, &rig->driver, 0, 0);
	walk(_metadata, rig, userptr);
	/* Object, tt, its array, what is kept about it, notifier, pages, handle. */
	EXPECT_LE(7, rig->steps);
	EXPECT_EQ(0, munmap(rig->memory, 11 * rig->page));
}

/* The pages are gone each time, and asked for again. */
static int use_userptr(struct rig *rig)
{
	int ret = madvise(rig->memory, 11 * rig->page, MADV_DONTNEED) ? -errno : 0;

	if (!ret)
		ret = copy_both_ways(rig);
	if (!ret)
		ret = madvise(rig->memory, 11 * rig->page, MADV_DONTNEED) ? -errno : 0;
	return ret ? ret : mockgpu_bo_fill(&rig->bo, 1, NULL);
}

TEST_F(fail, use_of_a_userptr)
{
	struct rig *rig = &self->rig;

	rig->memory = user_memory(_metadata, rig);
	if (mockgpu_bo_userptr(rig->driver.fd, rig->memory, 11 * rig->page, 0,
			       &rig->bo) == -EOPNOTSUPP)
		SKIP(return, "this kernel has no HMM (CONFIG_HMM_MIRROR)");
	make(_metadata, rig, &rig->other);
	walk(_metadata, rig, use_userptr);
	/* For each copy two locks, a mapping, pages, a page, a fence, a slot; a submission. */
	EXPECT_LE(20, rig->steps);
	EXPECT_EQ(0, mockgpu_wait_idle(rig->driver.fd));
	EXPECT_EQ(0, munmap(rig->memory, 11 * rig->page));
}

static int vgem_import(struct rig *rig)
{
	int vgem = exporter_vgem_open();
	uint32_t handle;
	int ret;

	if (vgem < 0)
		return vgem;
	ret = drmPrimeFDToHandle(vgem, rig->fd, &handle) ? -errno : 0;
	close(vgem);
	return ret;
}

TEST_F(fail, import_by_vgem)
{
	make(_metadata, &self->rig, &self->rig.bo);
	self->rig.fd = mockgpu_bo_export(&self->rig.bo);
	ASSERT_LE(0, self->rig.fd);
	if (vgem_import(&self->rig) == -ENOENT)
		SKIP(return, "this kernel has no vgem");
	walk(_metadata, &self->rig, vgem_import);
}

static int look(struct rig *rig)
{
	struct drm_mockgpu_page pages[11];
	int64_t ret;

	ret = mockgpu_bo_pages(&rig->bo, 0, ARRAY_SIZE(pages), pages);
	if (ret < 0)
		return ret;
	ret = mockgpu_bo_snapshot(&rig->bo);
	if (!ret)
		ret = mockgpu_bo_zap(&rig->bo);
	return ret;
}

TEST_F(fail, look)
{
	make(_metadata, &self->rig, &self->rig.bo);
	walk(_metadata, &self->rig, look);
	/* A lock and an allocation each, and a lock for the zap. */
	EXPECT_LE(5, self->rig.steps);
}

static int create_in_vram(struct rig *rig)
{
	const struct drm_mockgpu_bo_create want = {
		.size = 5 * rig->page,
		.kind = MOCKGPU_KIND_SPLIT,
		.placement = MOCKGPU_PLACEMENT_VRAM,
	};
	struct mockgpu_bo bo;
	int ret;

	ret = mockgpu_bo_make(rig->driver.fd, &want, &bo);
	mockgpu_bo_destroy(&bo);
	return ret;
}

TEST_F(fail, create_in_vram)
{
	walk(_metadata, &self->rig, create_in_vram);
	/* Object, move, handle. */
	EXPECT_LE(3, self->rig.steps);
}

static int damage(struct rig *rig)
{
	int ret;

	ret = mockgpu_bo_inject(&rig->bo, MOCKGPU_INJECT_REF_GET, 3);
	if (ret)
		return ret;
	ret = mockgpu_bo_inject(&rig->bo, MOCKGPU_INJECT_REF_PUT, 3);
	/* Once more, with no step failing. */
	if (ret)
		mockgpu_bo_inject(&rig->bo, MOCKGPU_INJECT_REF_PUT, 3);
	return ret;
}

TEST_F(fail, damage)
{
	make(_metadata, &self->rig, &self->rig.bo);
	ASSERT_EQ(0, mockgpu_bo_snapshot(&self->rig.bo));
	walk(_metadata, &self->rig, damage);
	EXPECT_LE(3, self->rig.steps);
}

TEST_F(fail, only_the_process_that_asked_is_meant)
{
	unsigned long left;
	char point[32];
	int status;
	pid_t child;

	ASSERT_EQ(0, mockgpu_fail_set(self->rig.driver.fd, 1));
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(create(&self->rig) ? 1 : 0);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	ASSERT_EQ(0, mockgpu_fail_get(self->rig.driver.fd, &left, point, sizeof(point)));
	EXPECT_EQ(1, left);
	EXPECT_STREQ("-", point);
	EXPECT_EQ(-ENOMEM, create(&self->rig));
	ASSERT_EQ(0, mockgpu_fail_get(self->rig.driver.fd, &left, point, sizeof(point)));
	EXPECT_EQ(0, left);
	EXPECT_STREQ("bo", point);
}

TEST_F(fail, what_is_no_number_is_refused)
{
	int file = mockgpu_debugfs_open(self->rig.driver.fd, "fail_nth", O_WRONLY);

	ASSERT_LE(0, file);
	EXPECT_EQ(-1, write(file, "first", 5));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, close(file));
}

static int attribute_set(int fd, const char *name, const char *value)
{
	int file = mockgpu_debugfs_open(fd, name, O_WRONLY);
	int ret = 0;

	if (file < 0)
		return file;
	if (write(file, value, strlen(value)) < 0)
		ret = -errno;
	close(file);
	return ret;
}

/* The next two allocations fail, then no more. */
TEST_F(fail, the_kernels_fault_attributes_work)
{
	int fd = self->rig.driver.fd;

	if (attribute_set(fd, "fail/verbose", "0") == -ENOENT)
		SKIP(return, "this kernel has no CONFIG_FAULT_INJECTION_DEBUG_FS");
	ASSERT_EQ(0, attribute_set(fd, "fail/times", "2"));
	ASSERT_EQ(0, attribute_set(fd, "fail/probability", "100"));
	EXPECT_EQ(-ENOMEM, create(&self->rig));
	EXPECT_EQ(-ENOMEM, create(&self->rig));
	EXPECT_EQ(0, create(&self->rig));
	EXPECT_EQ(0, attribute_set(fd, "fail/probability", "0"));
}

/* Two devices: import and use a buffer of the other. */
static int peer_use(struct rig *rig)
{
	struct mockgpu_bo import;
	int ret;

	ret = mockgpu_bo_import(rig->other.fd, rig->fd, &import);
	if (!ret)
		ret = mockgpu_bo_copy(&rig->other, 0, &import, 0, rig->bo.size);
	mockgpu_bo_destroy(&import);
	return ret;
}

FIXTURE(fail_load) {
	int unused;
};

FIXTURE_SETUP(fail_load)
{
	if (!module_file())
		SKIP(return, "MOCKGPU_MODULE does not name the module to load");
}

FIXTURE_TEARDOWN(fail_load)
{
	EXPECT_EQ(0, module_unload_wait());
}

static void test_peer(struct __test_metadata *_metadata, const char *parameters)
{
	struct rig rig = { .fd = -1 };
	int peer;

	ASSERT_EQ(0, module_reload(parameters));
	driver_setup(_metadata, &rig.driver);
	rig.page = rig.driver.page;
	peer = mockgpu_open_peer();
	ASSERT_LE(0, peer);
	make(_metadata, &rig, &rig.bo);
	rig.fd = mockgpu_bo_export(&rig.bo);
	ASSERT_LE(0, rig.fd);
	ASSERT_EQ(0, mockgpu_bo_create(peer, MOCKGPU_KIND_TTM, 0, 0, rig.bo.size,
				       &rig.other));
	walk(_metadata, &rig, peer_use);
	/* Object, tt, array, attachment; sg table, import; locks, vmaps, bounce. */
	EXPECT_LE(11, rig.steps);
	EXPECT_EQ(0, mockgpu_bo_destroy(&rig.other));
	EXPECT_EQ(0, mockgpu_bo_destroy(&rig.bo));
	EXPECT_EQ(0, close(rig.fd));
	EXPECT_EQ(0, close(peer));
	driver_teardown(_metadata, &rig.driver);
}

TEST_F(fail_load, a_peers_use)
{
	test_peer(_metadata, "devices=2");
	test_peer(_metadata, "devices=2 dynamic_import=0");
}

int main(int argc, char **argv)
{
	return driver_run(argc, argv);
}
