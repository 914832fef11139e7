// SPDX-License-Identifier: GPL-2.0-only
/*
 * In a Linux guest: memory of the host, of mockgpu or a memfd, in the host-visible region. Every
 * page is touched, and only by accesses of its own, in the order of access_order.h.
 *
 * On a host kernel that cannot map the pages the first touch ends the VMM. The last line of the
 * console is then the name of the test.
 */

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <termios.h>

#include "kselftest_harness.h"

#include <drm/virtgpu_drm.h>
#include <xf86drm.h>

#include "../../test-app/guest/protocol.h"
#include "mockgpu_drm.h"
#include "patience.h"
#include "virtgpu.h"
#include "parts/pages.h"

#define PAGE GUEST_PAGE_SIZE
#define MIB (1ull << 20)
#define VRAM_SIZE (8 * MIB)
#define VRAM_PAGES (VRAM_SIZE / PAGE)

#define SEED_HOST 0x1057ull
#define SEED_GUEST 0x90e57ull

FIXTURE(vram) {
	int fd;
	struct virtgpu_blob report;
	struct virtgpu_blob blob;
	uint64_t *words;
};

FIXTURE_VARIANT(vram) {
	uint64_t blob_id;
};

#define MOCKGPU(kind, order, caching)					\
	VGPU_BLOB_ID(VGPU_SOURCE_MOCKGPU, MOCKGPU_KIND_##kind, order,	\
		     MOCKGPU_CACHING_##caching)

/* Controls, which kernels before 6.13 map too. */
FIXTURE_VARIANT_ADD(vram, memfd) { VGPU_BLOB_ID_MEMFD };
FIXTURE_VARIANT_ADD(vram, split_9) { MOCKGPU(SPLIT, 9, CACHED) };
FIXTURE_VARIANT_ADD(vram, reserved_9) { MOCKGPU(RESERVED, 9, CACHED) };
FIXTURE_VARIANT_ADD(vram, noncompound_0) { MOCKGPU(NONCOMPOUND, 0, CACHED) };

FIXTURE_VARIANT_ADD(vram, noncompound_1) { MOCKGPU(NONCOMPOUND, 1, CACHED) };
FIXTURE_VARIANT_ADD(vram, noncompound_9) { MOCKGPU(NONCOMPOUND, 9, CACHED) };
FIXTURE_VARIANT_ADD(vram, noncompound_10) { MOCKGPU(NONCOMPOUND, 10, CACHED) };
FIXTURE_VARIANT_ADD(vram, noncompound_9_wc) { MOCKGPU(NONCOMPOUND, 9, WC) };
FIXTURE_VARIANT_ADD(vram, noncompound_9_uc) { MOCKGPU(NONCOMPOUND, 9, UC) };
FIXTURE_VARIANT_ADD(vram, compound_9) { MOCKGPU(COMPOUND, 9, CACHED) };
FIXTURE_VARIANT_ADD(vram, ttm) { MOCKGPU(TTM, 0, CACHED) };

FIXTURE_SETUP(vram)
{
	/* Flush the test's name: its first access may end the VMM. */
	tcdrain(STDOUT_FILENO);
	self->fd = virtgpu_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, virtgpu_blob_create(self->fd, VIRTGPU_BLOB_MEM_GUEST,
					 VIRTGPU_BLOB_FLAG_USE_MAPPABLE, 0, PAGE,
					 &self->report));
	ASSERT_EQ(0, virtgpu_blob_map(&self->report));
	ASSERT_EQ(0, virtgpu_vram_create(self->fd, variant->blob_id, VRAM_SIZE, &self->blob));
	ASSERT_EQ(0, virtgpu_blob_map(&self->blob));
	self->words = self->blob.map;
}

FIXTURE_TEARDOWN(vram)
{
	virtgpu_blob_destroy(&self->blob);
	virtgpu_blob_destroy(&self->report);
	close(self->fd);
}

