// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctl interface: what it does for good input and what it returns for bad input.
 * Mappings are in driver_map_test.c, pages in driver_page_test.c, /dev/mockgpu in
 * driver_node_test.c.
 */
#include <errno.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <xf86drm.h>

#include "kselftest_harness.h"

#include "driver.h"

#define KINDS MOCKGPU_KIND_COUNT
#define CACHINGS MOCKGPU_CACHING_COUNT

/* Plain ioctl(), returning -errno. drmIoctl() would retry after a signal. */
static int call(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) ? -errno : 0;
}

FIXTURE(ioctl) {
	struct driver driver;
	int fd;
};

FIXTURE_SETUP(ioctl)
{
	driver_setup(_metadata, &self->driver);
	self->fd = self->driver.fd;
}

FIXTURE_TEARDOWN(ioctl)
{
	driver_teardown(_metadata, &self->driver);
}

static void destroy(struct __test_metadata *_metadata, struct mockgpu_bo *bo)
{
	EXPECT_EQ(0, mockgpu_bo_destroy(bo));
}

/* A buffer of four pages of one kind. */
static void create(struct __test_metadata *_metadata, const struct driver *driver,
		   struct mockgpu_bo *bo)
{
	ASSERT_EQ(0, mockgpu_bo_create(driver->fd, MOCKGPU_KIND_NONCOMPOUND, 1,
				       MOCKGPU_CACHING_CACHED, 4 * driver->page, bo));
}

TEST_F(ioctl, driver_has_its_name)
{
	drmVersionPtr version = drmGetVersion(self->fd);

	ASSERT_NE(NULL, version);
	EXPECT_STREQ("mockgpu", version->name);
	EXPECT_EQ(1, version->version_major);
	drmFreeVersion(version);
}

TEST_F(ioctl, every_kind_order_and_caching_can_be_created)
{
	uint32_t kind, order, caching;

	for (kind = 0; kind < KINDS; kind++) {
		uint32_t last = kind == MOCKGPU_KIND_TTM ? 0 : MOCKGPU_MAX_ORDER;

		for (order = 0; order <= last; order++) {
			for (caching = 0; caching < CACHINGS; caching++) {
				struct drm_mockgpu_bo_query query;
				struct mockgpu_bo bo;
				uint64_t size = 3 * self->driver.page << order;

				ASSERT_EQ(0, mockgpu_bo_create(self->fd, kind, order, caching,
							       size, &bo));
				EXPECT_NE(0, bo.handle);
				EXPECT_EQ(0, mockgpu_bo_query(&bo, &query));
				EXPECT_EQ(size, query.size);
				EXPECT_EQ(kind, query.kind);
				EXPECT_EQ(order, query.order);
				EXPECT_EQ(caching, query.caching);
				EXPECT_EQ(0, query.faults);
				EXPECT_EQ(0, query.zaps);
				driver_expect_usage(_metadata, &self->driver, 1, 3 << order);
				destroy(_metadata, &bo);
			}
		}
	}
}

TEST_F(ioctl, a_part_of_a_block_is_charged_whole)
{
	struct mockgpu_bo bo;

	ASSERT_EQ(0, mockgpu_bo_create(self->fd, MOCKGPU_KIND_NONCOMPOUND, 5, 0,
				       33 * self->driver.page, &bo));
	driver_expect_usage(_metadata, &self->driver, 1, 64);
	destroy(_metadata, &bo);
}

static int create_sized(int fd, uint64_t size)
{
	struct drm_mockgpu_bo_create args = {
		.size = size,
		.kind = MOCKGPU_KIND_NONCOMPOUND,
	};

	return call(fd, DRM_IOCTL_MOCKGPU_BO_CREATE, &args);
}

TEST_F(ioctl, a_size_that_is_no_number_of_pages_is_invalid)
{
	const uint64_t page = self->driver.page;
	const uint64_t sizes[] = {
		0, 1, page - 1, page + 1, page / 2, (1ull << 63) + 1, ~0ull, ~0ull - page,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		EXPECT_EQ(-EINVAL, create_sized(self->fd, sizes[i]))
			TH_LOG("size %#llx", (unsigned long long)sizes[i]);
	}
}

