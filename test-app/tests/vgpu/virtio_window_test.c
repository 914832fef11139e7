// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host-visible region of the app's own VMM, in both memslot layouts and with both methods:
 * what is there, what is not, many blobs at once, and blobs that are destroyed while the guest
 * touches them.
 *
 * Environment: MOCKGPU_LONG=1 uses larger numbers.
 */

#include <pthread.h>
#include <sys/mman.h>
#include <time.h>

#include "kselftest_harness.h"

#include "array.h"
#include "buffer.h"
#include "clock.h"
#include "program.h"
#include "touch.h"
#include "gpu_vm_setup.h"

#define SEED 0x77696e00ull

FIXTURE(window) {
	struct driver driver;
	struct gpu_vm gpu_vm;
};

FIXTURE_VARIANT(window) {
	enum gpu_vm_layout layout;
	enum vgpu_map_method method;
};

FIXTURE_VARIANT_ADD(window, slot_mmap) { GPU_VM_SLOTTED, VGPU_MAP_BY_MMAP };
FIXTURE_VARIANT_ADD(window, slot_virgl) { GPU_VM_SLOTTED, VGPU_MAP_BY_VIRGL };
FIXTURE_VARIANT_ADD(window, arena_mmap) { GPU_VM_ARENA, VGPU_MAP_BY_MMAP };
#ifdef VGPU_HAVE_VIRGL_MAP_FIXED
FIXTURE_VARIANT_ADD(window, arena_virgl) { GPU_VM_ARENA, VGPU_MAP_BY_VIRGL };
#endif

FIXTURE_SETUP(window)
{
	const char *unusable = vgpu_map_method_unusable(variant->method, false);

	if (unusable)
		SKIP(return, "%s", unusable);
	driver_setup(_metadata, &self->driver);
	vm_setup(_metadata, &self->gpu_vm, self->driver.fd, variant->layout, variant->method);
}

FIXTURE_TEARDOWN(window)
{
	vm_teardown(_metadata, &self->gpu_vm);
	driver_teardown(_metadata, &self->driver);
}

TEST_F(window, the_guest_finds_the_device)
{
	const struct guest_gpu *gpu = vmm_gpu(self->gpu_vm.vm);

	EXPECT_EQ(GPU_VM_GPA, gpu->window_gpa);
	EXPECT_EQ(GPU_VM_SIZE, gpu->window);
	EXPECT_EQ(vgpu_features(self->gpu_vm.gpu), gpu->features);
	EXPECT_EQ(1, gpu->capsets);
}

/* One pass of the guest over a mapped blob's first pages. */
static struct touch blob_touch(struct __test_metadata *_metadata, struct gpu_vm *gpu_vm,
			       enum guest_op op, uint64_t offset, uint64_t seed, size_t pages)
{
	static uint32_t sequence[16];
	static uint8_t result[16];
	struct touch touch = {
		.op = op, .gpa = GPU_VM_GPA + offset, .seed = seed,
		.sequence = sequence, .accesses = pages, .result = result,
	};
	size_t i;

	for (i = 0; i < pages; i++)
		sequence[i] = i;
	EXPECT_EQ(0, touch_run(vmm_vcpu_get(gpu_vm->vm, 0), &touch))
		TH_LOG("%s", vmm_vcpu_strexit(vmm_vcpu_get(gpu_vm->vm, 0)));
	EXPECT_EQ(0, touch.wrong_words);
	EXPECT_EQ(0, touch.spurious);
	return touch;
}

/* Count the words of one page, in the device's own mapping, that differ from the guest's. */
static size_t host_wrong(struct gpu_vm *gpu_vm, uint32_t id, uint64_t seed, size_t page)
{
	const char *memory = vgpu_blob_access(vgpu_blob_find(gpu_vm->gpu, id));

	return guest_page_differences(memory + page * PAGE, seed, page);
}

/*
 * Let the guest write to a mapped blob and read it back; the host must find the same, except in
 * pages without a reference if this kernel refuses them.
 */
