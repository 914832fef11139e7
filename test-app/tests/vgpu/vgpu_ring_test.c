// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device model's guest memory and split virtqueue, with a guest that breaks every rule: the
 * device accesses only what the guest may name, and a broken queue stays silent until it is set
 * again.
 */

#include <sys/mman.h>

#include "kselftest_harness.h"

#include "vgpu/testing/guest.h"

#define PAGE 4096
/* Virtio 1.3, 2.7. */
#define LONGEST_QUEUE 32768

TEST(memory_is_found_in_its_regions_only)
{
	struct vgpu_mem mem = { 0 };
	char *low = aligned_alloc(PAGE, 2 * PAGE);
	char *high = aligned_alloc(PAGE, PAGE);

	ASSERT_EQ(0, vgpu_mem_add(&mem, 0x10000, low, 2 * PAGE));
	ASSERT_EQ(0, vgpu_mem_add(&mem, UINT64_MAX - PAGE + 1, high, PAGE));
	EXPECT_EQ(low, vgpu_mem_at(&mem, 0x10000, 2 * PAGE));
	EXPECT_EQ(low + 2 * PAGE - 1, vgpu_mem_at(&mem, 0x10000 + 2 * PAGE - 1, 1));
	EXPECT_EQ(NULL, vgpu_mem_at(&mem, 0x10000, 2 * PAGE + 1));
	EXPECT_EQ(NULL, vgpu_mem_at(&mem, 0x10000 + 2 * PAGE, 1));
	EXPECT_EQ(NULL, vgpu_mem_at(&mem, 0xffff, 1));
	EXPECT_EQ(NULL, vgpu_mem_at(&mem, 0x10000, UINT64_MAX));
	EXPECT_EQ(high, vgpu_mem_at(&mem, UINT64_MAX - PAGE + 1, PAGE));
	EXPECT_EQ(high + PAGE - 1, vgpu_mem_at(&mem, UINT64_MAX, 1));
	EXPECT_EQ(NULL, vgpu_mem_at(&mem, UINT64_MAX, 2));
	EXPECT_FALSE(vgpu_mem_has(&mem, UINT64_MAX, 2));
	free(low);
	free(high);
}

TEST(bad_regions_are_refused)
{
	struct vgpu_mem mem = { 0 };
	char *hva = aligned_alloc(PAGE, 2 * PAGE);
	unsigned int i;

	EXPECT_EQ(-EINVAL, vgpu_mem_add(&mem, PAGE, hva, 0));
	EXPECT_EQ(-EINVAL, vgpu_mem_add(&mem, PAGE + 8, hva, PAGE));
	EXPECT_EQ(-EINVAL, vgpu_mem_add(&mem, PAGE, hva + 8, PAGE));
	EXPECT_EQ(-EINVAL, vgpu_mem_add(&mem, -(uint64_t)PAGE, hva, PAGE + 1));
	ASSERT_EQ(0, vgpu_mem_add(&mem, 4 * PAGE, hva, 2 * PAGE));
	EXPECT_EQ(-EEXIST, vgpu_mem_add(&mem, 4 * PAGE, hva, 1));
	EXPECT_EQ(-EEXIST, vgpu_mem_add(&mem, 5 * PAGE, hva, PAGE));
	EXPECT_EQ(-EEXIST, vgpu_mem_add(&mem, 3 * PAGE, hva, PAGE + 1));
	EXPECT_EQ(-EEXIST, vgpu_mem_add(&mem, 0, hva, UINT64_MAX));
	for (i = 1; i < VGPU_MEM_REGIONS; i++)
		ASSERT_EQ(0, vgpu_mem_add(&mem, (4 + 2 * i) * PAGE, hva, 2 * PAGE));
	EXPECT_EQ(-ENOSPC, vgpu_mem_add(&mem, 0, hva, PAGE));
	free(hva);
}

