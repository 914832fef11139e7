// SPDX-License-Identifier: GPL-2.0-only
/*
 * An ordinary GBM client on a render node of mockgpu, built twice: gbm_test uses our own
 * libgbm.so.1, gbm_mesa_test (GBM_TEST_MESA) Mesa's, which must find mockgpu_gbm.so. Both must
 * behave the same.
 */

#include <dlfcn.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <drm_fourcc.h>
#include <gbm.h>

#include "kselftest_harness.h"

#include "driver.h"
#include "exporter.h"
#include "pattern.h"

#define WIDTH 200
#define HEIGHT 100
#define FORMAT GBM_FORMAT_XRGB8888
#define BUFFERS 4
#define TILED fourcc_mod_code(AMD, 1)

/* The call must return NULL with this errno. */
#define EXPECT_FAILS(err, call) do {			\
	errno = 0;					\
	EXPECT_EQ(NULL, call);				\
	EXPECT_EQ(err, errno);				\
} while (0)

FIXTURE(gbm) {
	struct driver driver;
	struct gbm_device *gbm;
};

FIXTURE_SETUP(gbm)
{
	driver_setup(_metadata, &self->driver);
	self->gbm = gbm_create_device(self->driver.fd);
	ASSERT_NE(NULL, self->gbm);
}

FIXTURE_TEARDOWN(gbm)
{
	gbm_device_destroy(self->gbm);
	driver_teardown(_metadata, &self->driver);
}

/* A buffer as most tests need it. */
static struct gbm_bo *make(struct __test_metadata *_metadata, struct gbm_device *gbm)
{
	struct gbm_bo *bo = gbm_bo_create(gbm, WIDTH, HEIGHT, FORMAT, GBM_BO_USE_LINEAR);

	ASSERT_NE(NULL, bo);
	return bo;
}

static int export(struct __test_metadata *_metadata, struct gbm_bo *bo)
{
	int fd = gbm_bo_get_fd(bo);

	ASSERT_LE(0, fd);
	return fd;
}

/* Get the size of a buffer from its dma-buf. */
static size_t size_of(struct __test_metadata *_metadata, int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);

	ASSERT_LT(0, size);
	return size;
}

static void *map_fd(struct __test_metadata *_metadata, int fd)
{
	void *map = mmap(NULL, size_of(_metadata, fd), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	ASSERT_NE(MAP_FAILED, map);
	return map;
}

static ino_t inode(struct __test_metadata *_metadata, int fd)
{
	struct stat st = {};

	EXPECT_EQ(0, fstat(fd, &st));
	return st.st_ino;
}

TEST_F(gbm, is_the_library_this_program_is_about)
{
	Dl_info info;

	ASSERT_NE(0, dladdr(gbm_create_device, &info));
	TH_LOG("libgbm is %s", info.dli_fname);
#ifdef GBM_TEST_MESA
	EXPECT_EQ(NULL, dlsym(RTLD_DEFAULT, "minigbm_create_default_device"));
#else
	EXPECT_NE(NULL, dlsym(RTLD_DEFAULT, "minigbm_create_default_device"));
#endif
	EXPECT_STREQ("mockgpu", gbm_device_get_backend_name(self->gbm));
	EXPECT_EQ(self->driver.fd, gbm_device_get_fd(self->gbm));
}

TEST_F(gbm, refuses_what_is_no_render_node)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	ASSERT_LE(0, fd);
	EXPECT_FAILS(EINVAL, gbm_create_device(-1));
	EXPECT_FAILS(EINVAL, gbm_create_device(self->driver.kmsg + 1000));
	EXPECT_EQ(NULL, gbm_create_device(fd));
	EXPECT_EQ(0, close(fd));
}