static void expect_data(struct __test_metadata *_metadata, struct gpu_vm *gpu_vm, uint32_t id,
			uint64_t offset, uint64_t seed)
{
	struct vgpu_blob *blob = vgpu_blob_find(gpu_vm->gpu, id);
	size_t i, pages = vgpu_blob_size(blob) / PAGE, refused = 0, refusable = 0;
	struct drm_mockgpu_page page[16] = { 0 };
	struct touch touch;

	ASSERT_GE(ARRAY_SIZE(page), pages);
	if (vgpu_blob_bo(blob))
		ASSERT_EQ(pages, mockgpu_bo_pages(vgpu_blob_bo(blob), 0, pages, page));
	touch = blob_touch(_metadata, gpu_vm, GUEST_WRITE, offset, seed, pages);
	for (i = 0; i < pages; i++) {
		bool may = vgpu_blob_bo(blob) && behaviour_excused(BEHAVIOUR_REFUSES_TAILS) &&
			   judge_page_refusable(&page[i]);

		refusable += may;
		refused += touch.result[i] == GUEST_EFAULT;
		EXPECT_TRUE(may || touch.result[i] == GUEST_MAPPED);
		if (touch.result[i] == GUEST_MAPPED)
			EXPECT_EQ(0, host_wrong(gpu_vm, id, seed, i));
	}
	if (!refused)
		blob_touch(_metadata, gpu_vm, GUEST_READ, offset, seed, pages);
	EXPECT_EQ(refusable, refused);
}

/* Run an access where nothing is mapped: how it ends depends on the layout. */
static void expect_nothing_at(struct __test_metadata *_metadata, struct gpu_vm *gpu_vm,
			      uint64_t offset)
{
	struct vmm_vcpu *vcpu = vmm_vcpu_get(gpu_vm->vm, 0);
	struct guest_work *work = vmm_vcpu_work(vcpu);
	enum guest_op op;

	for (op = GUEST_READ; op <= GUEST_WRITE; op++) {
		ASSERT_EQ(0, touch_start_page(vcpu, op, GPU_VM_GPA + offset, 0, 0));
		EXPECT_EQ(gpu_vm->arena ? VMM_EXIT_EFAULT : VMM_EXIT_MMIO, vmm_vcpu_run(vcpu))
			TH_LOG("%s", vmm_vcpu_strexit(vcpu));
		EXPECT_EQ(0, GUEST_STEP_ITEM(work->step));
	}
}

TEST_F(window, nothing_is_there_without_a_blob)
{
	expect_nothing_at(_metadata, &self->gpu_vm, 0);
	expect_nothing_at(_metadata, &self->gpu_vm, GPU_VM_SIZE - PAGE);
	ASSERT_EQ(OK, gpu_vm_create_blob(&self->gpu_vm, ID, VGPU_BLOB_ID_MEMFD, PAGE));
	expect_nothing_at(_metadata, &self->gpu_vm, 0);
	ASSERT_EQ(OK_MAP, gpu_vm_map_blob(&self->gpu_vm, ID, PAGE));
	expect_data(_metadata, &self->gpu_vm, ID, PAGE, SEED);
	expect_nothing_at(_metadata, &self->gpu_vm, 0);
	expect_nothing_at(_metadata, &self->gpu_vm, 2 * PAGE);
	EXPECT_FALSE(gpu_vm_is_empty(&self->gpu_vm));
}