TEST(copies_cross_from_region_to_region)
{
	struct vgpu_mem mem = { 0 };
	char *low = aligned_alloc(PAGE, PAGE), *high = aligned_alloc(PAGE, PAGE);
	char data[16];

	ASSERT_EQ(0, vgpu_mem_add(&mem, 0x11000, high, PAGE));
	ASSERT_EQ(0, vgpu_mem_add(&mem, 0x10000, low, PAGE));
	memset(low, 0, PAGE);
	memset(high, 0, PAGE);
	EXPECT_TRUE(vgpu_mem_has(&mem, 0x10000, 2 * PAGE));
	EXPECT_EQ(NULL, vgpu_mem_at(&mem, 0x10ff8, 16));
	EXPECT_EQ(0, vgpu_mem_write(&mem, 0x10ff8, "0123456789abcdef", 16));
	EXPECT_EQ(0, memcmp(low + PAGE - 8, "01234567", 8));
	EXPECT_EQ(0, memcmp(high, "89abcdef\0", 9));
	EXPECT_EQ(0, vgpu_mem_read(&mem, 0x10ff8, data, 16));
	EXPECT_EQ(0, memcmp(data, "0123456789abcdef", 16));
	EXPECT_EQ(-EFAULT, vgpu_mem_write(&mem, 0x11ff8, data, 16));
	EXPECT_EQ(-EFAULT, vgpu_mem_read(&mem, 0x11ff8, data, 16));
	EXPECT_EQ(-EFAULT, vgpu_mem_read(&mem, 0xfff8, data, 16));
	free(low);
	free(high);
}

FIXTURE(ring) {
	struct vgpu_guest guest;
	struct virtio_gpu_ctrl_hdr command;
	struct virtio_gpu_resp_display_info *answer;
};

FIXTURE_SETUP(ring)
{
	ASSERT_EQ(0, vgpu_guest_init(&self->guest, -1,
				     VGPU_GUEST_BYTES_MAX));
	self->command.type = htole32(VIRTIO_GPU_CMD_GET_DISPLAY_INFO);
	memcpy(vgpu_guest_at(&self->guest, VGPU_GUEST_COMMAND), &self->command,
	       sizeof(self->command));
	self->answer = vgpu_guest_at(&self->guest, VGPU_GUEST_ANSWER);
}

FIXTURE_TEARDOWN(ring)
{
	vgpu_guest_exit(&self->guest);
}

#define COMMAND_SIZE sizeof(struct virtio_gpu_ctrl_hdr)
#define ANSWER_SIZE sizeof(struct virtio_gpu_resp_display_info)
#define OUT VRING_DESC_F_NEXT
#define IN VRING_DESC_F_WRITE
#define IN_NEXT (VRING_DESC_F_WRITE | VRING_DESC_F_NEXT)

/* The chain at @head_ was answered as expected. */
#define EXPECT_ANSWERED(head_) do {					\
	uint32_t head, len;						\
	EXPECT_EQ(0, vgpu_guest_used(&self->guest, &head, &len));	\
	EXPECT_EQ(head_, head);						\
	EXPECT_EQ(ANSWER_SIZE, len);					\
	EXPECT_EQ(VIRTIO_GPU_RESP_OK_DISPLAY_INFO,			\
		  le32toh(self->answer->hdr.type));			\
} while (0)

/* The queue is broken: nothing was given back, and nothing will be. */
#define EXPECT_BROKEN() do {						\
	uint32_t head, len;						\
	EXPECT_EQ(-EAGAIN, vgpu_guest_used(&self->guest, &head, &len));	\
	EXPECT_EQ(-ESHUTDOWN,						\
		  vgpu_queue_notify(self->guest.dev, VGPU_QUEUE_CONTROL)); \
	EXPECT_EQ(0, vgpu_guest_queue_reset(&self->guest));		\
	EXPECT_EQ(VIRTIO_GPU_RESP_OK_DISPLAY_INFO,			\
		  vgpu_guest_run(&self->guest, &self->command,		\
				 sizeof(self->command), NULL, 0));	\
} while (0)

TEST_F(ring, a_chain_is_answered)
{
	vgpu_guest_desc(&self->guest, 5, VGPU_GUEST_COMMAND, COMMAND_SIZE, OUT, 63);
	vgpu_guest_desc(&self->guest, 63, VGPU_GUEST_ANSWER, ANSWER_SIZE, IN, 0);
	EXPECT_EQ(0, vgpu_guest_kick(&self->guest, 5));
	EXPECT_ANSWERED(5);
	EXPECT_EQ(1, self->guest.interrupts);
}