TEST_F(gbm, tells_what_it_supports)
{
	EXPECT_EQ(1, gbm_device_is_format_supported(self->gbm, FORMAT, GBM_BO_USE_LINEAR));
	EXPECT_EQ(1, gbm_device_is_format_supported(self->gbm, GBM_BO_FORMAT_ARGB8888, 0));
	EXPECT_EQ(1, gbm_device_is_format_supported(self->gbm, GBM_FORMAT_NV12,
						    GBM_BO_USE_RENDERING | GBM_BO_USE_SCANOUT));
	EXPECT_EQ(0, gbm_device_is_format_supported(self->gbm, GBM_FORMAT_C8, 0));
	EXPECT_EQ(0, gbm_device_is_format_supported(self->gbm, FORMAT,
						    GBM_BO_USE_RENDERING | GBM_BO_USE_CURSOR));
	EXPECT_EQ(0, gbm_device_is_format_supported(self->gbm, FORMAT, 1u << 31));
	EXPECT_EQ(1, gbm_device_get_format_modifier_plane_count(self->gbm, FORMAT,
								DRM_FORMAT_MOD_LINEAR));
	EXPECT_EQ(2, gbm_device_get_format_modifier_plane_count(self->gbm, GBM_FORMAT_NV12,
								DRM_FORMAT_MOD_LINEAR));
	EXPECT_EQ(-1, gbm_device_get_format_modifier_plane_count(self->gbm, FORMAT, TILED));
}

/* Planes must follow one another, be large enough and lie in the buffer. */
static void expect_layout(struct __test_metadata *_metadata, struct gbm_bo *bo, int planes,
			  const unsigned int *rows, const unsigned int *row)
{
	int fd = export(_metadata, bo);
	size_t size = size_of(_metadata, fd);
	size_t end = 0;
	int i;

	ASSERT_EQ(planes, gbm_bo_get_plane_count(bo));
	EXPECT_EQ(0, size % getpagesize());
	for (i = 0; i < planes; i++) {
		size_t stride = gbm_bo_get_stride_for_plane(bo, i);

		EXPECT_EQ(0, stride % 256);
		EXPECT_LE(row[i], stride);
		EXPECT_LE(end, gbm_bo_get_offset(bo, i));
		end = gbm_bo_get_offset(bo, i) + stride * rows[i];
	}
	EXPECT_LE(end, size);
	EXPECT_GT(end + getpagesize(), size);
	EXPECT_EQ(0, close(fd));
}

TEST_F(gbm, lays_out_one_plane)
{
	const unsigned int rows[] = { HEIGHT }, row[] = { WIDTH * 4 };
	struct gbm_format_name_desc name;
	struct gbm_bo *bo = make(_metadata, self->gbm);

	EXPECT_EQ(WIDTH, gbm_bo_get_width(bo));
	EXPECT_EQ(HEIGHT, gbm_bo_get_height(bo));
	EXPECT_EQ(FORMAT, gbm_bo_get_format(bo));
	EXPECT_EQ(32, gbm_bo_get_bpp(bo));
	EXPECT_STREQ("XR24", gbm_format_get_name(gbm_bo_get_format(bo), &name));
	EXPECT_EQ(DRM_FORMAT_MOD_LINEAR, gbm_bo_get_modifier(bo));
	EXPECT_EQ(self->gbm, gbm_bo_get_device(bo));
	EXPECT_EQ(gbm_bo_get_stride(bo), gbm_bo_get_stride_for_plane(bo, 0));
	EXPECT_NE(0, gbm_bo_get_handle(bo).u32);
	EXPECT_EQ(gbm_bo_get_handle(bo).u32, gbm_bo_get_handle_for_plane(bo, 0).u32);
	expect_layout(_metadata, bo, 1, rows, row);
	gbm_bo_destroy(bo);
}