TEST_F(ioctl, a_size_over_half_of_memory_is_too_big)
{
	const uint64_t page = self->driver.page;
	const uint64_t sizes[] = {
		(self->driver.before.pages_max + 1) * page, 1ull << 62, 1ull << 63,
		-page, ~(page - 1), 0x7fffffffull * page, 0x100000000ull * page,
		0x100000001ull * page,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		EXPECT_EQ(-E2BIG, create_sized(self->fd, sizes[i]))
			TH_LOG("size %#llx", (unsigned long long)sizes[i]);
	}
}

TEST_F(ioctl, all_buffers_together_stay_within_half_of_memory)
{
	const uint64_t chunk = 16384, max = self->driver.before.pages_max;
	struct mockgpu_usage usage = self->driver.before;
	uint64_t charge = chunk;
	struct mockgpu_bo bo[64];
	int count, ret = 0;

	if (max / chunk >= ARRAY_SIZE(bo))
		SKIP(return, "this machine has too much memory to fill it up");
	for (count = 0; count < (int)ARRAY_SIZE(bo); count++) {
		ret = mockgpu_bo_create(self->fd, MOCKGPU_KIND_NONCOMPOUND, 9, 0,
					chunk * self->driver.page, &bo[count]);
		if (ret)
			break;
		if (count)
			continue;
		EXPECT_EQ(0, mockgpu_usage_get(self->fd, &usage));
		charge = usage.charged - self->driver.before.charged;
	}
	EXPECT_EQ(-ENOMEM, ret);
	EXPECT_LT(chunk, charge);
	EXPECT_EQ((max - self->driver.before.charged) / charge, count);
	while (count--)
		destroy(_metadata, &bo[count]);
}

TEST_F(ioctl, a_kind_order_or_caching_beyond_range_is_invalid)
{
	static const struct {
		uint32_t kind, order, caching;
	} bad[] = {
		{ KINDS, 0, 0 }, { ~0u, 0, 0 }, { 0x80000000, 0, 0 },
		{ MOCKGPU_KIND_NONCOMPOUND, MOCKGPU_MAX_ORDER + 1, 0 },
		{ MOCKGPU_KIND_NONCOMPOUND, 64, 0 },
		{ MOCKGPU_KIND_NONCOMPOUND, ~0u, 0 },
		{ MOCKGPU_KIND_NONCOMPOUND, 0, CACHINGS },
		{ MOCKGPU_KIND_NONCOMPOUND, 0, ~0u },
		/* The pool chooses. */
		{ MOCKGPU_KIND_TTM, 1, 0 },
	};
	struct mockgpu_bo bo;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, mockgpu_bo_create(self->fd, bad[i].kind, bad[i].order,
						     bad[i].caching, self->driver.page, &bo))
			TH_LOG("kind %u order %u caching %u", bad[i].kind, bad[i].order,
			       bad[i].caching);
	}
}

union argument {
	uint32_t handle;
	struct drm_mockgpu_bo_create create;
	struct drm_mockgpu_bo_mmap_offset mmap_offset;
	struct drm_mockgpu_bo_query query;
	struct drm_mockgpu_bo_pages pages;
	struct drm_mockgpu_bo_zap zap;
	struct drm_mockgpu_bo_snapshot snapshot;
	struct drm_mockgpu_bo_compare compare;
	struct drm_mockgpu_bo_inject inject;
	struct drm_mockgpu_bo_move move;
	struct drm_mockgpu_bo_swapout swapout;
	struct drm_mockgpu_bo_pin pin;
	struct drm_mockgpu_bo_set_caching set_caching;
	struct drm_mockgpu_bo_revoke revoke;
	struct drm_mockgpu_bo_set_fault set_fault;
	struct drm_mockgpu_get_param get_param;
	unsigned char bytes[128];
};