TEST_F(window, bad_requests_change_nothing)
{
	const uint32_t bad = VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
	const uint32_t unknown = VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
	struct gpu_vm *gpu_vm = &self->gpu_vm;

	EXPECT_EQ(unknown, gpu_vm_map_blob(gpu_vm, ID, 0));
	EXPECT_EQ(unknown, gpu_vm_unmap_blob(gpu_vm, ID));
	ASSERT_EQ(OK, gpu_vm_create_blob(gpu_vm, ID, OF_KIND(SPLIT, 0), 2 * PAGE));
	ASSERT_EQ(OK, gpu_vm_create_blob(gpu_vm, ID + 1, VGPU_BLOB_ID_MEMFD, 2 * PAGE));
	EXPECT_EQ(bad, gpu_vm_unmap_blob(gpu_vm, ID));
	EXPECT_EQ(bad, gpu_vm_map_blob(gpu_vm, ID, GPU_VM_SIZE));
	EXPECT_EQ(bad, gpu_vm_map_blob(gpu_vm, ID, GPU_VM_SIZE - PAGE));
	EXPECT_EQ(bad, gpu_vm_map_blob(gpu_vm, ID, UINT64_MAX - PAGE + 1));
	EXPECT_EQ(bad, gpu_vm_map_blob(gpu_vm, ID, 1));
	EXPECT_TRUE(gpu_vm_is_empty(gpu_vm));
	ASSERT_EQ(OK_MAP, gpu_vm_map_blob(gpu_vm, ID, 4 * PAGE));
	EXPECT_EQ(bad, gpu_vm_map_blob(gpu_vm, ID, 8 * PAGE));
	EXPECT_EQ(bad, gpu_vm_map_blob(gpu_vm, ID + 1, 3 * PAGE));
	EXPECT_EQ(bad, gpu_vm_map_blob(gpu_vm, ID + 1, 5 * PAGE));
	expect_data(_metadata, gpu_vm, ID, 4 * PAGE, SEED);
	ASSERT_EQ(OK_MAP, gpu_vm_map_blob(gpu_vm, ID + 1, 6 * PAGE));
	expect_data(_metadata, gpu_vm, ID + 1, 6 * PAGE, SEED);
	EXPECT_EQ(OK, gpu_vm_unmap_blob(gpu_vm, ID));
	EXPECT_EQ(bad, gpu_vm_unmap_blob(gpu_vm, ID));
	expect_nothing_at(_metadata, gpu_vm, 4 * PAGE);
	expect_data(_metadata, gpu_vm, ID + 1, 6 * PAGE, SEED + 1);
}

/* Kinds of small blobs, with the tails that old kernels refuse. */
static const struct {
	uint64_t blob_id;
	size_t pages;
} small[] = {
	{ VGPU_BLOB_ID_MEMFD, 2 },
	{ OF_KIND(TTM, 0), 3 },
	{ OF_KIND(NONCOMPOUND, 1), 2 },
	{ OF_KIND(COMPOUND, 1), 2 },
	{ OF_KIND(SPLIT, 0), 1 },
	{ OF_KIND(RESERVED, 1), 2 },
};

#define MANY 256
#define MANY_STRIDE (4 * PAGE)
/* Tests that do not depend on the method. */
#define FEW 24

/* Some of many blobs: every @step-th of @count from @first on. */
struct many {
	unsigned int first;
	unsigned int step;
	unsigned int count;
};

/* Create and map them, or destroy them, in one list. */
static void many_run(struct __test_metadata *_metadata, struct gpu_vm *gpu_vm, struct many many,
		     bool make)
{
	static struct guest_gpu_command command[2 * MANY];
	unsigned int i, count = 0;

	for (i = many.first; i < many.count; i += many.step) {
		if (make)
			command[count++] = (struct guest_gpu_command){
				.op = GUEST_GPU_CREATE, .id = ID + i,
				.blob_id = small[i % ARRAY_SIZE(small)].blob_id,
				.size = small[i % ARRAY_SIZE(small)].pages * PAGE,
			};
		command[count++] = (struct guest_gpu_command){
			.op = make ? GUEST_GPU_MAP : GUEST_GPU_UNREF, .id = ID + i,
			.offset = i * MANY_STRIDE,
		};
	}
	ASSERT_EQ(0, gpu_vm_run(gpu_vm, command, count));
	for (i = 0; i < count; i++)
		EXPECT_EQ(command[i].op == GUEST_GPU_MAP ? OK_MAP : OK, command[i].answer);
}

static void many_expect(struct __test_metadata *_metadata, struct gpu_vm *gpu_vm,
			struct many many, uint64_t seed)
{
	unsigned int i;

	for (i = many.first; i < many.count; i += many.step)
		expect_data(_metadata, gpu_vm, ID + i, i * MANY_STRIDE, seed + i);
}

