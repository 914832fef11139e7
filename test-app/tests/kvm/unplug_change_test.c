// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device is unplugged while a guest has a buffer of it: what KVM gives the guest then, with
 * each of the two answers that drivers have (module parameter unplug_dummy). Each test loads the
 * module anew.
 */

#include "kselftest_harness.h"

#include "buffer.h"
#include "driver.h"
#include "hostmap.h"
#include "pass.h"
#include "pattern.h"
#include "program.h"
#include "quiet.h"
#include "reload.h"

#define SLOT 1
#define PAGES 16
#define SIZE (PAGES * GUEST_PAGE_SIZE)

FIXTURE(unplug) {
	int kmsg;
	int fd;
	struct vmm *vm;
	struct mockgpu_bo bo;
	struct pass pass;
};

/* The guest touches every page. Return: how many ended with @wanted. */
static size_t pass(struct __test_metadata *_metadata, struct _test_data_unplug *self,
		   enum guest_op op, enum guest_result wanted)
{
	return pass_all(_metadata, self->vm, &self->pass, op, wanted);
}

FIXTURE_SETUP(unplug)
{
	char *at = hostmap_reserve(SIZE);

	ASSERT_NE(NULL, at);
	ASSERT_EQ(0, module_reload("vram_size=4194304"));
	self->kmsg = quiet_begin(_metadata);
	self->fd = mockgpu_open(NULL, 0);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, vm_buffer_create(self->fd, MOCKGPU_KIND_SPLIT, 2, 0, SIZE, &self->bo));
	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, at));
	ASSERT_EQ(0, vmm_create(&self->vm, 1));
	ASSERT_EQ(0, vmm_slot_set(self->vm, SLOT, VMM_BUFFER_GPA, at, SIZE, 0));
	/* KVM has all of them. */
	guest_fill(at, PAGES, 1);
	self->pass = (struct pass){ .pages = PAGES, .seed = 1 };
	ASSERT_EQ(PAGES, pass(_metadata, self, GUEST_READ, GUEST_MAPPED));
	ASSERT_EQ(0, self->pass.touch.wrong_words);
}

FIXTURE_TEARDOWN(unplug)
{
	vmm_destroy(self->vm);
	/* The handle goes with its file. */
	EXPECT_EQ(0, mockgpu_bo_unmap(&self->bo));
	EXPECT_EQ(0, close(self->fd));
	EXPECT_EQ(0, module_unload_wait());
	quiet_end(_metadata, self->kmsg);
}

TEST_F(unplug, without_a_page_the_guest_gets_efault)
{
	ASSERT_EQ(0, mockgpu_unplug(self->fd));
	EXPECT_EQ(PAGES, pass(_metadata, self, GUEST_READ, GUEST_EFAULT));
	EXPECT_EQ(PAGES, pass(_metadata, self, GUEST_WRITE, GUEST_EFAULT));
}

/* Nothing of the buffer is left, and all of the guest's pages are one. */
TEST_F(unplug, with_a_dummy_page_all_pages_are_one)
{
	const uint64_t *words = self->bo.map;
	size_t page, i;

	ASSERT_EQ(0, mockgpu_unplug_dummy_set(true));
	ASSERT_EQ(0, mockgpu_unplug(self->fd));
	EXPECT_EQ(PAGES, pass(_metadata, self, GUEST_READ, GUEST_WRONG));
	EXPECT_EQ(0, self->pass.touch.wrong_value);
	EXPECT_TRUE(pattern_is_zero(self->bo.map, SIZE));
	EXPECT_EQ(PAGES, pass(_metadata, self, GUEST_WRITE, GUEST_MAPPED));
	/* What was written last. */
	for (page = 0; page < PAGES; page++)
		for (i = 0; i < GUEST_WORDS; i++)
			EXPECT_EQ(guest_value(1, PAGES - 1, guest_words[i]),
				  words[page * GUEST_PAGE_SIZE / sizeof(*words) + guest_words[i]]);
	EXPECT_EQ(PAGES - 1, pass(_metadata, self, GUEST_READ, GUEST_WRONG));
	EXPECT_EQ(GUEST_MAPPED, self->pass.result[PAGES - 1]);
	EXPECT_EQ(0, mockgpu_unplug_dummy_set(false));
}

int main(int argc, char **argv)
{
	if (!module_file())
		ksft_exit_skip("MOCKGPU_MODULE does not name the module to load for each test\n");
	program_needs_kvm(vm_buffer_unusable());
	return driver_run(argc, argv);
}