TEST_F(ring, framing_does_not_matter)
{
	/* A command of three pieces, an answer of one byte and a rest; none is empty. */
	vgpu_guest_desc(&self->guest, 0, VGPU_GUEST_COMMAND, 1, OUT, 1);
	vgpu_guest_desc(&self->guest, 1, VGPU_GUEST_COMMAND + 1, 0, OUT, 2);
	vgpu_guest_desc(&self->guest, 2, VGPU_GUEST_COMMAND + 1, COMMAND_SIZE - 1, OUT, 3);
	vgpu_guest_desc(&self->guest, 3, VGPU_GUEST_ANSWER, 1, IN_NEXT, 4);
	vgpu_guest_desc(&self->guest, 4, VGPU_GUEST_ANSWER + 1, ANSWER_SIZE, IN, 0);
	EXPECT_EQ(0, vgpu_guest_kick(&self->guest, 0));
	EXPECT_ANSWERED(0);
}

TEST_F(ring, a_buffer_may_cross_regions)
{
	uint64_t gpa = VGPU_GUEST_MIDDLE - 4;

	vgpu_guest_desc(&self->guest, 0, VGPU_GUEST_COMMAND, COMMAND_SIZE, OUT, 1);
	vgpu_guest_desc(&self->guest, 1, gpa, ANSWER_SIZE, IN, 0);
	EXPECT_EQ(0, vgpu_guest_kick(&self->guest, 0));
	ASSERT_EQ(0, vgpu_mem_read(vgpu_mem(self->guest.dev), gpa, self->answer,
				   ANSWER_SIZE));
	EXPECT_ANSWERED(0);
}

TEST_F(ring, an_indirect_chain_is_answered)
{
	struct vring_desc *table = vgpu_guest_at(&self->guest, VGPU_GUEST_FREE);

	table[0] = (struct vring_desc){ VGPU_GUEST_COMMAND, COMMAND_SIZE, OUT, 2 };
	table[2] = (struct vring_desc){ VGPU_GUEST_ANSWER, ANSWER_SIZE, IN, 0 };
	vgpu_guest_desc(&self->guest, 7, VGPU_GUEST_FREE, 3 * sizeof(*table),
			VRING_DESC_F_INDIRECT, 0);
	EXPECT_EQ(0, vgpu_guest_kick(&self->guest, 7));
	EXPECT_ANSWERED(7);
}

TEST_F(ring, an_indirect_table_may_end_a_chain)
{
	struct vring_desc *table = vgpu_guest_at(&self->guest, VGPU_GUEST_FREE);

	table[0] = (struct vring_desc){ VGPU_GUEST_ANSWER, ANSWER_SIZE, IN, 0 };
	vgpu_guest_desc(&self->guest, 0, VGPU_GUEST_COMMAND, COMMAND_SIZE, OUT, 1);
	vgpu_guest_desc(&self->guest, 1, VGPU_GUEST_FREE, sizeof(*table),
			VRING_DESC_F_INDIRECT, 0);
	EXPECT_EQ(0, vgpu_guest_kick(&self->guest, 0));
	EXPECT_ANSWERED(0);
}

TEST_F(ring, the_longest_indirect_chain_is_taken_and_no_longer_one)
{
	struct vring_desc *table = vgpu_guest_at(&self->guest, VGPU_GUEST_HIGH);
	unsigned int i, longest = LONGEST_QUEUE;

	for (i = 0; i <= longest; i++)
		table[i] = (struct vring_desc){ VGPU_GUEST_COMMAND, 0, OUT, i + 1 };
	table[0].len = COMMAND_SIZE;
	table[longest - 1] = (struct vring_desc){ VGPU_GUEST_ANSWER, ANSWER_SIZE, IN, 0 };
	vgpu_guest_desc(&self->guest, 0, VGPU_GUEST_HIGH, longest * sizeof(*table),
			VRING_DESC_F_INDIRECT, 0);
	EXPECT_EQ(0, vgpu_guest_kick(&self->guest, 0));
	EXPECT_ANSWERED(0);

	vgpu_guest_desc(&self->guest, 0, VGPU_GUEST_HIGH, (longest + 1) * sizeof(*table),
			VRING_DESC_F_INDIRECT, 0);
	EXPECT_EQ(-EPROTO, vgpu_guest_kick(&self->guest, 0));
	EXPECT_BROKEN();

	/* A valid table, after one descriptor too many. */
	vgpu_guest_desc(&self->guest, 0, VGPU_GUEST_COMMAND, 0, OUT, 1);
	vgpu_guest_desc(&self->guest, 1, VGPU_GUEST_HIGH, longest * sizeof(*table),
			VRING_DESC_F_INDIRECT, 0);
	EXPECT_EQ(-EPROTO, vgpu_guest_kick(&self->guest, 0));
	EXPECT_BROKEN();
}

