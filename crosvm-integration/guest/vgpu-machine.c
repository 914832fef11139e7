// SPDX-License-Identifier: GPL-2.0-only
/*
 * In a Linux guest of QEMU: blobs of the host's memory while the machine around them changes. The
 * guest changes it by itself, with QEMU's monitor at its second serial line.
 */

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <termios.h>

#include "kselftest_harness.h"

#include <drm/virtgpu_drm.h>

#include "mockgpu_drm.h"
#include "parts/monitor.h"
#include "parts/pages.h"
#include "parts/pci.h"
#include "patience.h"
#include "virtgpu.h"

#define PAGE GUEST_PAGE_SIZE
#define MIB (1ull << 20)
#define GIB (1ull << 30)

/* More blobs than the regions that a vhost-user front-end may have without slots. */
#define BLOBS 12
#define BLOB_SIZE MIB
#define BLOB_PAGES (BLOB_SIZE / PAGE)
/* With none of these the first word of a page is zero. */
#define SEED(i) ((i) + 1)

/**
 * struct guest - what a test has
 * @fd: the device's render node
 * @monitor: QEMU's monitor
 * @answer: what it said last
 * @gpu: the device on the PCI bus
 * @report: see virtgpu_check()
 * @blob: blobs of the host's memory, mapped
 */
struct guest {
	int fd;
	int monitor;
	char *answer;
	struct pci_gpu gpu;
	struct virtgpu_blob report;
	struct virtgpu_blob blob[BLOBS];
};

FIXTURE(machine) {
	struct guest guest;
};

static void hold_blobs(struct __test_metadata *_metadata, struct guest *guest)
{
	static const uint64_t ids[] = {
		VGPU_BLOB_ID(VGPU_SOURCE_MOCKGPU, MOCKGPU_KIND_NONCOMPOUND, 8, 0),
		VGPU_BLOB_ID(VGPU_SOURCE_MOCKGPU, MOCKGPU_KIND_TTM, 0, 0),
	};
	unsigned int i;

	guest->fd = virtgpu_open();
	ASSERT_LE(0, guest->fd);
	ASSERT_EQ(0, virtgpu_blob_create(guest->fd, VIRTGPU_BLOB_MEM_GUEST,
					 VIRTGPU_BLOB_FLAG_USE_MAPPABLE, 0, PAGE,
					 &guest->report));
	ASSERT_EQ(0, virtgpu_blob_map(&guest->report));
	for (i = 0; i < BLOBS; i++) {
		ASSERT_EQ(0, virtgpu_vram_create(guest->fd, ids[i % ARRAY_SIZE(ids)], BLOB_SIZE,
						 &guest->blob[i]));
		ASSERT_EQ(0, virtgpu_blob_map(&guest->blob[i]));
		pages_write(guest->blob[i].map, BLOB_PAGES, SEED(i));
	}
}

/* Touched pages, of each blob once. */
static void report_blobs(void)
{
	report_touched(BLOBS * BLOB_PAGES);
}

static void release_blobs(struct guest *guest)
{
	unsigned int i;

	for (i = 0; i < BLOBS; i++)
		virtgpu_blob_destroy(&guest->blob[i]);
	virtgpu_blob_destroy(&guest->report);
	virtgpu_wait_device(guest->fd);
	close(guest->fd);
}

/* The guest and the host must see in all blobs what the guest has written. */
static void expect_blobs(struct __test_metadata *_metadata, struct guest *guest)
{
	unsigned int i;

	for (i = 0; i < BLOBS; i++) {
		EXPECT_EQ(0, pages_read(guest->blob[i].map, BLOB_PAGES, SEED(i)))
			TH_LOG("blob %u", i);
		EXPECT_TRUE(pages_seen(&guest->blob[i], &guest->report, SEED(i)))
			TH_LOG("blob %u, for the host", i);
	}
}

FIXTURE_SETUP(machine)
{
	struct guest *guest = &self->guest;

	guest->answer = malloc(MONITOR_LINE);
	ASSERT_NE(NULL, guest->answer);
	guest->monitor = monitor_open();
	ASSERT_LE(0, guest->monitor);
	ASSERT_EQ(0, pci_gpu_open(&guest->gpu));
	hold_blobs(_metadata, guest);
}

