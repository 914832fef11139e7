// SPDX-License-Identifier: GPL-2.0-only
/*
 * Our libgbm.so.1 as crosvm's gralloc uses it (rutabaga_gfx's MinigbmDevice), and the buffer in a
 * guest, where crosvm maps it. judge.c decides what is ok, known or a bug, as in kvm_map_test.
 */

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <drm_fourcc.h>

#include "kselftest_harness.h"

#include "buffer.h"
#include "case.h"
#include "driver.h"
#include "exercise.h"
#include "exporter.h"
#include "failure.h"
#include "hostmap.h"
#include "minigbm.h"
#include "pattern.h"
#include "vmm.h"

/* The usage that Sommelier asks for. */
#define USAGE (GBM_BO_USE_LINEAR | MINIGBM_USE_SW_READ_OFTEN | MINIGBM_USE_SW_WRITE_OFTEN)

/* Symbols of rutabaga_gfx 0.1.80 with its feature "gbm", as the linker sees it. */
static const char *const gralloc_symbols[] = {
	"minigbm_create_default_device", "gbm_device_destroy", "gbm_bo_create",
	"gbm_bo_destroy", "gbm_bo_get_width", "gbm_bo_get_height", "gbm_bo_get_format",
	"gbm_bo_get_modifier", "gbm_bo_get_plane_count", "gbm_bo_get_offset",
	"gbm_bo_get_stride_for_plane", "gbm_bo_get_map_info", "gbm_bo_get_fd",
};

/* Those of the system's libgbm, by nm when this was built. */
static const char *const mesa_symbols[] = {
#include "mesa_symbols.h"
};

/**
 * struct image - an image as the gralloc keeps it
 * @fd: its dma-buf
 * @size: bytes
 * @map_info: as VIRTIO_GPU_MAP_CACHE_*
 */
struct image {
	int fd;
	off_t size;
	uint32_t map_info;
};

FIXTURE(gralloc) {
	struct driver driver;
};

FIXTURE_SETUP(gralloc)
{
	driver_setup(_metadata, &self->driver);
}

FIXTURE_TEARDOWN(gralloc)
{
	driver_teardown(_metadata, &self->driver);
}

/* Create a buffer as the gralloc does, which keeps nothing but the dma-buf. */
static struct image allocate(struct __test_metadata *_metadata, uint32_t width,
			     uint32_t height, uint32_t format)
{
	struct image image = {};
	struct gbm_device *gbm;
	struct gbm_bo *bo;
	int drm = -1, query;

	gbm = minigbm_create_default_device(&drm);
	ASSERT_NE(NULL, gbm);
	ASSERT_LE(0, drm);
	bo = gbm_bo_create(gbm, width, height, format, USAGE);
	ASSERT_NE(NULL, bo);
	EXPECT_EQ(width, gbm_bo_get_width(bo));
	EXPECT_EQ(height, gbm_bo_get_height(bo));
	EXPECT_EQ(format, gbm_bo_get_format(bo));
	EXPECT_EQ(DRM_FORMAT_MOD_LINEAR, gbm_bo_get_modifier(bo));
	image.map_info = gbm_bo_get_map_info(bo);
	query = gbm_bo_get_fd(bo);
	ASSERT_LE(0, query);
	image.size = lseek(query, 0, SEEK_END);
	image.fd = gbm_bo_get_fd(bo);
	ASSERT_LE(0, image.fd);
	EXPECT_EQ(0, close(query));
	gbm_bo_destroy(bo);
	gbm_device_destroy(gbm);
	EXPECT_EQ(0, close(drm));
	return image;
}

TEST(exports_what_crosvm_links)
{
	void *library = dlopen("libgbm.so.1", RTLD_NOW | RTLD_NOLOAD);
	const char *strings = NULL, *soname = NULL;
	struct link_map *map = NULL;
	const Elf64_Dyn *dyn;
	size_t i;

	ASSERT_NE(NULL, library);
	for (i = 0; i < ARRAY_SIZE(gralloc_symbols); i++) {
		const char *name = gralloc_symbols[i];

		EXPECT_NE(NULL, dlsym(library, name))
			TH_LOG("%s is missing", name);
	}
	ASSERT_EQ(0, dlinfo(library, RTLD_DI_LINKMAP, &map));
	for (dyn = map->l_ld; dyn->d_tag != DT_NULL; dyn++)
		if (dyn->d_tag == DT_STRTAB)
			strings = (const char *)dyn->d_un.d_ptr;
	for (dyn = map->l_ld; dyn->d_tag != DT_NULL; dyn++)
		if (dyn->d_tag == DT_SONAME)
			soname = strings + dyn->d_un.d_val;
	EXPECT_STREQ("libgbm.so.1", soname);
	EXPECT_EQ(0, dlclose(library));
}