TEST_F(ring, the_index_wraps)
{
	unsigned int i;

	for (i = 0; i < 70000; i++)
		ASSERT_EQ(VIRTIO_GPU_RESP_OK_DISPLAY_INFO,
			  vgpu_guest_run(&self->guest, &self->command,
					 sizeof(self->command), NULL, 0));
	EXPECT_EQ(70000, self->guest.interrupts);
}

TEST_F(ring, interrupts_can_be_switched_off)
{
	struct vring_avail *avail = vgpu_guest_at(&self->guest, VGPU_GUEST_AVAIL);

	avail->flags = htole16(VRING_AVAIL_F_NO_INTERRUPT);
	EXPECT_EQ(VIRTIO_GPU_RESP_OK_DISPLAY_INFO,
		  vgpu_guest_run(&self->guest, &self->command, sizeof(self->command),
				 NULL, 0));
	EXPECT_EQ(0, self->guest.interrupts);
}

TEST_F(ring, one_notification_serves_many_and_has_an_end)
{
	struct vring_avail *avail = vgpu_guest_at(&self->guest, VGPU_GUEST_AVAIL);
	unsigned int i;

	vgpu_guest_desc(&self->guest, 0, VGPU_GUEST_COMMAND, COMMAND_SIZE, OUT, 1);
	vgpu_guest_desc(&self->guest, 1, VGPU_GUEST_ANSWER, ANSWER_SIZE, IN, 0);
	for (i = 0; i < VGPU_GUEST_QUEUE; i++)
		avail->ring[i] = 0;
	avail->idx = htole16(VGPU_GUEST_QUEUE);
	EXPECT_EQ(1, vgpu_queue_notify(self->guest.dev, VGPU_QUEUE_CONTROL));
	EXPECT_EQ(0, vgpu_queue_notify(self->guest.dev, VGPU_QUEUE_CONTROL));
	for (i = 0; i < VGPU_GUEST_QUEUE; i++)
		EXPECT_ANSWERED(0);
	EXPECT_EQ(1, self->guest.interrupts);
}

TEST_F(ring, a_chain_in_a_circle_breaks_it)
{
	vgpu_guest_desc(&self->guest, 0, VGPU_GUEST_COMMAND, COMMAND_SIZE, OUT, 1);
	vgpu_guest_desc(&self->guest, 1, VGPU_GUEST_COMMAND, COMMAND_SIZE, OUT, 0);
	EXPECT_EQ(-EPROTO, vgpu_guest_kick(&self->guest, 0));
	EXPECT_BROKEN();
}

TEST_F(ring, an_index_beyond_the_table_breaks_it)
{
	EXPECT_EQ(-EPROTO, vgpu_guest_kick(&self->guest, VGPU_GUEST_QUEUE));
	EXPECT_BROKEN();
	vgpu_guest_desc(&self->guest, 0, VGPU_GUEST_COMMAND, COMMAND_SIZE, OUT,
			VGPU_GUEST_QUEUE);
	EXPECT_EQ(-EPROTO, vgpu_guest_kick(&self->guest, 0));
	EXPECT_BROKEN();
}

TEST_F(ring, more_chains_than_descriptors_break_it)
{
	struct vring_avail *avail = vgpu_guest_at(&self->guest, VGPU_GUEST_AVAIL);

	avail->idx = htole16(VGPU_GUEST_QUEUE + 1);
	EXPECT_EQ(-EPROTO, vgpu_queue_notify(self->guest.dev, VGPU_QUEUE_CONTROL));
	EXPECT_BROKEN();
}

TEST_F(ring, a_readable_buffer_behind_a_writable_one_breaks_it)
{
	vgpu_guest_desc(&self->guest, 0, VGPU_GUEST_ANSWER, ANSWER_SIZE, IN_NEXT, 1);
	vgpu_guest_desc(&self->guest, 1, VGPU_GUEST_COMMAND, COMMAND_SIZE, 0, 0);
	EXPECT_EQ(-EPROTO, vgpu_guest_kick(&self->guest, 0));
	EXPECT_BROKEN();
}