/*
 * Every ioctl, with the fields that must be zero. Fields that the driver only writes may
 * hold anything.
 */
struct known_ioctl {
	const char *name;
	unsigned long request;
	int has_handle;
	union argument zero;
};

#define ONES ~0u

static const struct known_ioctl known[] = {
	{
		.name = "BO_CREATE",
		.request = DRM_IOCTL_MOCKGPU_BO_CREATE,
		.zero.create = {
			.flags = ~(MOCKGPU_BO_PAGE_MAPPING | MOCKGPU_BO_CPU_ACCESS |
				   MOCKGPU_BO_DISCARDABLE | MOCKGPU_BO_HUGE_PUD |
				   MOCKGPU_BO_CONTIGUOUS),
			.handle = ONES,
			.fault_arg = ONES,
			.reserved = { ONES, ONES },
		},
	}, {
		.name = "BO_MMAP_OFFSET",
		.request = DRM_IOCTL_MOCKGPU_BO_MMAP_OFFSET,
		.has_handle = 1,
		.zero.mmap_offset = { .flags = ONES, .offset = ~0ull },
	}, {
		.name = "BO_QUERY",
		.request = DRM_IOCTL_MOCKGPU_BO_QUERY,
		.has_handle = 1,
		.zero.query = { .flags = ONES },
	}, {
		.name = "BO_PAGES",
		.request = DRM_IOCTL_MOCKGPU_BO_PAGES,
		.has_handle = 1,
		.zero.pages = { .flags = ONES, .reserved = ~0ull },
	}, {
		.name = "BO_ZAP",
		.request = DRM_IOCTL_MOCKGPU_BO_ZAP,
		.has_handle = 1,
		.zero.zap = { .flags = ONES },
	}, {
		.name = "BO_SNAPSHOT",
		.request = DRM_IOCTL_MOCKGPU_BO_SNAPSHOT,
		.has_handle = 1,
		.zero.snapshot = { .flags = ONES },
	}, {
		.name = "BO_COMPARE",
		.request = DRM_IOCTL_MOCKGPU_BO_COMPARE,
		.has_handle = 1,
		.zero.compare = { .flags = ONES },
	}, {
		/* good_argument() passes REF_GET. */
		.name = "BO_INJECT",
		.request = DRM_IOCTL_MOCKGPU_BO_INJECT,
		.has_handle = 1,
		.zero.inject = { .flags = ONES, .other_handle = ONES, .other_page = ~0ull },
	}, {
		.name = "BO_MOVE",
		.request = DRM_IOCTL_MOCKGPU_BO_MOVE,
		.has_handle = 1,
		.zero.move = {
			.flags = ~(MOCKGPU_MOVE_NEW_PAGES | MOCKGPU_MOVE_INVISIBLE),
			.reserved = ONES,
		},
	}, {
		.name = "BO_SWAPOUT",
		.request = DRM_IOCTL_MOCKGPU_BO_SWAPOUT,
		.has_handle = 1,
		.zero.swapout = { .flags = ~MOCKGPU_SWAPOUT_BACKUP },
	}, {
		.name = "BO_PIN",
		.request = DRM_IOCTL_MOCKGPU_BO_PIN,
		.has_handle = 1,
		.zero.pin = { .op = ~MOCKGPU_UNPIN, .flags = ONES, .reserved = ONES },
	}, {
		.name = "BO_SET_CACHING",
		.request = DRM_IOCTL_MOCKGPU_BO_SET_CACHING,
		.has_handle = 1,
		.zero.set_caching = { .caching = ~3u, .flags = ONES, .reserved = ONES },
	}, {
		.name = "BO_REVOKE",
		.request = DRM_IOCTL_MOCKGPU_BO_REVOKE,
		.has_handle = 1,
		.zero.revoke = { .flags = ONES },
	}, {
		/* good_argument() passes SINGLE. */
		.name = "BO_SET_FAULT",
		.request = DRM_IOCTL_MOCKGPU_BO_SET_FAULT,
		.has_handle = 1,
		.zero.set_fault = { .mode = ~7u, .arg = ONES, .flags = ONES },
	}, {
		.name = "GET_PARAM",
		.request = DRM_IOCTL_MOCKGPU_GET_PARAM,
		.zero.get_param = {
			.param = ~15u,
			.flags = ONES,
			.value = ~0ull,
			.reserved = ~0ull,
		},
	},
};