FIXTURE_TEARDOWN(machine)
{
	struct guest *guest = &self->guest;

	release_blobs(guest);
	close(guest->monitor);
	free(guest->answer);
}

/* RAM that is plugged: each a region of its own, above 4 GiB, where Linux allocates first. */
#define PLUGS 10
#define PLUG_SIZE (128 * MIB)
#define PLUGGED_FROM (4 * GIB)
#define MEMFD "\"qom-type\":\"memory-backend-memfd\",\"share\":true,"

/* Return: as monitor_run(). */
static int plug(struct guest *guest, unsigned int i)
{
	int ret = monitor_run(guest->monitor, guest->answer, "object-add",
			      MEMFD "\"id\":\"ram%u\",\"size\":%llu", i, PLUG_SIZE);

	if (ret)
		return ret;
	return monitor_run(guest->monitor, guest->answer, "device_add",
			   "\"driver\":\"pc-dimm\",\"id\":\"dimm%u\",\"memdev\":\"ram%u\"",
			   i, i);
}

static uint64_t memory_kib(void)
{
	unsigned long long kib = 0;
	FILE *file = fopen("/proc/meminfo", "r");

	if (!file || fscanf(file, "MemTotal: %llu", &kib) != 1)
		kib = 0;
	if (file)
		fclose(file);
	return kib;
}

static bool await_memory(uint64_t kib)
{
	unsigned int i;

	for (i = 0; i < PATIENCE_MS && memory_kib() < kib; i += 10)
		usleep(10000);
	return memory_kib() >= kib;
}

/* Free pages of the zone of what lies above 4 GiB, which is what was plugged. */
static long free_pages_plugged(void)
{
	FILE *file = fopen("/proc/zoneinfo", "r");
	bool inside = false;
	char line[128];
	long pages = -1;

	while (file && pages < 0 && fgets(line, sizeof(line), file)) {
		inside = inside || strstr(line, "zone   Normal");
		if (inside && sscanf(line, " pages free %ld", &pages) != 1)
			pages = -1;
	}
	if (file)
		fclose(file);
	return pages;
}

/* A blob of the guest's own memory, which the host fills and reads. */
static void try_guest_blob(struct __test_metadata *_metadata, struct guest *guest)
{
	const long pages = 16 * MIB / PAGE;
	long before = free_pages_plugged();
	struct virtgpu_blob blob;

	ASSERT_LT(pages, before);
	ASSERT_EQ(0, virtgpu_blob_create(guest->fd, VIRTGPU_BLOB_MEM_GUEST,
					 VIRTGPU_BLOB_FLAG_USE_MAPPABLE, 0, pages * PAGE, &blob));
	ASSERT_EQ(0, virtgpu_blob_map(&blob));
	ASSERT_EQ(0, virtgpu_fill(&blob, 77, 0, pages));
	EXPECT_EQ(0, pages_read(blob.map, pages, 77));
	EXPECT_LT(pages / 2, before - free_pages_plugged());
	pages_write(blob.map, pages, 78);
	EXPECT_TRUE(pages_seen(&blob, &guest->report, 78));
	virtgpu_blob_destroy(&blob);
}

TEST_F(machine, ram_is_plugged)
{
	struct guest *guest = &self->guest;
	uint64_t kib = memory_kib();
	unsigned int i;

	for (i = 0; i < PLUGS; i++) {
		ASSERT_EQ(0, plug(guest, i))
			TH_LOG("%s", guest->answer);
		ASSERT_TRUE(await_memory(kib + (i + 1) * (PLUG_SIZE / 1024)));
		expect_blobs(_metadata, guest);
	}
	try_guest_blob(_metadata, guest);
	report_blobs();
}