TEST_F(ring, bad_indirect_tables_break_it)
{
	struct vring_desc *table = vgpu_guest_at(&self->guest, VGPU_GUEST_FREE);
	const struct {
		uint64_t addr;
		uint32_t len;
		uint16_t flags;
		int error;
	} bad[] = {
		{ VGPU_GUEST_FREE, 0, VRING_DESC_F_INDIRECT, -EPROTO },
		{ VGPU_GUEST_FREE, 15, VRING_DESC_F_INDIRECT, -EPROTO },
		{ VGPU_GUEST_FREE, 24, VRING_DESC_F_INDIRECT, -EPROTO },
		{ VGPU_GUEST_FREE, 0xfffffff0, VRING_DESC_F_INDIRECT, -EPROTO },
		{ VGPU_GUEST_FREE, 32, VRING_DESC_F_INDIRECT | VRING_DESC_F_NEXT, -EPROTO },
		{ 0, 32, VRING_DESC_F_INDIRECT, -EFAULT },
		{ UINT64_MAX - 7, 32, VRING_DESC_F_INDIRECT, -EFAULT },
		/* One whose first descriptor is fine and whose second is not memory. */
		{ VGPU_GUEST_HIGH + VGPU_GUEST_REGION - 16, 32, VRING_DESC_F_INDIRECT,
		  -EFAULT },
	};
	struct vring_desc *last = vgpu_guest_at(&self->guest, VGPU_GUEST_HIGH +
						VGPU_GUEST_REGION - sizeof(*last));
	unsigned int i;

	table[0] = (struct vring_desc){ VGPU_GUEST_COMMAND, COMMAND_SIZE, OUT, 1 };
	table[1] = (struct vring_desc){ VGPU_GUEST_ANSWER, ANSWER_SIZE, IN, 0 };
	*last = table[0];
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		TH_LOG("table %u", i);
		vgpu_guest_desc(&self->guest, 0, bad[i].addr, bad[i].len, bad[i].flags, 1);
		EXPECT_EQ(bad[i].error, vgpu_guest_kick(&self->guest, 0));
		EXPECT_BROKEN();
	}
	/* A table in a table, and a circular one. */
	table[1] = (struct vring_desc){ VGPU_GUEST_FREE, 32, VRING_DESC_F_INDIRECT, 0 };
	vgpu_guest_desc(&self->guest, 0, VGPU_GUEST_FREE, 32, VRING_DESC_F_INDIRECT, 0);
	EXPECT_EQ(-EPROTO, vgpu_guest_kick(&self->guest, 0));
	EXPECT_BROKEN();
	table[1] = table[0];
	table[1].next = 0;
	vgpu_guest_desc(&self->guest, 0, VGPU_GUEST_FREE, 32, VRING_DESC_F_INDIRECT, 0);
	EXPECT_EQ(-EPROTO, vgpu_guest_kick(&self->guest, 0));
	EXPECT_BROKEN();
}

TEST_F(ring, indirect_tables_need_the_feature)
{
	struct vring_desc *table = vgpu_guest_at(&self->guest, VGPU_GUEST_FREE);
	uint64_t features = vgpu_features(self->guest.dev);

	vgpu_features_set(self->guest.dev, features & ~(1ull << VIRTIO_RING_F_INDIRECT_DESC));
	ASSERT_EQ(0, vgpu_guest_queue_reset(&self->guest));
	table[0] = (struct vring_desc){ VGPU_GUEST_ANSWER, ANSWER_SIZE, IN, 0 };
	vgpu_guest_desc(&self->guest, 0, VGPU_GUEST_FREE, sizeof(*table),
			VRING_DESC_F_INDIRECT, 0);
	EXPECT_EQ(-EPROTO, vgpu_guest_kick(&self->guest, 0));
	EXPECT_BROKEN();
}