TEST_F(window, many_blobs_at_once)
{
	bool all = variant->method == VGPU_MAP_BY_MMAP || test_is_long();
	const struct many every = { 0, 1, all ? MANY : FEW };
	const struct many odd = { 1, 2, every.count };
	struct gpu_vm *gpu_vm = &self->gpu_vm;

	many_run(_metadata, gpu_vm, every, true);
	EXPECT_EQ(every.count, vgpu_counts(gpu_vm->gpu).mapped);
	many_expect(_metadata, gpu_vm, every, SEED);
	/* Every other one is destroyed while it is mapped, and a new one takes its place. */
	many_run(_metadata, gpu_vm, odd, false);
	expect_nothing_at(_metadata, gpu_vm, MANY_STRIDE);
	EXPECT_EQ(every.count / 2, vgpu_counts(gpu_vm->gpu).mapped);
	many_run(_metadata, gpu_vm, odd, true);
	many_expect(_metadata, gpu_vm, odd, SEED + MANY);
	many_run(_metadata, gpu_vm, every, false);
	EXPECT_TRUE(gpu_vm_is_empty(gpu_vm));
	driver_expect_usage(_metadata, &self->driver, 0, 0);
}

TEST_F(window, a_reset_takes_every_blob_away)
{
	struct guest_gpu_command reset = { .op = GUEST_GPU_RESET };
	struct guest_gpu_command init = { .op = GUEST_GPU_INIT };
	const struct many few = { 0, 1, FEW };
	struct gpu_vm *gpu_vm = &self->gpu_vm;

	many_run(_metadata, gpu_vm, few, true);
	ASSERT_EQ(0, gpu_vm_run(gpu_vm, &reset, 1));
	EXPECT_TRUE(gpu_vm_is_empty(gpu_vm));
	expect_nothing_at(_metadata, gpu_vm, 0);
	driver_expect_usage(_metadata, &self->driver, 0, 0);
	/* And the next driver starts with nothing. */
	ASSERT_EQ(0, gpu_vm_run(gpu_vm, &init, 1));
	many_run(_metadata, gpu_vm, few, true);
	many_expect(_metadata, gpu_vm, few, SEED);
}

TEST_F(window, rounds_leave_nothing_behind)
{
	unsigned int i, rounds = test_is_long() ? 2000 : 48;
	struct gpu_vm *gpu_vm = &self->gpu_vm;

	for (i = 0; i < rounds; i++) {
		const uint64_t offset = i % 32 * MANY_STRIDE;
		const uint32_t id = ID + i % 7;

		ASSERT_EQ(OK, gpu_vm_create_blob(gpu_vm, id, small[i % ARRAY_SIZE(small)].blob_id,
						 small[i % ARRAY_SIZE(small)].pages * PAGE));
		ASSERT_EQ(OK_MAP, gpu_vm_map_blob(gpu_vm, id, offset));
		expect_data(_metadata, gpu_vm, id, offset, SEED + i);
		if (i % 2)
			ASSERT_EQ(OK, gpu_vm_unmap_blob(gpu_vm, id));
		ASSERT_EQ(OK, gpu_vm_unref(gpu_vm, id));
		ASSERT_TRUE(gpu_vm_is_empty(gpu_vm));
	}
	driver_expect_usage(_metadata, &self->driver, 0, 0);
}

/* A second vCPU that does not stop touching a page. */
struct toucher {
	struct vmm_vcpu *vcpu;
	pthread_t thread;
	enum vmm_exit reason;
};

static void *toucher_run(void *arg)
{
	struct toucher *toucher = arg;

	toucher->reason = vmm_vcpu_run(toucher->vcpu);
	return NULL;
}

static volatile struct guest_work *toucher_start(struct __test_metadata *_metadata,
						 struct toucher *toucher, struct gpu_vm *gpu_vm)
{
	struct guest_work *work;

	toucher->vcpu = vmm_vcpu_get(gpu_vm->vm, 1);
	work = vmm_vcpu_work(toucher->vcpu);
	*work = (struct guest_work){ .gpa = GPU_VM_GPA, .op = GUEST_ECHO, .count = 1 };
	ASSERT_EQ(0, vmm_vcpu_start(toucher->vcpu));
	ASSERT_EQ(0, pthread_create(&toucher->thread, NULL, toucher_run, toucher));
	return work;
}