/* Our libgbm has all symbols of Debian's libgbm. */
TEST(exports_what_mesa_exports)
{
	void *library = dlopen("libgbm.so.1", RTLD_NOW | RTLD_NOLOAD);
	size_t i;

	ASSERT_NE(NULL, library);
	ASSERT_LT(30, ARRAY_SIZE(mesa_symbols));
	for (i = 0; i < ARRAY_SIZE(mesa_symbols); i++) {
		const char *name = mesa_symbols[i];

		EXPECT_NE(NULL, dlsym(library, name))
			TH_LOG("%s is missing", name);
	}
	EXPECT_EQ(0, dlclose(library));
}

TEST_F(gralloc, makes_every_format_that_guests_ask_for)
{
	static const uint32_t formats[] = {
		GBM_FORMAT_R8, GBM_FORMAT_RGB565, GBM_FORMAT_BGR888, GBM_FORMAT_XRGB8888,
		GBM_FORMAT_XBGR8888, GBM_FORMAT_ARGB8888, GBM_FORMAT_ABGR8888,
		GBM_FORMAT_XRGB2101010, GBM_FORMAT_XBGR2101010, GBM_FORMAT_ARGB2101010,
		GBM_FORMAT_ABGR2101010, GBM_FORMAT_ABGR16161616F, GBM_FORMAT_NV12,
		GBM_FORMAT_YVU420,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(formats); i++) {
		struct image image = allocate(_metadata, 101, 51, formats[i]);

		EXPECT_LE(101 * 51, image.size);
		EXPECT_EQ(0, image.size % self->driver.page);
		EXPECT_EQ(GBM_BO_MAP_CACHE_CACHED, image.map_info);
		EXPECT_EQ(0, close(image.fd));
	}
}

TEST_F(gralloc, is_for_mockgpu_only)
{
	int vgem = exporter_vgem_open();

	if (vgem < 0)
		SKIP(return, "this kernel has no vgem");
	errno = 0;
	EXPECT_EQ(NULL, gbm_create_device(vgem));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(0, close(vgem));
}

TEST_F(gralloc, refuses_protected_memory)
{
	int drm;
	struct gbm_device *gbm = minigbm_create_default_device(&drm);

	ASSERT_NE(NULL, gbm);
	errno = 0;
	EXPECT_EQ(NULL, gbm_bo_create(gbm, 64, 64, GBM_FORMAT_ARGB8888, MINIGBM_USE_PROTECTED));
	EXPECT_EQ(EINVAL, errno);
	gbm_device_destroy(gbm);
	EXPECT_EQ(0, close(drm));
}

TEST_F(gralloc, maps_every_plane)
{
	const uint32_t width = 64, height = 32;
	int drm, fd;
	struct gbm_device *gbm = minigbm_create_default_device(&drm);
	struct gbm_bo *bo;
	uint32_t stride;
	uint8_t *pixel;
	void *data;

	ASSERT_NE(NULL, gbm);
	bo = gbm_bo_create(gbm, width, height, GBM_FORMAT_NV12, USAGE);
	ASSERT_NE(NULL, bo);
	EXPECT_EQ(gbm_bo_get_stride_for_plane(bo, 1) * (height / 2 - 1) + width,
		  gbm_bo_get_plane_size(bo, 1));
	EXPECT_EQ(0, gbm_bo_get_plane_size(bo, 2));
	EXPECT_EQ(0, gbm_bo_get_plane_size(bo, (size_t)1 << 32));
	EXPECT_EQ(-1, gbm_bo_get_plane_fd(bo, 2));
	fd = gbm_bo_get_plane_fd(bo, 1);
	EXPECT_LE(0, fd);
	pixel = gbm_bo_map2(bo, 2, 4, 2, 2, GBM_BO_TRANSFER_WRITE, &stride, &data, 1);
	ASSERT_NE(NULL, pixel);
	*pixel = 5;
	gbm_bo_unmap(bo, data);
	/* The second pair of the third row of the plane. */
	pixel = gbm_bo_map(bo, 0, 0, width, height, GBM_BO_TRANSFER_READ, &stride, &data);
	ASSERT_NE(NULL, pixel);
	EXPECT_EQ(5, pixel[gbm_bo_get_offset(bo, 1) + 2 * stride + 2]);
	gbm_bo_unmap(bo, data);
	EXPECT_EQ(NULL, gbm_bo_map2(bo, 0, 0, 1, 1, GBM_BO_TRANSFER_READ, &stride, &data, 2));
	EXPECT_EQ(0, close(fd));
	gbm_bo_destroy(bo);
	gbm_device_destroy(gbm);
	EXPECT_EQ(0, close(drm));
}