/* As crosvm's guests do: one chain through all descriptors, from the last one on. */
TEST_F(ring, the_longest_queue)
{
	const uint64_t avail_gpa = VGPU_GUEST_HIGH + 0x80000, used_gpa = VGPU_GUEST_HIGH + 0xa0000;
	struct vring_desc *table = vgpu_guest_at(&self->guest, VGPU_GUEST_HIGH);
	struct vring_avail *avail = vgpu_guest_at(&self->guest, avail_gpa);
	struct vring_used *used = vgpu_guest_at(&self->guest, used_gpa);
	uint16_t i, last = LONGEST_QUEUE - 1;

	ASSERT_EQ(0, vgpu_queue_start(self->guest.dev, 0, LONGEST_QUEUE, VGPU_GUEST_HIGH,
				      avail_gpa, used_gpa, 0));
	table[last] = (struct vring_desc){ VGPU_GUEST_COMMAND, COMMAND_SIZE, OUT, 0 };
	for (i = 0; i < last; i++)
		table[i] = (struct vring_desc){ VGPU_GUEST_ANSWER + i % ANSWER_SIZE, 1, IN_NEXT,
						i + 1 };
	table[last - 1].flags = IN;
	avail->ring[0] = last;
	avail->idx = 1;
	EXPECT_EQ(0, vgpu_queue_notify(self->guest.dev, 0));
	EXPECT_EQ(1, used->idx);
	EXPECT_EQ(last, used->ring[0].id);
	EXPECT_EQ(ANSWER_SIZE, used->ring[0].len);
	EXPECT_EQ(VIRTIO_GPU_RESP_OK_DISPLAY_INFO, le32toh(self->answer->hdr.type));
	table[last - 1].flags = IN_NEXT;
	table[last - 1].next = last;
	avail->ring[1] = last;
	avail->idx = 2;
	EXPECT_EQ(-EPROTO, vgpu_queue_notify(self->guest.dev, 0));
}

TEST_F(ring, buffers_outside_of_memory_harm_nobody)
{
	uint32_t head, len;

	/* The command cannot be read: the answer reports it. */
	vgpu_guest_desc(&self->guest, 0, 0x1000, COMMAND_SIZE, OUT, 1);
	vgpu_guest_desc(&self->guest, 1, VGPU_GUEST_ANSWER, ANSWER_SIZE, IN, 0);
	EXPECT_EQ(0, vgpu_guest_kick(&self->guest, 0));
	EXPECT_EQ(0, vgpu_guest_used(&self->guest, &head, &len));
	EXPECT_EQ(sizeof(self->answer->hdr), len);
	EXPECT_EQ(VIRTIO_GPU_RESP_ERR_UNSPEC, le32toh(self->answer->hdr.type));

	/* The answer cannot be written, or only part of it: nothing is claimed. */
	vgpu_guest_desc(&self->guest, 0, VGPU_GUEST_COMMAND, COMMAND_SIZE, OUT, 1);
	vgpu_guest_desc(&self->guest, 1, 0x1000, ANSWER_SIZE, IN, 0);
	EXPECT_EQ(0, vgpu_guest_kick(&self->guest, 0));
	EXPECT_EQ(0, vgpu_guest_used(&self->guest, &head, &len));
	EXPECT_EQ(0, len);
	vgpu_guest_desc(&self->guest, 1, VGPU_GUEST_HIGH + VGPU_GUEST_REGION - 8,
			ANSWER_SIZE, IN, 0);
	EXPECT_EQ(0, vgpu_guest_kick(&self->guest, 0));
	EXPECT_EQ(0, vgpu_guest_used(&self->guest, &head, &len));
	EXPECT_EQ(0, len);
}