/* A driver that starts when RAM has been plugged has its rings there. */
TEST_F(machine, rings_lie_in_plugged_ram)
{
	struct guest *guest = &self->guest;

	report_blobs();
	EXPECT_GT(PLUGGED_FROM, pci_gpu_queue(&guest->gpu, 0));
	release_blobs(guest);
	ASSERT_EQ(0, pci_gpu_bind(&guest->gpu, "unbind"));
	ASSERT_EQ(0, pci_gpu_bind(&guest->gpu, "bind"));
	hold_blobs(_metadata, guest);
	EXPECT_LE(PLUGGED_FROM, pci_gpu_queue(&guest->gpu, 0));
	expect_blobs(_metadata, guest);
	try_guest_blob(_metadata, guest);
	report_blobs();
}

/* With a backend that has said of no slots. */
TEST_F(machine, ram_is_refused)
{
	struct guest *guest = &self->guest;

	EXPECT_EQ(-EREMOTEIO, plug(guest, PLUGS));
	EXPECT_NE(NULL, strstr(guest->answer, "free memory slots left"))
		TH_LOG("%s", guest->answer);
	expect_blobs(_metadata, guest);
	report_blobs();
}

TEST_F(machine, migration_is_refused)
{
	struct guest *guest = &self->guest;

	EXPECT_EQ(-EREMOTEIO,
		  monitor_run(guest->monitor, guest->answer, "migrate",
			      "\"uri\":\"exec:cat >/dev/null\""));
	EXPECT_NE(NULL, strstr(guest->answer, "migra"))
		TH_LOG("%s", guest->answer);
	ksft_print_msg("%s\n", guest->answer);
	ASSERT_EQ(0, monitor_run(guest->monitor, guest->answer, "query-status", " "));
	EXPECT_NE(NULL, strstr(guest->answer, "\"running\": true"))
		TH_LOG("%s", guest->answer);
	expect_blobs(_metadata, guest);
	report_blobs();
}

/* Every page of the window is looked at, or of a large one its beginning, and some beyond. */
#define WINDOW_SMALL (512 * MIB)
#define WINDOW_BEGINNING (32 * MIB)
#define WINDOW_STEP (2 * MIB)

/* How many of these pages are not zero. */
static size_t read_window(const struct pci_gpu *gpu)
{
	size_t looked_at = 0, not_zero = 0;
	uint64_t offset = 0;

	while (offset < gpu->window_size) {
		looked_at++;
		not_zero += gpu->window[offset / sizeof(uint64_t)] != 0;
		if (gpu->window_size <= WINDOW_SMALL || offset < WINDOW_BEGINNING)
			offset += PAGE;
		else
			offset += WINDOW_STEP;
	}
	ksft_print_msg("%zu of %zu pages of the window are not zero\n", not_zero, looked_at);
	return not_zero;
}

TEST_F(machine, window_without_blobs)
{
	struct guest *guest = &self->guest;
	/* A page beyond the blobs. */
	const uint64_t beyond = (BLOBS + 4) * BLOB_SIZE / sizeof(uint64_t);
	struct virtgpu_blob blob;

	report_blobs();
	EXPECT_EQ(BLOBS * BLOB_PAGES, read_window(&guest->gpu));
	guest->gpu.window[beyond] = 0x1057;
	expect_blobs(_metadata, guest);
	release_blobs(guest);
	/* Where they were the guest must not see them any more. */
	ksft_print_msg("what was written where no blob is: %#llx\n",
		       (unsigned long long)guest->gpu.window[beyond]);
	guest->gpu.window[beyond] = 0;
	EXPECT_EQ(0, read_window(&guest->gpu));
	/* What is written there must not be in a new blob. */
	guest->gpu.window[0] = 0x1057;
	guest->fd = virtgpu_open();
	ASSERT_LE(0, guest->fd);
	ASSERT_EQ(0, virtgpu_vram_create(guest->fd, VGPU_BLOB_ID_MEMFD, BLOB_SIZE, &blob));
	ASSERT_EQ(0, virtgpu_blob_map(&blob));
	EXPECT_EQ(0, ((uint64_t *)blob.map)[0]);
	EXPECT_EQ(0, guest->gpu.window[0]);
	virtgpu_blob_destroy(&blob);
}