/* Odd extents: subsampled planes are rounded up. */
TEST_F(gbm, lays_out_three_planes)
{
	const unsigned int rows[] = { 99, 50, 50 }, row[] = { 199, 100, 100 };
	struct gbm_bo *bo = gbm_bo_create(self->gbm, 199, 99, GBM_FORMAT_YVU420, 0);
	int i;

	ASSERT_NE(NULL, bo);
	expect_layout(_metadata, bo, 3, rows, row);
	for (i = 0; i < 3; i++) {
		int fd = gbm_bo_get_fd_for_plane(bo, i);

		EXPECT_EQ(gbm_bo_get_handle(bo).u32, gbm_bo_get_handle_for_plane(bo, i).u32);
		EXPECT_LE(0, fd);
		EXPECT_EQ(0, close(fd));
	}
	gbm_bo_destroy(bo);
}

TEST_F(gbm, lays_out_two_planes)
{
	const unsigned int rows[] = { HEIGHT, HEIGHT / 2 }, row[] = { WIDTH, WIDTH };
	struct gbm_bo *bo = gbm_bo_create(self->gbm, WIDTH, HEIGHT, GBM_FORMAT_NV12, 0);

	ASSERT_NE(NULL, bo);
	expect_layout(_metadata, bo, 2, rows, row);
	gbm_bo_destroy(bo);
}

TEST_F(gbm, has_no_other_planes)
{
	struct gbm_bo *bo = make(_metadata, self->gbm);

	EXPECT_EQ(-1, gbm_bo_get_handle_for_plane(bo, 1).s32);
	EXPECT_EQ(-1, gbm_bo_get_fd_for_plane(bo, 1));
	EXPECT_EQ(-1, gbm_bo_get_fd_for_plane(bo, -1));
	EXPECT_EQ(0, gbm_bo_get_stride_for_plane(bo, 1));
	gbm_bo_destroy(bo);
}

TEST_F(gbm, refuses_impossible_buffers)
{
	const uint64_t tiled[] = { TILED };
	const uint64_t both[] = { TILED, DRM_FORMAT_MOD_LINEAR };
	struct gbm_bo *bo;

	EXPECT_FAILS(EINVAL, gbm_bo_create(self->gbm, 0, HEIGHT, FORMAT, 0));
	EXPECT_FAILS(EINVAL, gbm_bo_create(self->gbm, WIDTH, 0, FORMAT, 0));
	EXPECT_FAILS(EINVAL, gbm_bo_create(self->gbm, 16385, HEIGHT, FORMAT, 0));
	EXPECT_FAILS(EINVAL, gbm_bo_create(self->gbm, UINT_MAX, UINT_MAX, FORMAT, 0));
	EXPECT_FAILS(EINVAL, gbm_bo_create(self->gbm, WIDTH, HEIGHT, GBM_FORMAT_C8, 0));
	EXPECT_FAILS(EINVAL, gbm_bo_create(self->gbm, WIDTH, HEIGHT, FORMAT, 1u << 31));
	EXPECT_FAILS(EINVAL, gbm_bo_create_with_modifiers(self->gbm, WIDTH, HEIGHT, FORMAT,
							  tiled, 1));
	EXPECT_FAILS(EINVAL, gbm_bo_create_with_modifiers(self->gbm, WIDTH, HEIGHT, FORMAT,
							  NULL, 1));
	EXPECT_FAILS(EINVAL, gbm_bo_create_with_modifiers(self->gbm, WIDTH, HEIGHT, FORMAT,
							  tiled, 0));
	bo = gbm_bo_create_with_modifiers2(self->gbm, WIDTH, HEIGHT, FORMAT, both, 2,
					   GBM_BO_USE_RENDERING);
	ASSERT_NE(NULL, bo);
	EXPECT_EQ(DRM_FORMAT_MOD_LINEAR, gbm_bo_get_modifier(bo));
	gbm_bo_destroy(bo);
}