TEST_F(ring, a_ring_must_lie_in_memory)
{
	struct vgpu *dev = self->guest.dev;

	EXPECT_EQ(-EINVAL, vgpu_queue_start(dev, VGPU_QUEUES, 64, VGPU_GUEST_DESC,
					    VGPU_GUEST_AVAIL, VGPU_GUEST_USED, 0));
	EXPECT_EQ(-EINVAL, vgpu_queue_start(dev, 0, 0, VGPU_GUEST_DESC,
					    VGPU_GUEST_AVAIL, VGPU_GUEST_USED, 0));
	EXPECT_EQ(-EINVAL, vgpu_queue_start(dev, 0, 63, VGPU_GUEST_DESC,
					    VGPU_GUEST_AVAIL, VGPU_GUEST_USED, 0));
	EXPECT_EQ(-EINVAL, vgpu_queue_start(dev, 0, LONGEST_QUEUE + 64, VGPU_GUEST_DESC,
					    VGPU_GUEST_AVAIL, VGPU_GUEST_USED, 0));
	EXPECT_EQ(-EINVAL, vgpu_queue_start(dev, 0, 64, VGPU_GUEST_DESC + 8,
					    VGPU_GUEST_AVAIL, VGPU_GUEST_USED, 0));
	EXPECT_EQ(-EINVAL, vgpu_queue_start(dev, 0, 64, VGPU_GUEST_DESC,
					    VGPU_GUEST_AVAIL + 1, VGPU_GUEST_USED, 0));
	EXPECT_EQ(-EINVAL, vgpu_queue_start(dev, 0, 64, VGPU_GUEST_DESC,
					    VGPU_GUEST_AVAIL, VGPU_GUEST_USED + 2, 0));
	EXPECT_EQ(-EFAULT, vgpu_queue_start(dev, 0, 64, 0, VGPU_GUEST_AVAIL,
					    VGPU_GUEST_USED, 0));
	EXPECT_EQ(-EFAULT, vgpu_queue_start(dev, 0, 64, VGPU_GUEST_DESC, 0,
					    VGPU_GUEST_USED, 0));
	EXPECT_EQ(-EFAULT, vgpu_queue_start(dev, 0, 64, VGPU_GUEST_DESC,
					    VGPU_GUEST_AVAIL, -(uint64_t)4, 0));
	EXPECT_EQ(-ESHUTDOWN, vgpu_queue_notify(dev, 0));
	EXPECT_EQ(-EINVAL, vgpu_queue_notify(dev, VGPU_QUEUES));
}

TEST_F(ring, memory_may_go_away_under_a_ring)
{
	vgpu_mem(self->guest.dev)->count = 0;
	EXPECT_EQ(-EFAULT, vgpu_queue_notify(self->guest.dev, VGPU_QUEUE_CONTROL));
	EXPECT_EQ(-ESHUTDOWN, vgpu_queue_notify(self->guest.dev, VGPU_QUEUE_CONTROL));
}

TEST_F(ring, the_cursor_queue_gives_everything_back)
{
	struct vring_avail *avail = vgpu_guest_at(&self->guest, VGPU_GUEST_FREE);
	struct vring_used *used = vgpu_guest_at(&self->guest, VGPU_GUEST_FREE + PAGE);

	ASSERT_EQ(0, vgpu_queue_start(self->guest.dev, VGPU_QUEUE_CURSOR, 16,
				      VGPU_GUEST_DESC, VGPU_GUEST_FREE,
				      VGPU_GUEST_FREE + PAGE, 0));
	vgpu_guest_desc(&self->guest, 3, VGPU_GUEST_COMMAND, 56, 0, 0);
	avail->ring[0] = htole16(3);
	avail->idx = htole16(1);
	EXPECT_EQ(0, vgpu_queue_notify(self->guest.dev, VGPU_QUEUE_CURSOR));
	EXPECT_EQ(1, le16toh(used->idx));
	EXPECT_EQ(3, le32toh(used->ring[0].id));
	EXPECT_EQ(0, le32toh(used->ring[0].len));
}

TEST_F(ring, a_stopped_queue_goes_on_where_it_was)
{
	unsigned int i;

	for (i = 0; i < 5; i++)
		ASSERT_NE(0, vgpu_guest_run(&self->guest, &self->command,
					    sizeof(self->command), NULL, 0));
	EXPECT_EQ(5, vgpu_queue_stop(self->guest.dev, VGPU_QUEUE_CONTROL));
	EXPECT_EQ(-ESHUTDOWN, vgpu_guest_kick(&self->guest, 0));
	ASSERT_EQ(0, vgpu_queue_start(self->guest.dev, VGPU_QUEUE_CONTROL,
				      VGPU_GUEST_QUEUE, VGPU_GUEST_DESC,
				      VGPU_GUEST_AVAIL, VGPU_GUEST_USED, 5));
	EXPECT_EQ(0, vgpu_queue_notify(self->guest.dev, VGPU_QUEUE_CONTROL));
	EXPECT_ANSWERED(0);
}

TEST_HARNESS_MAIN