TEST_F(vram, read_first)
{
	ASSERT_EQ(0, virtgpu_fill(&self->blob, SEED_HOST, 0, VRAM_PAGES));
	EXPECT_EQ(0, pages_read(self->words, VRAM_PAGES, SEED_HOST));
	pages_write(self->words, VRAM_PAGES, SEED_GUEST);
	EXPECT_TRUE(pages_seen(&self->blob, &self->report, SEED_GUEST));
	report_touched(pages_touched);
}

TEST_F(vram, write_first)
{
	size_t i, wrong = 0;

	pages_write(self->words, VRAM_PAGES, SEED_GUEST);
	EXPECT_TRUE(pages_seen(&self->blob, &self->report, SEED_GUEST));
	ASSERT_EQ(0, virtgpu_fill(&self->blob, SEED_HOST, 0, VRAM_PAGES));
	EXPECT_EQ(0, pages_read(self->words, VRAM_PAGES, SEED_HOST));
	/* The words that nobody has written must be those of a new buffer. */
	for (i = 2; i < VRAM_SIZE / sizeof(uint64_t); i += PAGE_WORDS)
		wrong += page_load(self->words + i) != 0;
	EXPECT_EQ(0, wrong);
	report_touched(pages_touched);
}

TEST_F(vram, a_new_mapping_shows_the_same)
{
	pages_write(self->words, VRAM_PAGES, SEED_GUEST);
	virtgpu_blob_unmap(&self->blob);
	ASSERT_EQ(0, virtgpu_blob_map(&self->blob));
	EXPECT_EQ(0, pages_read(self->blob.map, VRAM_PAGES, SEED_GUEST));
	report_touched(pages_touched);
}

TEST_F(vram, prime)
{
	uint32_t handle;
	uint64_t *shared;
	int dmabuf;

	pages_write(self->words, VRAM_PAGES, SEED_GUEST);
	ASSERT_EQ(0, drmPrimeHandleToFD(self->fd, self->blob.handle,
					DRM_CLOEXEC | DRM_RDWR, &dmabuf));
	EXPECT_EQ(VRAM_SIZE, lseek(dmabuf, 0, SEEK_END));
	ASSERT_EQ(0, drmPrimeFDToHandle(self->fd, dmabuf, &handle));
	EXPECT_EQ(self->blob.handle, handle);
	shared = mmap(NULL, VRAM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf, 0);
	ASSERT_NE(MAP_FAILED, shared);
	EXPECT_EQ(0, pages_read(shared, VRAM_PAGES, SEED_GUEST));
	/* Without a handle it lives until its last mapping is gone. */
	virtgpu_blob_destroy(&self->blob);
	close(dmabuf);
	pages_write(shared, VRAM_PAGES, SEED_HOST);
	EXPECT_EQ(0, pages_read(shared, VRAM_PAGES, SEED_HOST));
	munmap(shared, VRAM_SIZE);
	report_touched(pages_touched);
}

TEST_F(vram, many_at_once)
{
	struct virtgpu_blob blobs[24];
	const uint64_t pages = 16;
	size_t i, all = 0;

	for (i = 0; i < ARRAY_SIZE(blobs); i++) {
		ASSERT_EQ(0, virtgpu_vram_create(self->fd, variant->blob_id, pages * PAGE,
						 &blobs[i]));
		ASSERT_EQ(0, virtgpu_fill(&blobs[i], i, 0, pages));
		ASSERT_EQ(0, virtgpu_blob_map(&blobs[i]));
	}
	for (i = 0; i < ARRAY_SIZE(blobs); i++) {
		EXPECT_EQ(0, pages_read(blobs[i].map, pages, i));
		pages_write(blobs[i].map, pages, ~i);
		all += pages_touched;
	}
	for (i = 0; i < ARRAY_SIZE(blobs); i++) {
		EXPECT_TRUE(pages_seen(&blobs[i], &self->report, ~i));
		if (i % 2)
			virtgpu_blob_destroy(&blobs[i]);
	}
	for (i = 0; i < ARRAY_SIZE(blobs); i += 2) {
		EXPECT_EQ(0, pages_read(blobs[i].map, pages, ~i));
		virtgpu_blob_destroy(&blobs[i]);
	}
	report_touched(all);
}