/* Let each step of the driver fail once. */
TEST_F(gbm, passes_on_what_the_driver_says)
{
	struct gbm_bo *bo = NULL;
	unsigned long nth, left = 0;
	char point[32];

	for (nth = 1; !bo; nth++) {
		ASSERT_EQ(0, mockgpu_fail_set(self->driver.fd, nth));
		errno = 0;
		bo = gbm_bo_create(self->gbm, WIDTH, HEIGHT, FORMAT, 0);
		if (!bo)
			EXPECT_EQ(ENOMEM, errno);
	}
	EXPECT_EQ(0, mockgpu_fail_get(self->driver.fd, &left, point, sizeof(point)));
	EXPECT_EQ(0, mockgpu_fail_set(self->driver.fd, 0));
	EXPECT_LT(2, nth);
	gbm_bo_destroy(bo);
}

TEST_F(gbm, exports_a_buffer)
{
	struct gbm_bo *bo = make(_metadata, self->gbm);
	int first = export(_metadata, bo), second = export(_metadata, bo);
	size_t size = size_of(_metadata, first);
	char *map;

	EXPECT_NE(first, second);
	EXPECT_EQ(inode(_metadata, first), inode(_metadata, second));
	EXPECT_EQ(O_RDWR, fcntl(first, F_GETFL) & O_ACCMODE);
	EXPECT_EQ(FD_CLOEXEC, fcntl(first, F_GETFD));
	map = map_fd(_metadata, first);
	EXPECT_TRUE(pattern_is_zero(map, size));
	pattern_fill(map, size, 1);
	/* The dma-buf outlives the object. */
	gbm_bo_destroy(bo);
	EXPECT_EQ(0, close(first));
	EXPECT_EQ(0, munmap(map, size));
	map = map_fd(_metadata, second);
	EXPECT_EQ(0, pattern_differences(map, size, 1));
	EXPECT_EQ(0, munmap(map, size));
	EXPECT_EQ(0, close(second));
}

TEST_F(gbm, maps_a_part)
{
	struct gbm_bo *bo = make(_metadata, self->gbm);
	int fd = export(_metadata, bo);
	uint32_t *all = map_fd(_metadata, fd), *part;
	size_t row = gbm_bo_get_stride(bo) / 4, i, others = 0;
	void *data = NULL;
	uint32_t stride = 0;

	part = gbm_bo_map(bo, 10, 20, 2, 3, GBM_BO_TRANSFER_WRITE, &stride, &data);
	ASSERT_NE(NULL, part);
	EXPECT_EQ(gbm_bo_get_stride(bo), stride);
	part[0] = 0x11111111;
	part[2 * stride / 4 + 1] = 0x22222222;
	gbm_bo_unmap(bo, data);
	EXPECT_EQ(0x11111111, all[20 * row + 10]);
	EXPECT_EQ(0x22222222, all[22 * row + 11]);
	for (i = 0; i < size_of(_metadata, fd) / 4; i++)
		others += all[i] != 0;
	EXPECT_EQ(2, others);
	EXPECT_EQ(0, munmap(all, size_of(_metadata, fd)));
	EXPECT_EQ(0, close(fd));
	gbm_bo_destroy(bo);
}

TEST_F(gbm, maps_more_than_once)
{
	struct gbm_bo *bo = make(_metadata, self->gbm);
	void *write_data = NULL, *read_data = NULL;
	uint32_t *writer, *reader;
	uint32_t stride;

	writer = gbm_bo_map(bo, 0, 0, WIDTH, HEIGHT, GBM_BO_TRANSFER_READ_WRITE, &stride,
			    &write_data);
	ASSERT_NE(NULL, writer);
	reader = gbm_bo_map(bo, 1, 0, 1, 1, GBM_BO_TRANSFER_READ, &stride, &read_data);
	ASSERT_NE(NULL, reader);
	writer[1] = 3;
	EXPECT_EQ(3, *reader);
	gbm_bo_unmap(bo, write_data);
	EXPECT_EQ(3, *reader);
	gbm_bo_unmap(bo, read_data);
	gbm_bo_destroy(bo);
}

