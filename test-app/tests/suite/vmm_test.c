// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VMM layer on plain anonymous memory, without the driver: what every other KVM test here
 * relies on. A failure means that the suite or KVM is broken, not the driver.
 */

#include <pthread.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"

#include <linux/kvm.h>

#include "program.h"
#include "touch.h"

#define TEST_SLOT 1
#define TEST_PAGES 64
#define TEST_SIZE (TEST_PAGES * (size_t)GUEST_PAGE_SIZE)
#define TEST_SEED 0x5eed

/* A page without access that becomes accessible as soon as KVM_RUN has failed, or NULL. */
static void *test_cured_page;

/* Replaces libc's function in all of this program. */
int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;
	int ret;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	ret = syscall(SYS_ioctl, fd, request, arg);
	if (ret < 0 && errno == EFAULT && request == KVM_RUN && test_cured_page) {
		mprotect(test_cured_page, GUEST_PAGE_SIZE, PROT_READ | PROT_WRITE);
		test_cured_page = NULL;
		errno = EFAULT;
	}
	return ret;
}

FIXTURE(vmm) {
	struct vmm *vm;
	char *memory;
	uint32_t sequence[TEST_PAGES];
	uint8_t result[TEST_PAGES];
	struct touch touch;
};

FIXTURE_SETUP(vmm)
{
	uint32_t i;

	ASSERT_EQ(0, vmm_create(&self->vm, 2));
	self->memory = mmap(NULL, TEST_SIZE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->memory);
	ASSERT_EQ(0, vmm_slot_set(self->vm, TEST_SLOT, VMM_BUFFER_GPA, self->memory,
				  TEST_SIZE, 0));
	for (i = 0; i < TEST_PAGES; i++)
		self->sequence[i] = i;
	self->touch = (struct touch){
		.gpa = VMM_BUFFER_GPA, .seed = TEST_SEED,
		.sequence = self->sequence, .accesses = TEST_PAGES,
		.result = self->result,
	};
}

FIXTURE_TEARDOWN(vmm)
{
	vmm_destroy(self->vm);
	munmap(self->memory, TEST_SIZE);
}

static uint64_t *test_word(char *memory, uint32_t page, uint32_t word)
{
	return (uint64_t *)(memory + (size_t)page * GUEST_PAGE_SIZE) + word;
}

static void test_fill(char *memory, uint64_t seed)
{
	guest_fill(memory, TEST_PAGES, seed);
}

static unsigned int test_count(const uint8_t *result, enum guest_result wanted)
{
	unsigned int page, count = 0;

	for (page = 0; page < TEST_PAGES; page++)
		count += result[page] == wanted;
	return count;
}

TEST_F(vmm, guest_reads_what_the_host_wrote)
{
	test_fill(self->memory, TEST_SEED);
	self->touch.op = GUEST_READ;
	ASSERT_EQ(0, touch_run(vmm_vcpu_get(self->vm, 0), &self->touch));
	EXPECT_EQ(TEST_PAGES, test_count(self->result, GUEST_MAPPED));
	EXPECT_EQ(0, self->touch.wrong_words);
	EXPECT_EQ(0, self->touch.spurious);
}

TEST_F(vmm, host_reads_what_the_guest_wrote)
{
	size_t page, i;

	self->touch.op = GUEST_WRITE;
	ASSERT_EQ(0, touch_run(vmm_vcpu_get(self->vm, 0), &self->touch));
	EXPECT_EQ(TEST_PAGES, test_count(self->result, GUEST_MAPPED));
	for (page = 0; page < TEST_PAGES; page++) {
		for (i = 0; i < GUEST_WORDS; i++)
			EXPECT_EQ(guest_value(TEST_SEED, page, guest_words[i]),
				  *test_word(self->memory, page, guest_words[i]));
	}
}

TEST_F(vmm, a_wrong_word_is_found)
{
	test_fill(self->memory, TEST_SEED);
	*test_word(self->memory, 7, 511) = 0xbad;
	self->touch.op = GUEST_READ;
	ASSERT_EQ(0, touch_run(vmm_vcpu_get(self->vm, 0), &self->touch));
	EXPECT_EQ(TEST_PAGES - 1, test_count(self->result, GUEST_MAPPED));
	EXPECT_EQ(GUEST_WRONG, self->result[7]);
	EXPECT_EQ(1, self->touch.wrong_words);
	EXPECT_EQ(7, self->touch.wrong_page);
	EXPECT_EQ(511, self->touch.wrong_word);
	EXPECT_EQ(0xbad, self->touch.wrong_value);
}

TEST_F(vmm, pages_without_memory_fault_and_no_other)
{
	ASSERT_EQ(0, munmap(self->memory + 3 * GUEST_PAGE_SIZE, GUEST_PAGE_SIZE));
	ASSERT_EQ(0, mprotect(self->memory + 9 * GUEST_PAGE_SIZE, GUEST_PAGE_SIZE,
			      PROT_NONE));
	self->touch.op = GUEST_WRITE;
	ASSERT_EQ(0, touch_run(vmm_vcpu_get(self->vm, 0), &self->touch));
	EXPECT_EQ(GUEST_EFAULT, self->result[3]);
	EXPECT_EQ(GUEST_EFAULT, self->result[9]);
	EXPECT_EQ(TEST_PAGES - 2, test_count(self->result, GUEST_MAPPED));
	EXPECT_EQ(0, self->touch.spurious);
}