static struct drm_mockgpu_page page_buffer[4];

/* All except BO_CREATE and GET_PARAM start with the handle. */
static void good_argument(const struct known_ioctl *ioctl, uint32_t handle, size_t page,
			  union argument *arg)
{
	memset(arg, 0, sizeof(*arg));
	if (ioctl->has_handle)
		arg->handle = handle;
	if (ioctl->request == DRM_IOCTL_MOCKGPU_BO_CREATE)
		arg->create.size = page;
	if (ioctl->request == DRM_IOCTL_MOCKGPU_BO_PAGES) {
		arg->pages.count = ARRAY_SIZE(page_buffer);
		arg->pages.ptr = (uintptr_t)page_buffer;
	}
}

/* A valid call as user @uid, on a buffer of its own: some calls take its pages away. */
static void expect_result(struct __test_metadata *_metadata, const struct driver *driver,
			  const struct known_ioctl *ioctl, uid_t uid, int wanted)
{
	struct mockgpu_bo bo, made = { .fd = driver->fd };
	union argument arg;

	create(_metadata, driver, &bo);
	ASSERT_EQ(0, mockgpu_bo_snapshot(&bo));
	good_argument(ioctl, bo.handle, driver->page, &arg);
	/* seteuid() away from 0 clears the effective capabilities. */
	ASSERT_EQ(0, seteuid(uid));
	EXPECT_EQ(wanted, call(driver->fd, ioctl->request, &arg))
		TH_LOG("%s", ioctl->name);
	ASSERT_EQ(0, seteuid(0));
	if (ioctl->request == DRM_IOCTL_MOCKGPU_BO_CREATE)
		made.handle = arg.create.handle;
	EXPECT_NE(bo.handle, made.handle);
	destroy(_metadata, &made);
	destroy(_metadata, &bo);
}

TEST_F(ioctl, every_ioctl_takes_a_good_argument)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		expect_result(_metadata, &self->driver, &known[i], 0, 0);
}

static void expect_bits_invalid(struct __test_metadata *_metadata, int fd,
				const struct known_ioctl *ioctl, const union argument *good)
{
	union argument arg;
	unsigned int bit;

	for (bit = 0; bit < 8 * sizeof(arg); bit++) {
		if (!(ioctl->zero.bytes[bit / 8] & 1 << bit % 8))
			continue;
		arg = *good;
		arg.bytes[bit / 8] |= 1 << bit % 8;
		EXPECT_EQ(-EINVAL, call(fd, ioctl->request, &arg)) {
			TH_LOG("%s: bit %u of byte %u", ioctl->name, bit % 8, bit / 8);
		}
	}
}

TEST_F(ioctl, every_reserved_bit_and_unknown_flag_is_invalid)
{
	struct mockgpu_bo bo;
	union argument good;
	size_t i;

	create(_metadata, &self->driver, &bo);
	ASSERT_EQ(0, mockgpu_bo_snapshot(&bo));
	for (i = 0; i < ARRAY_SIZE(known); i++) {
		good_argument(&known[i], bo.handle, self->driver.page, &good);
		expect_bits_invalid(_metadata, self->fd, &known[i], &good);
	}
	destroy(_metadata, &bo);
}

TEST_F(ioctl, a_null_pointer_is_a_fault)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++) {
		EXPECT_EQ(-EFAULT, call(self->fd, known[i].request, NULL))
			TH_LOG("%s", known[i].name);
		EXPECT_EQ(-EFAULT, call(self->fd, known[i].request, (void *)-64ul))
			TH_LOG("%s", known[i].name);
	}
}