/* A setting, and the properties of the buffer that the driver must report. */
struct setting {
	const char *kind, *order, *caching, *placement;
	struct drm_mockgpu_bo_query seen;
	uint32_t map_info;
};

static void set(const char *variable, const char *value)
{
	if (value)
		setenv(variable, value, 1);
	else
		unsetenv(variable);
}

static void set_all(const struct setting *setting)
{
	set("MOCKGPU_GBM_KIND", setting->kind);
	set("MOCKGPU_GBM_ORDER", setting->order);
	set("MOCKGPU_GBM_CACHING", setting->caching);
	set("MOCKGPU_GBM_PLACEMENT", setting->placement);
}

TEST_F(gralloc, makes_what_it_is_set_to)
{
	static const struct setting settings[] = {
		{ .seen = { .kind = MOCKGPU_KIND_TTM }, .map_info = 1 },
		{ .kind = "", .seen = { .kind = MOCKGPU_KIND_TTM }, .map_info = 1 },
		{ .kind = "noncompound", .map_info = 1,
		  .seen = { .kind = MOCKGPU_KIND_NONCOMPOUND, .order = 9 } },
		{ .kind = "compound", .order = "4", .map_info = 1,
		  .seen = { .kind = MOCKGPU_KIND_COMPOUND, .order = 4 } },
		{ .kind = "split", .order = "10", .caching = "wc", .map_info = 3,
		  .seen = { .kind = MOCKGPU_KIND_SPLIT, .order = 10,
			    .caching = MOCKGPU_CACHING_WC } },
		{ .kind = "reserved", .order = "0", .caching = "uc", .map_info = 3,
		  .seen = { .kind = MOCKGPU_KIND_RESERVED, .caching = MOCKGPU_CACHING_UC } },
		{ .placement = "vram", .map_info = 3,
		  .seen = { .placement = MOCKGPU_PLACEMENT_VRAM } },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(settings); i++) {
		struct drm_mockgpu_bo_query seen;
		struct mockgpu_bo bo;
		struct image image;

		set_all(&settings[i]);
		image = allocate(_metadata, 64, 64, GBM_FORMAT_ARGB8888);
		ASSERT_EQ(0, mockgpu_bo_import(self->driver.fd, image.fd, &bo));
		EXPECT_EQ(0, mockgpu_bo_query(&bo, &seen));
		EXPECT_EQ(settings[i].map_info, image.map_info);
		EXPECT_EQ(settings[i].seen.kind, seen.kind);
		EXPECT_EQ(settings[i].seen.order, seen.order);
		EXPECT_EQ(settings[i].seen.caching, seen.caching);
		EXPECT_EQ(settings[i].seen.placement, seen.placement);
		EXPECT_EQ(0, mockgpu_bo_destroy(&bo));
		EXPECT_EQ(0, close(image.fd));
	}
}

/* Capture standard error while a device is created; glibc lets us replace the stream. */
static void say(struct __test_metadata *_metadata, char *text, size_t size)
{
	FILE *standard = stderr;
	int drm;

	stderr = fmemopen(text, size, "w");
	errno = 0;
	EXPECT_EQ(NULL, minigbm_create_default_device(&drm));
	EXPECT_EQ(EINVAL, errno);
	fclose(stderr);
	stderr = standard;
}