/* It ends by itself when its page is gone; otherwise it is told to, after a long time. */
static void toucher_join(struct toucher *toucher, volatile struct guest_work *work)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += 30;
	if (!pthread_timedjoin_np(toucher->thread, NULL, &end))
		return;
	work->stop = 1;
	pthread_join(toucher->thread, NULL);
}

/* Wait until the guest copies what it is given. Return: false after a long time. */
static bool echo_arrives(uint64_t *words, uint64_t value)
{
	int tries;

	__atomic_store_n(&words[GUEST_ECHO_IN], value, __ATOMIC_SEQ_CST);
	for (tries = 0; tries < 10000; tries++) {
		if (__atomic_load_n(&words[GUEST_ECHO_OUT], __ATOMIC_SEQ_CST) == value)
			return true;
		clock_pause(1);
	}
	return false;
}

/*
 * The blob is destroyed while a second vCPU touches it: that vCPU gets the exit of its layout,
 * and from the answer on nothing the guest does reaches the page.
 */
static void expect_gone_under_access(struct __test_metadata *_metadata, struct gpu_vm *gpu_vm,
				     uint64_t blob_id, bool unref)
{
	volatile struct guest_work *work;
	struct toucher toucher;
	uint64_t *words;
	int keep;

	ASSERT_EQ(OK, gpu_vm_create_blob(gpu_vm, ID, blob_id, PAGE));
	ASSERT_EQ(OK_MAP, gpu_vm_map_blob(gpu_vm, ID, 0));
	/* Another descriptor keeps the memory, to see what is written to it. */
	keep = dup(vgpu_blob_fd(vgpu_blob_find(gpu_vm->gpu, ID)));
	ASSERT_LE(0, keep);
	words = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, keep, 0);
	ASSERT_NE(MAP_FAILED, words);
	work = toucher_start(_metadata, &toucher, gpu_vm);
	EXPECT_TRUE(echo_arrives(words, 1));
	EXPECT_TRUE(echo_arrives(words, 2));
	EXPECT_EQ(OK, unref ? gpu_vm_unref(gpu_vm, ID) : gpu_vm_unmap_blob(gpu_vm, ID));
	__atomic_store_n(&words[GUEST_ECHO_IN], 3, __ATOMIC_SEQ_CST);
	toucher_join(&toucher, work);
	EXPECT_EQ(gpu_vm->arena ? VMM_EXIT_EFAULT : VMM_EXIT_MMIO, toucher.reason)
		TH_LOG("%s", vmm_vcpu_strexit(toucher.vcpu));
	EXPECT_EQ(2, words[GUEST_ECHO_OUT]);
	expect_nothing_at(_metadata, gpu_vm, 0);
	EXPECT_TRUE(gpu_vm_is_empty(gpu_vm));
	EXPECT_EQ(0, munmap(words, PAGE));
	EXPECT_EQ(0, close(keep));
	if (!unref)
		EXPECT_EQ(OK, gpu_vm_unref(gpu_vm, ID));
}

TEST_F(window, an_unmap_under_access)
{
	expect_gone_under_access(_metadata, &self->gpu_vm, OF_KIND(NONCOMPOUND, 0), false);
	expect_gone_under_access(_metadata, &self->gpu_vm, OF_KIND(SPLIT, 0) | IN_VRAM, false);
	expect_gone_under_access(_metadata, &self->gpu_vm, VGPU_BLOB_ID_MEMFD, false);
}

TEST_F(window, an_unref_under_access)
{
	expect_gone_under_access(_metadata, &self->gpu_vm, OF_KIND(NONCOMPOUND, 0), true);
	expect_gone_under_access(_metadata, &self->gpu_vm, VGPU_BLOB_ID_MEMFD, true);
}