TEST_F(gbm, refuses_impossible_mappings)
{
	struct gbm_bo *bo = make(_metadata, self->gbm);
	void *data = NULL;
	uint32_t stride;

	EXPECT_FAILS(EINVAL, gbm_bo_map(bo, 0, 0, 0, 1, GBM_BO_TRANSFER_READ, &stride, &data));
	EXPECT_FAILS(EINVAL, gbm_bo_map(bo, 0, 0, 1, 0, GBM_BO_TRANSFER_READ, &stride, &data));
	EXPECT_FAILS(EINVAL, gbm_bo_map(bo, 1, 0, WIDTH, 1, GBM_BO_TRANSFER_READ, &stride, &data));
	EXPECT_FAILS(EINVAL, gbm_bo_map(bo, 0, 1, 1, HEIGHT, GBM_BO_TRANSFER_READ, &stride, &data));
	EXPECT_FAILS(EINVAL, gbm_bo_map(bo, UINT_MAX, 0, 1, 1, GBM_BO_TRANSFER_READ, &stride,
					&data));
	EXPECT_FAILS(EINVAL, gbm_bo_map(bo, 0, 0, 1, 1, 0, &stride, &data));
	EXPECT_FAILS(EINVAL, gbm_bo_map(bo, 0, 0, 1, 1, 4, &stride, &data));
	EXPECT_FAILS(EINVAL, gbm_bo_map(bo, 0, 0, 1, 1, GBM_BO_TRANSFER_READ, NULL, &data));
	EXPECT_FAILS(EINVAL, gbm_bo_map(bo, 0, 0, 1, 1, GBM_BO_TRANSFER_READ, &stride, NULL));
	EXPECT_EQ(NULL, data);
	gbm_bo_destroy(bo);
}

static struct gbm_import_fd_modifier_data describe(struct gbm_bo *bo, int fd)
{
	struct gbm_import_fd_modifier_data data = {
		.width = gbm_bo_get_width(bo),
		.height = gbm_bo_get_height(bo),
		.format = gbm_bo_get_format(bo),
		.num_fds = gbm_bo_get_plane_count(bo),
		.modifier = gbm_bo_get_modifier(bo),
	};
	uint32_t i;

	for (i = 0; i < data.num_fds; i++) {
		data.fds[i] = fd;
		data.strides[i] = gbm_bo_get_stride_for_plane(bo, i);
		data.offsets[i] = gbm_bo_get_offset(bo, i);
	}
	return data;
}

static struct gbm_bo *import(struct gbm_device *gbm,
			     const struct gbm_import_fd_modifier_data *data)
{
	struct gbm_import_fd_modifier_data copy = *data;

	return gbm_bo_import(gbm, GBM_BO_IMPORT_FD_MODIFIER, &copy, 0);
}

static uint32_t first_pixel(struct __test_metadata *_metadata, struct gbm_bo *bo,
			    uint32_t *store)
{
	uint32_t flags = store ? GBM_BO_TRANSFER_WRITE : GBM_BO_TRANSFER_READ;
	void *data = NULL;
	uint32_t stride, seen;
	uint32_t *pixel = gbm_bo_map(bo, 0, 0, 1, 1, flags, &stride, &data);

	ASSERT_NE(NULL, pixel);
	if (store)
		*pixel = *store;
	seen = *pixel;
	gbm_bo_unmap(bo, data);
	return seen;
}