#define WRONG(setting) "mockgpu gbm: MOCKGPU_GBM_" setting "\n"

TEST_F(gralloc, refuses_wrong_settings)
{
	char text[256];

	set_all(&(struct setting){ .kind = "pebbles" });
	say(_metadata, text, sizeof(text));
	EXPECT_STREQ(WRONG("KIND=pebbles: use ttm noncompound compound split or reserved"), text);
	set_all(&(struct setting){ .order = "11" });
	say(_metadata, text, sizeof(text));
	EXPECT_STREQ(WRONG("ORDER=11: use 0 1 2 3 4 5 6 7 8 9 or 10"), text);
	set_all(&(struct setting){ .caching = "WC" });
	say(_metadata, text, sizeof(text));
	EXPECT_STREQ(WRONG("CACHING=WC: use cached wc or uc"), text);
	set_all(&(struct setting){ .placement = "system" });
	say(_metadata, text, sizeof(text));
	EXPECT_STREQ(WRONG("PLACEMENT=system: use gtt or vram"), text);
}

FIXTURE(gralloc_kvm) {
	struct driver driver;
	struct image image;
	char *memory;
	struct mockgpu_bo bo;
	struct exercise exercise;
};

FIXTURE_VARIANT(gralloc_kvm) {
	struct setting setting;
	const char *name;
};

FIXTURE_VARIANT_ADD(gralloc_kvm, ttm) { {}, "ttm" };
FIXTURE_VARIANT_ADD(gralloc_kvm, noncompound_o9) { { .kind = "noncompound" }, "noncompound-o9" };
FIXTURE_VARIANT_ADD(gralloc_kvm, split_o9) { { .kind = "split" }, "split-o9" };

/*
 * crosvm maps the dma-buf at any address; here it is aligned, as in the other tests. 528 rows of
 * 4 KiB are one block and the start of another.
 */
FIXTURE_SETUP(gralloc_kvm)
{
	const char *unusable = vm_buffer_unusable();

	if (unusable)
		SKIP(return, "%s", unusable);
	driver_setup(_metadata, &self->driver);
	set_all(&variant->setting);
	self->image = allocate(_metadata, 1024, 528, GBM_FORMAT_XRGB8888);
	self->memory = hostmap_reserve(self->image.size);
	ASSERT_NE(NULL, self->memory);
	ASSERT_EQ(self->memory, mmap(self->memory, self->image.size, PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_FIXED, self->image.fd, 0));
	/* The driver tells whether the guest left the pages unchanged. */
	ASSERT_EQ(0, mockgpu_bo_import(self->driver.fd, self->image.fd, &self->bo));
	ASSERT_EQ(0, exercise_init_bo(&self->exercise, &self->bo, self->memory, NULL,
				      self->driver.kmsg))
		TH_LOG("%s", self->exercise.error);
	self->exercise.explain = failure_explain;
}

FIXTURE_TEARDOWN(gralloc_kvm)
{
	exercise_fini(&self->exercise);
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->bo));
	EXPECT_EQ(0, munmap(self->memory, self->image.size));
	EXPECT_EQ(0, close(self->image.fd));
	driver_teardown(_metadata, &self->driver);
}

TEST_F(gralloc_kvm, reaches_the_guest)
{
	struct judgement judgement, worst = { .verdict = JUDGE_OK };
	struct exercise_case what = { .access_order = EXERCISE_TAILS_FIRST };
	char name[64];
	int first;

	for (first = GUEST_READ; first <= GUEST_WRITE; first++) {
		what.first = first;
		ASSERT_LT(0, getrandom(&what.seed, sizeof(what.seed), 0));
		judgement = exercise_run(&self->exercise, &what) ?
			    judge_not_tried(self->exercise.error, self->exercise.pages) :
			    judge(&self->exercise.evidence);
		snprintf(name, sizeof(name), "gralloc-%s-%s-tails", variant->name,
			 first == GUEST_READ ? "read" : "write");
		case_print(name, &judgement);
		if (judgement.verdict > worst.verdict)
			worst = judgement;
	}
	case_conclude(_metadata, &worst);
}

int main(int argc, char **argv)
{
	return driver_run(argc, argv);
}