/*
 * A thread that reads a blob while blobs are mapped and unmapped. Every word that it reads must
 * belong to a round that was running at that time, and to that page.
 */
#define TOUCH_PAGES 64
#define TOUCH_ROUNDS 8

struct toucher {
	uint64_t *_Atomic words;
	atomic_uint round;
	atomic_bool stop;
	size_t reads;
	size_t faults;
	size_t wrong;
};

static __thread sigjmp_buf touch_fault;

static void on_segv(int signal)
{
	(void)signal;
	siglongjmp(touch_fault, 1);
}

static uint64_t touch_value(unsigned int round, size_t page)
{
	return (uint64_t)round << 32 | page;
}

static void touch(struct toucher *toucher, unsigned int before,
		  const uint64_t *words, size_t page)
{
	unsigned int after;
	uint64_t value;

	if (sigsetjmp(touch_fault, 1)) {
		toucher->faults++;
		return;
	}
	value = page_load(words + page * PAGE_WORDS);
	after = atomic_load(&toucher->round);
	toucher->reads++;
	/* Map a new blob, which is not written yet, at the same address. */
	if (!value && before != after)
		return;
	toucher->wrong += value < touch_value(before, page) ||
			  value > touch_value(after, page) || (uint32_t)value != page;
}

static void *touch_all(void *arg)
{
	struct toucher *toucher = arg;
	size_t page = 0;

	while (!atomic_load(&toucher->stop)) {
		/* Read in this order: the address then belongs to this round or a later one. */
		unsigned int round = atomic_load(&toucher->round);
		const uint64_t *words = atomic_load(&toucher->words);

		if (words)
			touch(toucher, round, words, page++ % TOUCH_PAGES);
	}
	return NULL;
}

static void wait_for(const size_t *count, size_t more)
{
	size_t until = __atomic_load_n(count, __ATOMIC_RELAXED) + more;

	while (__atomic_load_n(count, __ATOMIC_RELAXED) < until)
		usleep(100);
}

TEST_F(vram, unmap_under_access)
{
	struct sigaction action = { .sa_handler = on_segv };
	struct toucher toucher = { 0 };
	pthread_t thread;
	unsigned int round;
	size_t all = 0;

	ASSERT_EQ(0, sigaction(SIGSEGV, &action, NULL));
	ASSERT_EQ(0, pthread_create(&thread, NULL, touch_all, &toucher));
	for (round = 1; round <= TOUCH_ROUNDS; round++) {
		struct virtgpu_blob blob;
		uint64_t *words;
		size_t page;

		ASSERT_EQ(0, virtgpu_vram_create(self->fd, variant->blob_id,
						 TOUCH_PAGES * PAGE, &blob));
		/* Announce the round before any of its data is visible. */
		atomic_store(&toucher.round, round);
		ASSERT_EQ(0, virtgpu_blob_map(&blob));
		words = blob.map;
		for (page = 0; page < TOUCH_PAGES; page++)
			page_store(words + page * PAGE_WORDS, touch_value(round, page));
		all += page;
		atomic_store(&toucher.words, words);
		wait_for(&toucher.reads, TOUCH_PAGES);
		virtgpu_blob_unmap(&blob);
		wait_for(&toucher.faults, 1);
		atomic_store(&toucher.words, NULL);
		virtgpu_blob_destroy(&blob);
	}
	atomic_store(&toucher.stop, true);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, toucher.wrong);
	EXPECT_LE(TOUCH_ROUNDS, toucher.faults);
	report_touched(all);
}

TEST_HARNESS_MAIN