/* Both have the same handle: destroying one must not close it for the other. */
TEST_F(gbm, imports_what_it_exported)
{
	struct gbm_bo *bo = make(_metadata, self->gbm), *again;
	int fd = export(_metadata, bo);
	struct gbm_import_fd_data data = {
		.fd = fd,
		.width = WIDTH,
		.height = HEIGHT,
		.stride = gbm_bo_get_stride(bo),
		.format = FORMAT,
	};
	uint32_t value = 0x33333333;

	again = gbm_bo_import(self->gbm, GBM_BO_IMPORT_FD, &data, GBM_BO_USE_RENDERING);
	ASSERT_NE(NULL, again);
	EXPECT_EQ(gbm_bo_get_handle(bo).u32, gbm_bo_get_handle(again).u32);
	EXPECT_EQ(gbm_bo_get_stride(bo), gbm_bo_get_stride(again));
	first_pixel(_metadata, bo, &value);
	gbm_bo_destroy(bo);
	EXPECT_EQ(value, first_pixel(_metadata, again, NULL));
	EXPECT_EQ(0, close(fd));
	fd = export(_metadata, again);
	EXPECT_EQ(0, close(fd));
	gbm_bo_destroy(again);
}

TEST_F(gbm, imports_on_another_file)
{
	struct gbm_bo *bo = gbm_bo_create(self->gbm, WIDTH, HEIGHT, GBM_FORMAT_NV12, 0);
	int other_file = mockgpu_open(NULL, 0);
	struct gbm_device *other = gbm_create_device(other_file);
	struct gbm_import_fd_modifier_data data;
	struct gbm_bo *copy;
	uint32_t value = 0x44444444;
	int fd;

	ASSERT_NE(NULL, bo);
	ASSERT_NE(NULL, other);
	fd = export(_metadata, bo);
	data = describe(bo, fd);
	first_pixel(_metadata, bo, &value);
	copy = import(other, &data);
	ASSERT_NE(NULL, copy);
	EXPECT_EQ(0, close(fd));
	gbm_bo_destroy(bo);
	EXPECT_EQ(2, gbm_bo_get_plane_count(copy));
	EXPECT_EQ(data.offsets[1], gbm_bo_get_offset(copy, 1));
	EXPECT_EQ(value, first_pixel(_metadata, copy, NULL));
	gbm_bo_destroy(copy);
	gbm_device_destroy(other);
	EXPECT_EQ(0, close(other_file));
}

TEST_F(gbm, imports_from_another_device)
{
	const size_t size = WIDTH * 4 * HEIGHT / getpagesize() * getpagesize();
	struct gbm_import_fd_data data = {
		.fd = exporter_udmabuf(size),
		.width = WIDTH,
		.height = size / (WIDTH * 4),
		.stride = WIDTH * 4,
		.format = FORMAT,
	};
	uint32_t value = 0x55555555;
	struct gbm_bo *bo;
	uint32_t *map;

	if (data.fd < 0)
		SKIP(return, "this kernel has no udmabuf");
	map = map_fd(_metadata, data.fd);
	*map = value;
	bo = gbm_bo_import(self->gbm, GBM_BO_IMPORT_FD, &data, 0);
	ASSERT_NE(NULL, bo);
	EXPECT_EQ(WIDTH * 4, gbm_bo_get_stride(bo));
	EXPECT_EQ(value, first_pixel(_metadata, bo, NULL));
	value++;
	first_pixel(_metadata, bo, &value);
	EXPECT_EQ(value, *map);
	data.height++;
	EXPECT_FAILS(EINVAL, gbm_bo_import(self->gbm, GBM_BO_IMPORT_FD, &data, 0));
	gbm_bo_destroy(bo);
	EXPECT_EQ(0, munmap(map, size));
	EXPECT_EQ(0, close(data.fd));
}