TEST_F(vmm, a_fault_that_the_retry_cures_is_counted_apart)
{
	test_fill(self->memory, TEST_SEED);
	test_cured_page = self->memory + 9 * GUEST_PAGE_SIZE;
	ASSERT_EQ(0, mprotect(test_cured_page, GUEST_PAGE_SIZE, PROT_NONE));
	ASSERT_EQ(0, munmap(self->memory + 10 * GUEST_PAGE_SIZE, GUEST_PAGE_SIZE));
	self->touch.op = GUEST_READ;
	ASSERT_EQ(0, touch_run(vmm_vcpu_get(self->vm, 0), &self->touch));
	EXPECT_EQ(NULL, test_cured_page);
	EXPECT_EQ(1, self->touch.spurious);
	EXPECT_EQ(GUEST_MAPPED, self->result[9]);
	EXPECT_EQ(GUEST_EFAULT, self->result[10]);
	EXPECT_EQ(TEST_PAGES - 1, test_count(self->result, GUEST_MAPPED));
	EXPECT_EQ(0, self->touch.wrong_words);
}

TEST_F(vmm, the_order_of_the_visit_is_kept)
{
	struct guest_work *work = vmm_vcpu_work(vmm_vcpu_get(self->vm, 0));
	uint32_t i;

	/* The second half only, backwards; the page touched last has no memory. */
	for (i = 0; i < TEST_PAGES / 2; i++)
		self->sequence[i] = TEST_PAGES - 1 - i;
	self->touch.accesses = TEST_PAGES / 2;
	self->touch.op = GUEST_WRITE;
	ASSERT_EQ(0, munmap(self->memory + TEST_SIZE / 2, GUEST_PAGE_SIZE));
	ASSERT_EQ(0, touch_run(vmm_vcpu_get(self->vm, 0), &self->touch));
	EXPECT_EQ(GUEST_EFAULT, self->result[TEST_PAGES / 2]);
	EXPECT_EQ(GUEST_STEP(TEST_PAGES / 2 - 1, 0), work->step);
	EXPECT_EQ(TEST_PAGES / 2, test_count(self->result, GUEST_PENDING));
	EXPECT_EQ(TEST_PAGES / 2 - 1, test_count(self->result, GUEST_MAPPED));
}

TEST_F(vmm, a_moved_slot_is_at_its_new_place_only)
{
	struct vmm_vcpu *vcpu = vmm_vcpu_get(self->vm, 0);

	test_fill(self->memory, TEST_SEED);
	ASSERT_EQ(0, vmm_slot_set(self->vm, TEST_SLOT, VMM_BUFFER_GPA + TEST_SIZE,
				  self->memory, TEST_SIZE, 0));
	self->touch.op = GUEST_READ;
	self->touch.gpa = VMM_BUFFER_GPA + TEST_SIZE;
	ASSERT_EQ(0, touch_run(vcpu, &self->touch));
	EXPECT_EQ(TEST_PAGES, test_count(self->result, GUEST_MAPPED));

	self->touch.gpa = VMM_BUFFER_GPA;
	EXPECT_EQ(-EIO, touch_run(vcpu, &self->touch));
	EXPECT_EQ(KVM_EXIT_MMIO, vmm_vcpu_kvm_run(vcpu)->exit_reason);
	EXPECT_EQ(VMM_BUFFER_GPA, vmm_vcpu_kvm_run(vcpu)->mmio.phys_addr);
}

TEST_F(vmm, a_deleted_slot_is_out_of_reach_and_can_come_back)
{
	struct vmm_vcpu *vcpu = vmm_vcpu_get(self->vm, 0);

	self->touch.op = GUEST_WRITE;
	ASSERT_EQ(0, touch_run(vcpu, &self->touch));
	ASSERT_EQ(0, vmm_slot_delete(self->vm, TEST_SLOT));
	memset(self->memory, 0, TEST_SIZE);
	EXPECT_EQ(-EIO, touch_run(vcpu, &self->touch));
	EXPECT_EQ(KVM_EXIT_MMIO, vmm_vcpu_kvm_run(vcpu)->exit_reason);
	EXPECT_EQ(0, *test_word(self->memory, 0, 0));

	ASSERT_EQ(0, vmm_slot_set(self->vm, TEST_SLOT, VMM_BUFFER_GPA, self->memory,
				  TEST_SIZE, 0));
	ASSERT_EQ(0, touch_run(vcpu, &self->touch));
	EXPECT_EQ(TEST_PAGES, test_count(self->result, GUEST_MAPPED));
}

