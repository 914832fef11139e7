// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device model with virtio-mmio: what a driver finds in the registers, and what happens to
 * one that writes what it must not. No KVM.
 */

#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_mmio.h>

#include "kselftest_harness.h"

#include "vgpu/protocol.h"
#include "array.h"
#include "vgpu/testing/guest.h"

#define WINDOW_GPA 0x7700000000ull

#define STATUS_DRIVER (VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER)
#define STATUS_READY (STATUS_DRIVER | VIRTIO_CONFIG_S_FEATURES_OK)
#define STATUS_RUNNING (STATUS_READY | VIRTIO_CONFIG_S_DRIVER_OK)

#define CTX 1

FIXTURE(mmio) {
	struct vgpu_guest guest;
	struct vgpu_mmio mmio;
};

FIXTURE_SETUP(mmio)
{
	ASSERT_EQ(0, vgpu_guest_init(&self->guest, -1, VGPU_GUEST_BYTES_MAX));
	vgpu_reset(self->guest.dev);
	vgpu_features_set(self->guest.dev, 0);
	vgpu_mmio_init(&self->mmio, self->guest.dev, WINDOW_GPA, VGPU_GUEST_WINDOW);
	self->guest.mmio = &self->mmio;
}

FIXTURE_TEARDOWN(mmio)
{
	vgpu_guest_exit(&self->guest);
}

static uint32_t in(const struct vgpu_mmio *mmio, uint32_t reg)
{
	return vgpu_mmio_read(mmio, reg, 4);
}

static void out(struct vgpu_mmio *mmio, uint32_t reg, uint32_t value)
{
	vgpu_mmio_write(mmio, reg, 4, value);
}

static uint64_t in64(const struct vgpu_mmio *mmio, uint32_t low)
{
	return in(mmio, low) | (uint64_t)in(mmio, low + 4) << 32;
}

static void out64(struct vgpu_mmio *mmio, uint32_t low, uint64_t value)
{
	out(mmio, low, value);
	out(mmio, low + 4, value >> 32);
}