TEST_F(gbm, refuses_impossible_imports)
{
	struct gbm_bo *bo = gbm_bo_create(self->gbm, WIDTH, HEIGHT, GBM_FORMAT_NV12, 0);
	struct gbm_bo *stranger = make(_metadata, self->gbm);
	int other = export(_metadata, stranger);
	struct gbm_import_fd_modifier_data right, data;
	int fd;

	ASSERT_NE(NULL, bo);
	fd = export(_metadata, bo);
	right = describe(bo, fd);
	data = right;
	data.fds[1] = other;
	EXPECT_FAILS(EINVAL, import(self->gbm, &data));
	data = right;
	data.offsets[1] = size_of(_metadata, fd) - data.strides[1];
	EXPECT_FAILS(EINVAL, import(self->gbm, &data));
	data = right;
	data.offsets[0] = -256;
	EXPECT_FAILS(EINVAL, import(self->gbm, &data));
	data = right;
	data.strides[0] = WIDTH - 1;
	EXPECT_FAILS(EINVAL, import(self->gbm, &data));
	data = right;
	data.strides[0] = INT_MAX;
	EXPECT_FAILS(EINVAL, import(self->gbm, &data));
	data = right;
	data.format = FORMAT;
	data.num_fds = 1;
	data.height = 1;
	data.strides[0] = -1024;
	EXPECT_FAILS(EINVAL, import(self->gbm, &data));
	data = right;
	data.modifier = TILED;
	EXPECT_FAILS(EINVAL, import(self->gbm, &data));
	data = right;
	data.num_fds = 3;
	data.fds[2] = fd;
	EXPECT_FAILS(EINVAL, import(self->gbm, &data));
	data.num_fds = 0;
	EXPECT_FAILS(EINVAL, import(self->gbm, &data));
	data = right;
	data.fds[0] = -1;
	EXPECT_FAILS(EBADF, import(self->gbm, &data));
	data = right;
	data.fds[0] = self->driver.kmsg;
	EXPECT_FAILS(EINVAL, import(self->gbm, &data));
	EXPECT_FAILS(ENOSYS, gbm_bo_import(self->gbm, GBM_BO_IMPORT_EGL_IMAGE, &data, 0));
	EXPECT_EQ(0, close(fd));
	EXPECT_EQ(0, close(other));
	gbm_bo_destroy(stranger);
	gbm_bo_destroy(bo);
}

TEST_F(gbm, writes)
{
	struct gbm_bo *cursor = gbm_bo_create(self->gbm, 64, 64, GBM_FORMAT_ARGB8888,
					      GBM_BO_USE_CURSOR | GBM_BO_USE_WRITE);
	struct gbm_bo *bo = make(_metadata, self->gbm);
	static uint64_t data[64 * 64 / 2 + 1];
	void *map;
	int fd;

	ASSERT_NE(NULL, cursor);
	pattern_fill(data, sizeof(data), 2);
	EXPECT_EQ(0, gbm_bo_write(cursor, data, 64 * 64 * 4));
	fd = export(_metadata, cursor);
	map = map_fd(_metadata, fd);
	EXPECT_EQ(0, pattern_differences(map, 64 * 64 * 4, 2));
	errno = 0;
	EXPECT_EQ(-1, gbm_bo_write(cursor, data, 64 * 64 * 4 + 1));
	EXPECT_EQ(EINVAL, errno);
	errno = 0;
	EXPECT_EQ(-1, gbm_bo_write(bo, data, 4));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, munmap(map, size_of(_metadata, fd)));
	EXPECT_EQ(0, close(fd));
	gbm_bo_destroy(bo);
	gbm_bo_destroy(cursor);
}

static void count_destroyed(struct gbm_bo *bo, void *data)
{
	++*(int *)data;
}

TEST_F(gbm, tells_of_the_end_of_a_buffer)
{
	struct gbm_bo *bo = make(_metadata, self->gbm);
	int destroyed = 0;

	EXPECT_EQ(NULL, gbm_bo_get_user_data(bo));
	gbm_bo_set_user_data(bo, &destroyed, count_destroyed);
	EXPECT_EQ(&destroyed, gbm_bo_get_user_data(bo));
	EXPECT_EQ(0, destroyed);
	gbm_bo_destroy(bo);
	EXPECT_EQ(1, destroyed);
}