TEST_F(vmm, a_write_to_a_read_only_slot_does_not_arrive)
{
	struct vmm_vcpu *vcpu = vmm_vcpu_get(self->vm, 0);

	test_fill(self->memory, TEST_SEED);
	ASSERT_EQ(0, vmm_slot_delete(self->vm, TEST_SLOT));
	ASSERT_EQ(0, vmm_slot_set(self->vm, TEST_SLOT, VMM_BUFFER_GPA, self->memory,
				  TEST_SIZE, KVM_MEM_READONLY));
	self->touch.op = GUEST_READ;
	ASSERT_EQ(0, touch_run(vcpu, &self->touch));
	EXPECT_EQ(TEST_PAGES, test_count(self->result, GUEST_MAPPED));

	self->touch.op = GUEST_WRITE;
	self->touch.seed = ~TEST_SEED;
	EXPECT_EQ(-EIO, touch_run(vcpu, &self->touch));
	EXPECT_TRUE(vmm_vcpu_kvm_run(vcpu)->mmio.is_write);
	EXPECT_EQ(guest_value(TEST_SEED, 0, 0), *test_word(self->memory, 0, 0));
}

TEST_F(vmm, overlapping_slots_are_refused)
{
	EXPECT_EQ(-EEXIST, vmm_slot_set(self->vm, TEST_SLOT + 1, VMM_BUFFER_GPA,
					self->memory, TEST_SIZE, 0));
	EXPECT_EQ(-EINVAL, vmm_slot_set(self->vm, TEST_SLOT + 1, VMM_BUFFER_GPA + 1,
					self->memory, TEST_SIZE, 0));
}

struct test_device {
	uint64_t reads;
	uint64_t writes;
};

static uint64_t test_device_read(void *opaque, uint64_t offset, unsigned int size)
{
	struct test_device *device = opaque;

	(void)size;
	device->reads++;
	return guest_value(TEST_SEED, offset / GUEST_PAGE_SIZE,
			   offset % GUEST_PAGE_SIZE / sizeof(uint64_t));
}

static void test_device_write(void *opaque, uint64_t offset, unsigned int size,
			      uint64_t value)
{
	struct test_device *device = opaque;

	if (size == sizeof(value) && value == test_device_read(opaque, offset, size))
		device->writes++;
	device->reads--;
}

TEST_F(vmm, a_device_answers_reads_and_gets_writes)
{
	static const struct vmm_mmio_ops ops = { test_device_read, test_device_write };
	struct test_device device = { 0, 0 };
	struct vmm_vcpu *vcpu = vmm_vcpu_get(self->vm, 0);

	ASSERT_EQ(0, vmm_mmio_add(self->vm, VMM_MMIO_GPA, TEST_SIZE, &ops, &device));
	EXPECT_EQ(-EEXIST, vmm_mmio_add(self->vm, VMM_MMIO_GPA + TEST_SIZE - 1, 1,
					&ops, &device));
	self->touch.gpa = VMM_MMIO_GPA;
	self->touch.op = GUEST_READ;
	ASSERT_EQ(0, touch_run(vcpu, &self->touch));
	EXPECT_EQ(TEST_PAGES, test_count(self->result, GUEST_MAPPED));
	EXPECT_EQ(TEST_PAGES * GUEST_WORDS, device.reads);

	self->touch.op = GUEST_WRITE;
	ASSERT_EQ(0, touch_run(vcpu, &self->touch));
	EXPECT_EQ(TEST_PAGES * GUEST_WORDS, device.writes);
}

struct test_thread {
	struct vmm_vcpu *vcpu;
	struct touch touch;
	uint32_t sequence[TEST_PAGES / 2];
	int ret;
};

static void *test_thread_run(void *arg)
{
	struct test_thread *thread = arg;

	thread->ret = touch_run(thread->vcpu, &thread->touch);
	return NULL;
}

TEST_F(vmm, two_vcpus_run_at_once)
{
	struct test_thread thread[2];
	pthread_t id[2];
	uint32_t i, j;

	for (i = 0; i < 2; i++) {
		for (j = 0; j < TEST_PAGES / 2; j++)
			thread[i].sequence[j] = 2 * j + i;
		thread[i].vcpu = vmm_vcpu_get(self->vm, i);
		thread[i].touch = self->touch;
		thread[i].touch.op = GUEST_WRITE;
		thread[i].touch.sequence = thread[i].sequence;
		thread[i].touch.accesses = TEST_PAGES / 2;
		ASSERT_EQ(0, pthread_create(&id[i], NULL, test_thread_run, &thread[i]));
	}
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, pthread_join(id[i], NULL));
		EXPECT_EQ(0, thread[i].ret);
	}
	EXPECT_EQ(TEST_PAGES, test_count(self->result, GUEST_MAPPED));
	for (i = 0; i < TEST_PAGES; i++)
		EXPECT_EQ(guest_value(TEST_SEED, i, 511), *test_word(self->memory, i, 511));
}

TEST(bad_numbers_of_vcpus_are_refused)
{
	struct vmm *vm;

	EXPECT_EQ(-EINVAL, vmm_create(&vm, 0));
	EXPECT_EQ(-EINVAL, vmm_create(&vm, VMM_MAX_VCPUS + 1));
	vmm_destroy(NULL);
}

int main(int argc, char **argv)
{
	program_needs_kvm(vmm_unusable());
	return test_harness_run(argc, argv);
}