static void expect_no_handle(struct __test_metadata *_metadata, int fd, uint32_t handle,
			     size_t page)
{
	union argument arg;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++) {
		if (!known[i].has_handle)
			continue;
		good_argument(&known[i], handle, page, &arg);
		EXPECT_EQ(-ENOENT, call(fd, known[i].request, &arg))
			TH_LOG("%s of handle %#x", known[i].name, handle);
	}
}

TEST_F(ioctl, a_handle_that_never_was_is_not_found)
{
	static const uint32_t handles[] = { 0, 0x7fffffff, 0x80000000, ~0u };
	struct mockgpu_bo bo;
	size_t i;

	create(_metadata, &self->driver, &bo);
	for (i = 0; i < ARRAY_SIZE(handles); i++)
		expect_no_handle(_metadata, self->fd, handles[i], self->driver.page);
	expect_no_handle(_metadata, self->fd, bo.handle + 1, self->driver.page);
	destroy(_metadata, &bo);
}

TEST_F(ioctl, a_closed_handle_is_not_found)
{
	struct mockgpu_bo bo;
	uint32_t handle;

	create(_metadata, &self->driver, &bo);
	handle = bo.handle;
	destroy(_metadata, &bo);
	expect_no_handle(_metadata, self->fd, handle, self->driver.page);
	/* The DRM core itself answers when it is closed again. */
	EXPECT_NE(0, drmCloseBufferHandle(self->fd, handle));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(ioctl, a_client_has_no_handle_of_another)
{
	int other = mockgpu_open(NULL, 0);
	struct mockgpu_bo bo, second;

	ASSERT_LE(0, other);
	create(_metadata, &self->driver, &bo);
	create(_metadata, &self->driver, &second);
	expect_no_handle(_metadata, other, bo.handle, self->driver.page);
	expect_no_handle(_metadata, other, second.handle, self->driver.page);
	destroy(_metadata, &second);
	destroy(_metadata, &bo);
	EXPECT_EQ(0, close(other));
}

TEST_F(ioctl, a_client_cannot_map_the_buffer_of_another)
{
	int other = mockgpu_open(NULL, 0);
	struct mockgpu_bo bo;
	uint64_t offset;

	ASSERT_LE(0, other);
	create(_metadata, &self->driver, &bo);
	ASSERT_EQ(0, mockgpu_bo_offset(&bo, &offset));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, bo.size, PROT_READ, MAP_SHARED, other, offset));
	EXPECT_EQ(EACCES, errno);
	destroy(_metadata, &bo);
	EXPECT_EQ(0, close(other));
}

TEST_F(ioctl, two_clients_have_handles_of_their_own)
{
	int other = mockgpu_open(NULL, 0);
	struct mockgpu_bo mine, theirs;
	struct drm_mockgpu_bo_query query;

	ASSERT_LE(0, other);
	ASSERT_EQ(0, mockgpu_bo_create(self->fd, MOCKGPU_KIND_SPLIT, 0, 0,
				       self->driver.page, &mine));
	ASSERT_EQ(0, mockgpu_bo_create(other, MOCKGPU_KIND_COMPOUND, 2, 0,
				       8 * self->driver.page, &theirs));
	EXPECT_EQ(mine.handle, theirs.handle);
	EXPECT_EQ(0, mockgpu_bo_query(&mine, &query));
	EXPECT_EQ(MOCKGPU_KIND_SPLIT, query.kind);
	EXPECT_EQ(0, mockgpu_bo_query(&theirs, &query));
	EXPECT_EQ(MOCKGPU_KIND_COMPOUND, query.kind);
	destroy(_metadata, &mine);
	EXPECT_EQ(0, mockgpu_bo_query(&theirs, &query));
	destroy(_metadata, &theirs);
	EXPECT_EQ(0, close(other));
}