static uint64_t offered(struct vgpu_mmio *mmio)
{
	uint64_t features;

	out(mmio, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
	features = (uint64_t)in(mmio, VIRTIO_MMIO_DEVICE_FEATURES) << 32;
	out(mmio, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
	return features | in(mmio, VIRTIO_MMIO_DEVICE_FEATURES);
}

static void accept(struct vgpu_mmio *mmio, uint64_t features)
{
	out(mmio, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	out(mmio, VIRTIO_MMIO_DRIVER_FEATURES, features);
	out(mmio, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	out(mmio, VIRTIO_MMIO_DRIVER_FEATURES, features >> 32);
}

/* Negotiate up to FEATURES_OK. Return: the status. */
static uint32_t negotiate(struct vgpu_mmio *mmio, uint64_t features)
{
	out(mmio, VIRTIO_MMIO_STATUS, 0);
	out(mmio, VIRTIO_MMIO_STATUS, STATUS_DRIVER);
	accept(mmio, features);
	out(mmio, VIRTIO_MMIO_STATUS, STATUS_READY);
	return in(mmio, VIRTIO_MMIO_STATUS);
}

/* Describe the control queue and try to use it. Return: whether that was accepted. */
static uint32_t queue_start(struct vgpu_mmio *mmio, uint32_t num, uint64_t desc,
			    uint64_t avail, uint64_t used)
{
	out(mmio, VIRTIO_MMIO_QUEUE_SEL, VGPU_QUEUE_CONTROL);
	out(mmio, VIRTIO_MMIO_QUEUE_NUM, num);
	out64(mmio, VIRTIO_MMIO_QUEUE_DESC_LOW, desc);
	out64(mmio, VIRTIO_MMIO_QUEUE_AVAIL_LOW, avail);
	out64(mmio, VIRTIO_MMIO_QUEUE_USED_LOW, used);
	out(mmio, VIRTIO_MMIO_QUEUE_READY, 1);
	return in(mmio, VIRTIO_MMIO_QUEUE_READY);
}

/* All that a driver does before its first command. */
static uint32_t start(struct vgpu_guest *guest)
{
	struct vgpu_mmio *mmio = guest->mmio;

	negotiate(mmio, offered(mmio));
	memset(vgpu_guest_at(guest, VGPU_GUEST_AVAIL), 0, 0x1000);
	memset(vgpu_guest_at(guest, VGPU_GUEST_USED), 0, 0x1000);
	guest->avail_idx = 0;
	guest->used_idx = 0;
	queue_start(mmio, VGPU_GUEST_QUEUE, VGPU_GUEST_DESC, VGPU_GUEST_AVAIL,
		    VGPU_GUEST_USED);
	out(mmio, VIRTIO_MMIO_STATUS, STATUS_RUNNING);
	return in(mmio, VIRTIO_MMIO_STATUS);
}

static uint32_t create_ctx(struct vgpu_guest *guest)
{
	return vgpu_guest_ctx(guest, VIRTIO_GPU_CMD_CTX_CREATE, CTX, 0);
}

TEST_F(mmio, says_what_it_is)
{
	struct vgpu_mmio *mmio = &self->mmio;
	uint32_t reg;

	EXPECT_EQ(0x74726976, in(mmio, VIRTIO_MMIO_MAGIC_VALUE));
	EXPECT_EQ(2, in(mmio, VIRTIO_MMIO_VERSION));
	EXPECT_EQ(VIRTIO_ID_GPU, in(mmio, VIRTIO_MMIO_DEVICE_ID));
	EXPECT_EQ(vgpu_features(self->guest.dev), offered(mmio));
	out(mmio, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 2);
	EXPECT_EQ(0, in(mmio, VIRTIO_MMIO_DEVICE_FEATURES));
	out(mmio, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0x80000000);
	EXPECT_EQ(0, in(mmio, VIRTIO_MMIO_DEVICE_FEATURES));
	EXPECT_EQ(0, in(mmio, VIRTIO_MMIO_CONFIG_GENERATION));
	EXPECT_EQ(0, in(mmio, VIRTIO_MMIO_STATUS));
	/* Write-only, from version 1, and unknown ones. */
	for (reg = 0; reg < VIRTIO_MMIO_CONFIG; reg += 4) {
		if (reg > VIRTIO_MMIO_QUEUE_NUM_MAX && reg < VIRTIO_MMIO_SHM_LEN_LOW)
			EXPECT_EQ(0, in(mmio, reg));
	}
}

TEST_F(mmio, shared_memory_is_region_1)
{
	static const uint32_t none[] = { 0, 2, 255, 0x101, 0xffffffff };
	struct vgpu_mmio *mmio = &self->mmio;
	size_t i;

	out(mmio, VIRTIO_MMIO_SHM_SEL, VIRTIO_GPU_SHM_ID_HOST_VISIBLE);
	EXPECT_EQ(VGPU_GUEST_WINDOW, in64(mmio, VIRTIO_MMIO_SHM_LEN_LOW));
	EXPECT_EQ(WINDOW_GPA, in64(mmio, VIRTIO_MMIO_SHM_BASE_LOW));
	for (i = 0; i < ARRAY_SIZE(none); i++) {
		out(mmio, VIRTIO_MMIO_SHM_SEL, none[i]);
		EXPECT_EQ(UINT64_MAX, in64(mmio, VIRTIO_MMIO_SHM_LEN_LOW));
		EXPECT_EQ(UINT64_MAX, in64(mmio, VIRTIO_MMIO_SHM_BASE_LOW));
	}
	vgpu_mmio_init(mmio, self->guest.dev, WINDOW_GPA, 0);
	out(mmio, VIRTIO_MMIO_SHM_SEL, VIRTIO_GPU_SHM_ID_HOST_VISIBLE);
	EXPECT_EQ(UINT64_MAX, in64(mmio, VIRTIO_MMIO_SHM_LEN_LOW));
}

TEST_F(mmio, features_are_agreed_once)
{
	struct vgpu_mmio *mmio = &self->mmio;
	uint64_t all = offered(mmio), version_1 = 1ull << VIRTIO_F_VERSION_1;

	EXPECT_EQ(STATUS_READY, negotiate(mmio, all));
	EXPECT_EQ(STATUS_READY, negotiate(mmio, version_1));
	EXPECT_EQ(STATUS_DRIVER, negotiate(mmio, 0));
	EXPECT_EQ(STATUS_DRIVER, negotiate(mmio, all & ~version_1));
	EXPECT_EQ(STATUS_DRIVER, negotiate(mmio, all | 1ull << 63));
	EXPECT_EQ(STATUS_DRIVER, negotiate(mmio, all | 1ull << VIRTIO_F_RING_RESET));
	/* After a refusal it may ask for less. */
	accept(mmio, all);
	out(mmio, VIRTIO_MMIO_STATUS, STATUS_READY);
	EXPECT_EQ(STATUS_READY, in(mmio, VIRTIO_MMIO_STATUS));
	/* From then on its writes have no effect: CTX_CREATE needs a feature. */
	EXPECT_EQ(STATUS_READY, negotiate(mmio, version_1));
	accept(mmio, all);
	out(mmio, VIRTIO_MMIO_STATUS, STATUS_READY);
	queue_start(mmio, VGPU_GUEST_QUEUE, VGPU_GUEST_DESC, VGPU_GUEST_AVAIL, VGPU_GUEST_USED);
	out(mmio, VIRTIO_MMIO_STATUS, STATUS_RUNNING);
	EXPECT_EQ(VIRTIO_GPU_RESP_ERR_UNSPEC, create_ctx(&self->guest));
	/* There are only 64. */
	out(mmio, VIRTIO_MMIO_STATUS, 0);
	accept(mmio, all);
	out(mmio, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 2);
	out(mmio, VIRTIO_MMIO_DRIVER_FEATURES, 0xffffffff);
	out(mmio, VIRTIO_MMIO_STATUS, STATUS_READY);
	EXPECT_EQ(STATUS_READY, in(mmio, VIRTIO_MMIO_STATUS));
}

TEST_F(mmio, status_bits_stay_until_the_reset)
{
	struct vgpu_mmio *mmio = &self->mmio;

	out(mmio, VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_DRIVER_OK);
	EXPECT_EQ(0, in(mmio, VIRTIO_MMIO_STATUS));
	EXPECT_EQ(STATUS_RUNNING, start(&self->guest));
	out(mmio, VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	EXPECT_EQ(STATUS_RUNNING, in(mmio, VIRTIO_MMIO_STATUS));
	out(mmio, VIRTIO_MMIO_STATUS, 0xffffff00 | VIRTIO_CONFIG_S_NEEDS_RESET);
	EXPECT_EQ(STATUS_RUNNING, in(mmio, VIRTIO_MMIO_STATUS));
	out(mmio, VIRTIO_MMIO_STATUS, STATUS_RUNNING | VIRTIO_CONFIG_S_FAILED);
	EXPECT_EQ(STATUS_RUNNING | VIRTIO_CONFIG_S_FAILED, in(mmio, VIRTIO_MMIO_STATUS));
	EXPECT_EQ(0, create_ctx(&self->guest));
	out(mmio, VIRTIO_MMIO_STATUS, 0);
	EXPECT_EQ(0, in(mmio, VIRTIO_MMIO_STATUS));
	EXPECT_EQ(0, in(mmio, VIRTIO_MMIO_QUEUE_READY));
}

TEST_F(mmio, bad_queues_are_not_taken)
{
	static const struct {
		uint32_t num;
		uint64_t desc, avail, used;
	} bad[] = {
		{ 0, VGPU_GUEST_DESC, VGPU_GUEST_AVAIL, VGPU_GUEST_USED },
		{ 3, VGPU_GUEST_DESC, VGPU_GUEST_AVAIL, VGPU_GUEST_USED },
		{ 2 * VGPU_MMIO_QUEUE_MAX, VGPU_GUEST_DESC, VGPU_GUEST_AVAIL, VGPU_GUEST_USED },
		{ 0x10040, VGPU_GUEST_DESC, VGPU_GUEST_AVAIL, VGPU_GUEST_USED },
		{ 0x80000000, VGPU_GUEST_DESC, VGPU_GUEST_AVAIL, VGPU_GUEST_USED },
		{ 64, VGPU_GUEST_DESC + 8, VGPU_GUEST_AVAIL, VGPU_GUEST_USED },
		{ 64, VGPU_GUEST_DESC, VGPU_GUEST_AVAIL + 1, VGPU_GUEST_USED },
		{ 64, VGPU_GUEST_DESC, VGPU_GUEST_AVAIL, VGPU_GUEST_USED + 2 },
		{ 64, 0, VGPU_GUEST_AVAIL, VGPU_GUEST_USED },
		{ 64, VGPU_GUEST_DESC, WINDOW_GPA, VGPU_GUEST_USED },
		{ 64, VGPU_GUEST_DESC, VGPU_GUEST_AVAIL, UINT64_MAX - 3 },
	};
	struct vgpu_mmio *mmio = &self->mmio;
	size_t i;

	/* Nor is a valid one, before the features are negotiated. */
	EXPECT_EQ(0, queue_start(mmio, 64, VGPU_GUEST_DESC, VGPU_GUEST_AVAIL, VGPU_GUEST_USED));
	ASSERT_EQ(STATUS_READY, negotiate(mmio, offered(mmio)));
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(0, queue_start(mmio, bad[i].num, bad[i].desc, bad[i].avail,
					 bad[i].used))
			TH_LOG("case %zu", i);
	EXPECT_EQ(1, queue_start(mmio, VGPU_MMIO_QUEUE_MAX, VGPU_GUEST_DESC, VGPU_GUEST_AVAIL,
				 VGPU_GUEST_USED));
}

TEST_F(mmio, a_queue_in_use_does_not_change)
{
	struct vgpu_mmio *mmio = &self->mmio;

	ASSERT_EQ(STATUS_RUNNING, start(&self->guest));
	EXPECT_EQ(1, queue_start(mmio, 3, 0, 0, 0));
	EXPECT_EQ(VIRTIO_GPU_RESP_OK_NODATA, create_ctx(&self->guest));
	out(mmio, VIRTIO_MMIO_QUEUE_READY, 0);
	EXPECT_EQ(0, in(mmio, VIRTIO_MMIO_QUEUE_READY));
	EXPECT_EQ(0, vgpu_guest_ctx(&self->guest, VIRTIO_GPU_CMD_CTX_CREATE, CTX + 1, 0));
	EXPECT_EQ(1, vgpu_counts(self->guest.dev).contexts);
	EXPECT_EQ(0, queue_start(mmio, 3, 0, 0, 0));
}

TEST_F(mmio, there_are_two_queues)
{
	static const uint32_t none[] = { VGPU_QUEUES, 255, 0x10000, 0xffffffff };
	struct vgpu_mmio *mmio = &self->mmio;
	size_t i;

	ASSERT_EQ(STATUS_RUNNING, start(&self->guest));
	for (i = 0; i < VGPU_QUEUES; i++) {
		out(mmio, VIRTIO_MMIO_QUEUE_SEL, i);
		EXPECT_EQ(VGPU_MMIO_QUEUE_MAX, in(mmio, VIRTIO_MMIO_QUEUE_NUM_MAX));
		EXPECT_EQ(i == VGPU_QUEUE_CONTROL, in(mmio, VIRTIO_MMIO_QUEUE_READY));
	}
	for (i = 0; i < ARRAY_SIZE(none); i++) {
		out(mmio, VIRTIO_MMIO_QUEUE_SEL, none[i]);
		EXPECT_EQ(0, in(mmio, VIRTIO_MMIO_QUEUE_NUM_MAX));
		out(mmio, VIRTIO_MMIO_QUEUE_NUM, 64);
		out(mmio, VIRTIO_MMIO_QUEUE_READY, 1);
		EXPECT_EQ(0, in(mmio, VIRTIO_MMIO_QUEUE_READY));
		out(mmio, VIRTIO_MMIO_QUEUE_NOTIFY, none[i]);
	}
	EXPECT_EQ(STATUS_RUNNING, in(mmio, VIRTIO_MMIO_STATUS));
}

TEST_F(mmio, registers_are_32_bits_wide)
{
	struct vgpu_mmio *mmio = &self->mmio;
	static const unsigned int sizes[] = { 0, 1, 2, 3, 8 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		EXPECT_EQ(0, vgpu_mmio_read(mmio, VIRTIO_MMIO_MAGIC_VALUE, sizes[i]));
		vgpu_mmio_write(mmio, VIRTIO_MMIO_STATUS, sizes[i], STATUS_DRIVER);
	}
	EXPECT_EQ(0, vgpu_mmio_read(mmio, VIRTIO_MMIO_MAGIC_VALUE + 2, 4));
	vgpu_mmio_write(mmio, VIRTIO_MMIO_STATUS + 1, 4, STATUS_DRIVER);
	EXPECT_EQ(0, in(mmio, VIRTIO_MMIO_STATUS));
}

TEST_F(mmio, the_configuration_space_is_read_by_any_width)
{
	struct vgpu_mmio *mmio = &self->mmio;
	const uint64_t num = VIRTIO_MMIO_CONFIG + offsetof(struct virtio_gpu_config, num_capsets);
	uint64_t offset;

	EXPECT_EQ(1, vgpu_mmio_read(mmio, num, 1));
	EXPECT_EQ(1, vgpu_mmio_read(mmio, num, 2));
	EXPECT_EQ(1, vgpu_mmio_read(mmio, num, 4));
	/* num_scanouts and num_capsets in one. */
	EXPECT_EQ(1ull << 32 | 1, vgpu_mmio_read(mmio, num - 4, 8));
	EXPECT_EQ(0, vgpu_mmio_read(mmio, num, 3));
	EXPECT_EQ(0, vgpu_mmio_read(mmio, num, 16));
	EXPECT_EQ(0, vgpu_mmio_read(mmio, num + 2, 4));
	for (offset = sizeof(struct virtio_gpu_config) + VIRTIO_MMIO_CONFIG;
	     offset < 2 * VGPU_MMIO_SIZE; offset += 8)
		EXPECT_EQ(0, vgpu_mmio_read(mmio, offset, 8));
	EXPECT_EQ(0, vgpu_mmio_read(mmio, UINT64_MAX - 3, 4));
	vgpu_mmio_write(mmio, num, 4, 77);
	EXPECT_EQ(1, vgpu_mmio_read(mmio, num, 4));
}

TEST_F(mmio, a_used_queue_interrupts_until_acknowledged)
{
	struct vring_avail *avail = vgpu_guest_at(&self->guest, VGPU_GUEST_AVAIL);
	struct vgpu_mmio *mmio = &self->mmio;

	ASSERT_EQ(STATUS_RUNNING, start(&self->guest));
	EXPECT_FALSE(vgpu_mmio_pending(mmio));
	EXPECT_EQ(VIRTIO_GPU_RESP_OK_NODATA, create_ctx(&self->guest));
	EXPECT_EQ(VIRTIO_MMIO_INT_VRING, in(mmio, VIRTIO_MMIO_INTERRUPT_STATUS));
	EXPECT_TRUE(vgpu_mmio_pending(mmio));
	out(mmio, VIRTIO_MMIO_INTERRUPT_ACK, ~VIRTIO_MMIO_INT_VRING);
	EXPECT_TRUE(vgpu_mmio_pending(mmio));
	out(mmio, VIRTIO_MMIO_INTERRUPT_ACK, VIRTIO_MMIO_INT_VRING);
	EXPECT_FALSE(vgpu_mmio_pending(mmio));
	avail->flags = htole16(VRING_AVAIL_F_NO_INTERRUPT);
	EXPECT_EQ(VIRTIO_GPU_RESP_OK_NODATA,
		  vgpu_guest_ctx(&self->guest, VIRTIO_GPU_CMD_CTX_DESTROY, CTX, 0));
	EXPECT_FALSE(vgpu_mmio_pending(mmio));
}

/* A vCPU that adds commands while another one's are run must not keep that one here. */
TEST_F(mmio, a_notification_has_an_end)
{
	const struct virtio_gpu_ctrl_hdr command = {
		.type = htole32(VIRTIO_GPU_CMD_GET_DISPLAY_INFO),
	};
	struct vgpu_guest *guest = &self->guest;
	struct vring_avail *avail = vgpu_guest_at(guest, VGPU_GUEST_AVAIL);
	const struct vring_used *used = vgpu_guest_at(guest, VGPU_GUEST_USED);

	ASSERT_EQ(STATUS_RUNNING, start(guest));
	ASSERT_EQ(0, vgpu_guest_send(guest, 0, &command, sizeof(command)));
	memset(avail->ring, 0, VGPU_GUEST_QUEUE * sizeof(avail->ring[0]));
	guest->refill = 1000;
	guest->avail_idx += VGPU_GUEST_QUEUE;
	avail->idx = htole16(guest->avail_idx);
	out(&self->mmio, VIRTIO_MMIO_QUEUE_NOTIFY, VGPU_QUEUE_CONTROL);
	EXPECT_EQ(999, guest->refill);
	EXPECT_EQ(1 + VGPU_GUEST_QUEUE, le16toh(used->idx));
	/* Added commands are run when they are announced. */
	out(&self->mmio, VIRTIO_MMIO_QUEUE_NOTIFY, VGPU_QUEUE_CONTROL);
	EXPECT_EQ(1 + 2 * VGPU_GUEST_QUEUE, le16toh(used->idx));
}

TEST_F(mmio, nothing_runs_before_the_driver_is_ready)
{
	struct vgpu_mmio *mmio = &self->mmio;

	ASSERT_EQ(STATUS_READY, negotiate(mmio, offered(mmio)));
	ASSERT_EQ(1, queue_start(mmio, VGPU_GUEST_QUEUE, VGPU_GUEST_DESC, VGPU_GUEST_AVAIL,
				 VGPU_GUEST_USED));
	EXPECT_EQ(0, create_ctx(&self->guest));
	EXPECT_EQ(0, vgpu_counts(self->guest.dev).contexts);
	out(mmio, VIRTIO_MMIO_STATUS, STATUS_RUNNING);
	out(mmio, VIRTIO_MMIO_QUEUE_NOTIFY, VGPU_QUEUE_CONTROL);
	EXPECT_EQ(1, vgpu_counts(self->guest.dev).contexts);
}

TEST_F(mmio, a_broken_queue_needs_a_reset)
{
	struct vgpu_mmio *mmio = &self->mmio;

	ASSERT_EQ(STATUS_RUNNING, start(&self->guest));
	ASSERT_EQ(VIRTIO_GPU_RESP_OK_NODATA, create_ctx(&self->guest));
	out(mmio, VIRTIO_MMIO_INTERRUPT_ACK, VIRTIO_MMIO_INT_VRING);
	vgpu_guest_kick(&self->guest, VGPU_GUEST_QUEUE);
	EXPECT_EQ(STATUS_RUNNING | VIRTIO_CONFIG_S_NEEDS_RESET, in(mmio, VIRTIO_MMIO_STATUS));
	EXPECT_EQ(VIRTIO_MMIO_INT_CONFIG, in(mmio, VIRTIO_MMIO_INTERRUPT_STATUS));
	EXPECT_EQ(0, vgpu_guest_ctx(&self->guest, VIRTIO_GPU_CMD_CTX_CREATE, CTX + 1, 0));
	EXPECT_EQ(1, vgpu_counts(self->guest.dev).contexts);
	ASSERT_EQ(STATUS_RUNNING, start(&self->guest));
	EXPECT_EQ(0, vgpu_counts(self->guest.dev).contexts);
	EXPECT_EQ(0, in(mmio, VIRTIO_MMIO_INTERRUPT_STATUS));
	EXPECT_EQ(VIRTIO_GPU_RESP_OK_NODATA, create_ctx(&self->guest));
}

TEST_F(mmio, a_reset_takes_all_back)
{
	struct vgpu_guest *guest = &self->guest;
	struct vgpu_counts counts;

	ASSERT_EQ(STATUS_RUNNING, start(guest));
	ASSERT_EQ(VIRTIO_GPU_RESP_OK_NODATA, create_ctx(guest));
	ASSERT_EQ(VIRTIO_GPU_RESP_OK_NODATA,
		  vgpu_guest_host3d(guest, CTX, 1, VGPU_BLOB_ID_MEMFD, VGPU_MEM_ALIGN));
	ASSERT_EQ(VIRTIO_GPU_RESP_OK_MAP_INFO, vgpu_guest_map(guest, 1, 0));
	EXPECT_TRUE(guest->taken[0]);
	out(&self->mmio, VIRTIO_MMIO_STATUS, 0);
	EXPECT_FALSE(guest->taken[0]);
	counts = vgpu_counts(guest->dev);
	EXPECT_EQ(0, counts.resources);
	EXPECT_EQ(0, counts.contexts);
	EXPECT_EQ(0, counts.bytes);
	EXPECT_EQ(0, create_ctx(guest));
}

TEST_HARNESS_MAIN