TEST_F(gbm, hands_out_the_buffers_of_a_surface)
{
	struct gbm_surface *surface = gbm_surface_create(self->gbm, WIDTH, HEIGHT, FORMAT,
							 GBM_BO_USE_RENDERING);
	struct gbm_bo *bo[BUFFERS];
	int destroyed = 0;
	int i, j;

	ASSERT_NE(NULL, surface);
	for (i = 0; i < BUFFERS; i++) {
		EXPECT_EQ(1, gbm_surface_has_free_buffers(surface));
		bo[i] = gbm_surface_lock_front_buffer(surface);
		ASSERT_NE(NULL, bo[i]);
		EXPECT_EQ(WIDTH, gbm_bo_get_width(bo[i]));
		for (j = 0; j < i; j++)
			EXPECT_NE(bo[j], bo[i]);
		gbm_bo_set_user_data(bo[i], &destroyed, count_destroyed);
	}
	EXPECT_EQ(0, gbm_surface_has_free_buffers(surface));
	EXPECT_FAILS(EBUSY, gbm_surface_lock_front_buffer(surface));
	gbm_surface_release_buffer(surface, bo[2]);
	EXPECT_EQ(1, gbm_surface_has_free_buffers(surface));
	EXPECT_EQ(bo[2], gbm_surface_lock_front_buffer(surface));
	EXPECT_EQ(0, destroyed);
	gbm_surface_destroy(surface);
	EXPECT_EQ(BUFFERS, destroyed);
}

TEST_F(gbm, refuses_impossible_surfaces)
{
	const uint64_t tiled[] = { TILED };

	EXPECT_FAILS(EINVAL, gbm_surface_create(self->gbm, WIDTH, HEIGHT, GBM_FORMAT_C8, 0));
	EXPECT_FAILS(EINVAL, gbm_surface_create(self->gbm, WIDTH, 16385, FORMAT, 0));
	EXPECT_FAILS(EINVAL, gbm_surface_create_with_modifiers(self->gbm, WIDTH, HEIGHT, FORMAT,
							       tiled, 1));
	EXPECT_FAILS(EINVAL, gbm_surface_create_with_modifiers(self->gbm, WIDTH, HEIGHT, FORMAT,
							       NULL, 1));
}

#define ROUNDS 4000

/* A thread that imports a dma-buf and destroys the object again and again. */
struct importer {
	struct gbm_device *gbm;
	struct gbm_import_fd_modifier_data data;
	int failures;
};

static void *import_often(void *opaque)
{
	struct importer *importer = opaque;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		struct gbm_bo *bo = import(importer->gbm, &importer->data);
		int fd = bo ? gbm_bo_get_fd(bo) : -1;

		if (fd < 0)
			importer->failures++;
		else
			close(fd);
		if (bo)
			gbm_bo_destroy(bo);
	}
	return NULL;
}

/* Without counting handles under a lock, a thread would close another's handle. */
TEST_F(gbm, serves_threads)
{
	struct gbm_bo *bo = make(_metadata, self->gbm);
	int fd = export(_metadata, bo);
	struct importer importer[2];
	pthread_t thread[2];
	int i;

	for (i = 0; i < 2; i++)
		importer[i] = (struct importer){ .gbm = self->gbm, .data = describe(bo, fd) };
	gbm_bo_destroy(bo);
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, import_often, &importer[i]));
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(0, pthread_join(thread[i], NULL));
		EXPECT_EQ(0, importer[i].failures);
	}
	EXPECT_EQ(0, close(fd));
}

/* Mesa's libgbm must look in this program's folder unless another one is set. */
static void find_backend(void)
{
	char path[PATH_MAX] = "";
	char backends[PATH_MAX + sizeof("/gbm")];

	if (readlink("/proc/self/exe", path, sizeof(path) - 1) < 0)
		return;
	snprintf(backends, sizeof(backends), "%s/gbm", dirname(path));
	setenv("GBM_BACKENDS_PATH", backends, 0);
}

int main(int argc, char **argv)
{
	find_backend();
	return driver_run(argc, argv);
}