TEST_F(ioctl, closing_the_file_frees_its_buffers)
{
	int other = mockgpu_open(NULL, 0);
	struct mockgpu_bo bo;
	int i;

	ASSERT_LE(0, other);
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(0, mockgpu_bo_create(other, MOCKGPU_KIND_COMPOUND, 3, 0,
					       8 * self->driver.page, &bo));
	}
	driver_expect_usage(_metadata, &self->driver, 10, 80);
	EXPECT_EQ(0, close(other));
	driver_expect_usage(_metadata, &self->driver, 0, 0);
}

TEST_F(ioctl, killing_the_process_frees_its_buffers)
{
	pid_t child = fork();
	int status;

	ASSERT_LE(0, child);
	if (!child) {
		int fd = mockgpu_open(NULL, 0);
		struct mockgpu_bo bo;

		if (mockgpu_bo_create(fd, MOCKGPU_KIND_NONCOMPOUND, 4, 0,
				      16 * self->driver.page, &bo) ||
		    mockgpu_bo_map(&bo, NULL))
			_exit(1);
		memset(bo.map, 1, bo.size);
		raise(SIGKILL);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(SIGKILL, WTERMSIG(status));
}

TEST_F(ioctl, an_unknown_ioctl_is_refused)
{
	union argument arg = {};
	unsigned int nr;

	for (nr = DRM_MOCKGPU_GET_PARAM + 1; nr < DRM_COMMAND_END - DRM_COMMAND_BASE; nr++) {
		if (nr == DRM_MOCKGPU_BO_COPY || nr == DRM_MOCKGPU_SUBMIT ||
		    nr == DRM_MOCKGPU_BO_USERPTR)
			continue;
		EXPECT_EQ(-ENOTTY, call(self->fd, DRM_IOWR(DRM_COMMAND_BASE + nr, union argument),
					&arg))
			TH_LOG("driver ioctl %#x", nr);
	}
	EXPECT_EQ(-ENOTTY, call(self->fd, _IO('k', 0), &arg));
	EXPECT_EQ(-ENOTTY, call(self->fd, _IOWR(0, 0, union argument), &arg));
	EXPECT_EQ(-ENOTTY, call(self->fd, 0, &arg));
}

TEST_F(ioctl, a_shorter_argument_counts_as_filled_up_with_zeros)
{
	struct {
		uint64_t size;
		uint32_t kind, order, caching, flags, handle, pad;
	} args = { .size = self->driver.page, .kind = MOCKGPU_KIND_SPLIT };
	struct mockgpu_bo bo = { .fd = self->fd };

	ASSERT_EQ(0, call(self->fd, DRM_IOWR(DRM_COMMAND_BASE + DRM_MOCKGPU_BO_CREATE,
					     typeof(args)), &args));
	EXPECT_NE(0, args.handle);
	bo.handle = args.handle;
	destroy(_metadata, &bo);
}

static uint64_t param(struct __test_metadata *_metadata, int fd, uint32_t which)
{
	uint64_t value = ~0ull;

	EXPECT_EQ(0, mockgpu_get_param(fd, which, &value))
		TH_LOG("parameter %u", which);
	return value;
}

TEST_F(ioctl, the_parameters_give_the_sizes_that_hold)
{
	const uint64_t page = self->driver.page;
	uint64_t most = param(_metadata, self->fd, MOCKGPU_PARAM_SIZE_MAX);
	uint64_t order = param(_metadata, self->fd, MOCKGPU_PARAM_ORDER_MAX);
	struct mockgpu_bo bo;
	uint64_t value;

	EXPECT_EQ(self->driver.before.pages_max * page, most);
	EXPECT_EQ(-E2BIG, create_sized(self->fd, most + page));
	/* Too much with the metadata, though not too big by itself. */
	EXPECT_EQ(-ENOMEM, create_sized(self->fd, most));
	EXPECT_EQ(self->driver.before.vram_max * page,
		  param(_metadata, self->fd, MOCKGPU_PARAM_VRAM_SIZE));
	ASSERT_EQ(0, mockgpu_bo_create(self->fd, MOCKGPU_KIND_NONCOMPOUND, order, 0, page, &bo));
	destroy(_metadata, &bo);
	EXPECT_EQ(-EINVAL, mockgpu_bo_create(self->fd, MOCKGPU_KIND_NONCOMPOUND, order + 1, 0,
					     page, &bo));
	EXPECT_EQ(-EINVAL, mockgpu_get_param(self->fd, MOCKGPU_PARAM_COUNT, &value));
	EXPECT_EQ(-EINVAL, mockgpu_get_param(self->fd, ~0u, &value));
}

TEST_F(ioctl, the_parameters_give_the_kinds_and_memory_types_that_can_be_created)
{
	uint64_t kinds = param(_metadata, self->fd, MOCKGPU_PARAM_KINDS);
	uint64_t cachings = param(_metadata, self->fd, MOCKGPU_PARAM_CACHINGS);
	struct mockgpu_bo bo;
	uint32_t i;

	EXPECT_NE(0, kinds);
	EXPECT_NE(0, cachings);
	for (i = 0; i < 64; i++) {
		EXPECT_EQ(kinds >> i & 1 ? 0 : -EINVAL,
			  mockgpu_bo_create(self->fd, i, 0, 0, self->driver.page, &bo))
			TH_LOG("kind %u", i);
		destroy(_metadata, &bo);
		EXPECT_EQ(cachings >> i & 1 ? 0 : -EINVAL,
			  mockgpu_bo_create(self->fd, 0, 0, i, self->driver.page, &bo))
			TH_LOG("caching %u", i);
		destroy(_metadata, &bo);
	}
}

/* What a device or a kernel lacks is reported differently from what does not exist. */
static int lacking(uint32_t what, uint32_t count)
{
	return what < count ? -EOPNOTSUPP : -EINVAL;
}

TEST_F(ioctl, the_parameters_give_the_placements_and_fault_modes_that_are_there)
{
	uint64_t places = param(_metadata, self->fd, MOCKGPU_PARAM_PLACEMENTS);
	uint64_t modes = param(_metadata, self->fd, MOCKGPU_PARAM_FAULT_MODES);
	struct drm_mockgpu_bo_query query;
	struct mockgpu_bo bo;
	uint32_t i, arg;

	EXPECT_NE(0, places);
	EXPECT_NE(0, modes);
	create(_metadata, &self->driver, &bo);
	for (i = 0; i < 64; i++) {
		EXPECT_EQ(places >> i & 1 ? 0 : lacking(i, MOCKGPU_PLACEMENT_COUNT),
			  mockgpu_bo_move(&bo, i, 0))
			TH_LOG("placement %u", i);
		if (i == MOCKGPU_PLACEMENT_VRAM && !mockgpu_bo_query(&bo, &query) &&
		    query.placement == i)
			EXPECT_EQ(query.entry_caching,
				  param(_metadata, self->fd, MOCKGPU_PARAM_VRAM_CACHING));
		arg = i >= MOCKGPU_FAULT_SLOW;
		EXPECT_EQ(modes >> i & 1 ? 0 : lacking(i, MOCKGPU_FAULT_COUNT),
			  mockgpu_bo_set_fault(&bo, i, arg))
			TH_LOG("fault mode %u", i);
	}
	destroy(_metadata, &bo);
}

TEST_F(ioctl, looking_at_pages_needs_cap_sys_admin)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++) {
		unsigned int nr = (known[i].request & 0xff) - DRM_COMMAND_BASE;
		int privileged = nr == DRM_MOCKGPU_BO_PAGES || nr == DRM_MOCKGPU_BO_SNAPSHOT ||
				 nr == DRM_MOCKGPU_BO_COMPARE || nr == DRM_MOCKGPU_BO_INJECT;

		expect_result(_metadata, &self->driver, &known[i], 65534,
			      privileged ? -EPERM : 0);
	}
}

int main(int argc, char **argv)
{
	return driver_run(argc, argv);
}