/* The checks of this program must fail when a VMM forgets to unmap. */
TEST_F(window, an_unmap_that_forgets_is_seen)
{
	static const unsigned int forget[] = {
		GPU_VM_FORGET_SLOT | GPU_VM_FORGET_MAP, GPU_VM_FORGET_MAP, GPU_VM_FORGET_SLOT,
	};
	struct vmm_vcpu *vcpu = vmm_vcpu_get(self->gpu_vm.vm, 0);
	struct guest_work *work = vmm_vcpu_work(vcpu);
	struct gpu_vm *gpu_vm = &self->gpu_vm;
	size_t i;

	ASSERT_EQ(OK, gpu_vm_create_blob(gpu_vm, ID, OF_KIND(SPLIT, 0), PAGE));
	for (i = 0; i < ARRAY_SIZE(forget); i++) {
		bool slot = forget[i] & GPU_VM_FORGET_SLOT, map = forget[i] & GPU_VM_FORGET_MAP;
		/* Each layout has one thing that keeps the page accessible to the guest. */
		bool stale = map && (slot || gpu_vm->arena);

		ASSERT_EQ(OK_MAP, gpu_vm_map_blob(gpu_vm, ID, 0));
		expect_data(_metadata, gpu_vm, ID, 0, SEED);
		gpu_vm->forget = forget[i];
		ASSERT_EQ(OK, gpu_vm_unmap_blob(gpu_vm, ID));
		gpu_vm->forget = 0;
		EXPECT_EQ(gpu_vm->arena ? !map : !slot, gpu_vm_is_empty(gpu_vm));
		*work = (struct guest_work){ .gpa = GPU_VM_GPA, .op = GUEST_READ, .count = 1 };
		ASSERT_EQ(0, vmm_vcpu_start(vcpu));
		EXPECT_EQ(stale ? VMM_EXIT_DOORBELL :
			  gpu_vm->arena || slot ? VMM_EXIT_EFAULT : VMM_EXIT_MMIO,
			  vmm_vcpu_run(vcpu));
		EXPECT_EQ(0, gpu_vm_withdraw(gpu_vm, vgpu_blob_find(gpu_vm->gpu, ID), 0));
		EXPECT_TRUE(gpu_vm_is_empty(gpu_vm));
		expect_nothing_at(_metadata, gpu_vm, 0);
	}
}

/*
 * A guest that keeps a page it should have lost. To simulate it, the host gets another page:
 * its mapping is replaced without KVM's import noticing.
 */
static int change_stale(struct exercise *exercise, void *opaque)
{
	struct vgpu_blob *blob = vgpu_blob_find(((struct gpu_vm *)opaque)->gpu, ID);
	void *other = mmap(exercise->memory + PAGE, PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	if (other == MAP_FAILED)
		return -errno;
	/* The contents move too, as when the driver moves a buffer. */
	return pread(vgpu_blob_fd(blob), other, PAGE, PAGE) == PAGE ? 0 : -errno;
}

TEST_F(window, a_stale_page_is_seen)
{
	const struct exercise_case what = {
		.first = GUEST_READ, .access_order = EXERCISE_BACKWARDS, .seed = SEED,
		.opaque = &self->gpu_vm, .attach_ops = &blob_attach_ops, .change = change_stale,
	};
	struct judgement judgement;
	struct exercise exercise;

	ASSERT_EQ(OK, gpu_vm_create_blob(&self->gpu_vm, ID, VGPU_BLOB_ID_MEMFD, 3 * PAGE));
	ASSERT_EQ(0, exercise_of_blob(&exercise, &self->gpu_vm, VGPU_BLOB_ID_MEMFD,
				      self->driver.kmsg));
	judgement = try_case(&exercise, &what);
	EXPECT_EQ(JUDGE_NOT_OK, judgement.verdict);
	EXPECT_EQ(JUDGE_WRONG_DATA, judgement.reason)
		TH_LOG("%s", judgement.text);
	EXPECT_EQ(1, judgement.page);
	EXPECT_EQ(GUEST_WORDS, exercise.evidence.host_wrong.words);
	exercise_fini(&exercise);
}

int main(int argc, char **argv)
{
	program_needs_kvm(vm_buffer_unusable());
	program_needs_kvm(behaviour_unsafe());
	return driver_run(argc, argv);
}