/* QEMU's monitor reads the word at that address as the guest does. */
static bool xp_reads(struct guest *guest, uint64_t gpa, uint64_t value)
{
	char word[32];

	if (monitor_run(guest->monitor, guest->answer, "human-monitor-command",
			"\"command-line\":\"xp /1gx %#llx\"", (unsigned long long)gpa))
		return false;
	snprintf(word, sizeof(word), "0x%016llx", (unsigned long long)value);
	return strstr(guest->answer, word);
}

TEST_F(machine, the_monitor_reads_blobs)
{
	struct guest *guest = &self->guest;
	size_t page, bad = 0;

	for (page = 0; page < BLOBS * BLOB_PAGES; page += 101) {
		uint64_t gpa = guest->gpu.window_gpa + page * PAGE;

		bad += !xp_reads(guest, gpa, guest->gpu.window[page * PAGE_WORDS]);
	}
	EXPECT_EQ(0, bad)
		TH_LOG("%s", guest->answer);
	EXPECT_TRUE(xp_reads(guest, guest->gpu.window_gpa, guest_value(SEED(0), 0, 0)))
		TH_LOG("%s", guest->answer);
	xp_reads(guest, guest->gpu.window_gpa + (BLOBS + 4) * BLOB_SIZE, 0);
	ksft_print_msg("beyond the blobs: %s\n", guest->answer);
	report_blobs();
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t done;

	if (fd < 0)
		return -errno;
	done = write(fd, text, strlen(text));
	close(fd);
	return done < 0 ? -errno : 0;
}

/* How many words of the held blobs, of those that have a pattern, are not zero. */
static size_t words_left(struct guest *guest)
{
	size_t i, page, left = 0;

	for (i = 0; i < BLOBS; i++) {
		const uint64_t *words = guest->blob[i].map;

		for (page = 0; page < BLOB_PAGES; page++)
			left += page_load(words + page * PAGE_WORDS) != 0;
	}
	return left;
}

/*
 * The kernel suspends its devices and resumes them, as on its way to sleep (pm_test): its driver
 * resets the device then, and the blobs are gone. What was mapped must be empty, or as before.
 */
TEST_F(machine, the_guest_sleeps)
{
	struct guest *guest = &self->guest;
	struct virtgpu_blob blob;
	size_t left;
	int fd;

	report_blobs();
	expect_blobs(_metadata, guest);
	ASSERT_EQ(0, write_file("/sys/power/pm_test", "devices"));
	ASSERT_EQ(0, write_file("/sys/power/state", "mem"));
	left = words_left(guest);
	ksft_print_msg("of %llu pages %zu are left\n", BLOBS * BLOB_PAGES, left);
	if (left)
		expect_blobs(_metadata, guest);
	/* The device works, and what is new is new. */
	fd = virtgpu_open();
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, virtgpu_vram_create(fd, VGPU_BLOB_ID_MEMFD, BLOB_SIZE, &blob));
	ASSERT_EQ(0, virtgpu_blob_map(&blob));
	EXPECT_EQ(0, *(uint64_t *)blob.map);
	pages_write(blob.map, BLOB_PAGES, SEED(BLOBS));
	EXPECT_EQ(0, pages_read(blob.map, BLOB_PAGES, SEED(BLOBS)));
	virtgpu_blob_destroy(&blob);
	close(fd);
}

/* QEMU remembers across a reboot whether there was one. */
TEST_F(machine, the_guest_reboots)
{
	struct guest *guest = &self->guest;
	int ret = monitor_run(guest->monitor, guest->answer, "object-add",
			      "\"qom-type\":\"rng-builtin\",\"id\":\"rebooted\"");

	report_blobs();
	expect_blobs(_metadata, guest);
	if (ret == -EREMOTEIO) {
		EXPECT_NE(NULL, strstr(guest->answer, "rebooted"))
			TH_LOG("%s", guest->answer);
		return;
	}
	ASSERT_EQ(0, ret);
	sync();
	tcdrain(STDOUT_FILENO);
	reboot(RB_AUTOBOOT);
}

TEST_HARNESS_MAIN
