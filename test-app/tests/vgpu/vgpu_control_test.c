// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device model's control queue: the commands of contexts, fences and capsets, and the
 * answers to bad ones.
 */

#include <malloc.h>

#include "kselftest_harness.h"

#include "vgpu/cross_domain.h"
#include "vgpu/protocol.h"
#include "vgpu/testing/guest.h"

#define PAGE 4096

FIXTURE(control) {
	struct vgpu_guest guest;
};

FIXTURE_SETUP(control)
{
	ASSERT_EQ(0, vgpu_guest_init(&self->guest, -1,
				     VGPU_GUEST_BYTES_MAX));
}

FIXTURE_TEARDOWN(control)
{
	vgpu_guest_exit(&self->guest);
}

TEST_F(control, features_are_those_promised)
{
	EXPECT_EQ(1ull << VIRTIO_GPU_F_VIRGL | 1ull << VIRTIO_GPU_F_RESOURCE_UUID |
		  1ull << VIRTIO_GPU_F_RESOURCE_BLOB |
		  1ull << VIRTIO_GPU_F_CONTEXT_INIT |
		  1ull << VIRTIO_RING_F_INDIRECT_DESC | 1ull << 32,
		  vgpu_features(self->guest.dev));
}

TEST_F(control, config_space_can_be_read_anyhow)
{
	struct virtio_gpu_config config;
	char wide[64], rest[64];
	uint32_t i;

	vgpu_config_read(self->guest.dev, 0, &config, sizeof(config));
	EXPECT_EQ(0, le32toh(config.events_read));
	EXPECT_EQ(1, le32toh(config.num_scanouts));
	EXPECT_EQ(1, le32toh(config.num_capsets));
	vgpu_config_read(self->guest.dev, 0, wide, sizeof(wide));
	for (i = 0; i < sizeof(wide); i++) {
		memset(rest, 0xff, sizeof(rest));
		vgpu_config_read(self->guest.dev, i, rest, sizeof(rest) - i);
		EXPECT_EQ(0, memcmp(rest, wide + i, sizeof(rest) - i));
	}
	vgpu_config_read(self->guest.dev, UINT32_MAX, rest, 4);
	EXPECT_EQ(0, memcmp(rest, "\0\0\0\0", 4));
}

TEST_F(control, no_scanout_is_enabled)
{
	struct virtio_gpu_ctrl_hdr command = {
		.type = htole32(VIRTIO_GPU_CMD_GET_DISPLAY_INFO),
	};
	struct virtio_gpu_resp_display_info answer;
	int i;

	ASSERT_EQ(VIRTIO_GPU_RESP_OK_DISPLAY_INFO,
		  vgpu_guest_run(&self->guest, &command, sizeof(command), &answer,
				 sizeof(answer)));
	for (i = 0; i < VIRTIO_GPU_MAX_SCANOUTS; i++)
		EXPECT_EQ(0, answer.pmodes[i].enabled);
}

TEST_F(control, there_is_one_capset)
{
	struct virtio_gpu_get_capset_info info = {
		.hdr.type = htole32(VIRTIO_GPU_CMD_GET_CAPSET_INFO),
	};
	struct virtio_gpu_get_capset get = {
		.hdr.type = htole32(VIRTIO_GPU_CMD_GET_CAPSET),
		.capset_id = htole32(VIRTIO_GPU_CAPSET_CROSS_DOMAIN),
	};
	struct virtio_gpu_resp_capset_info answer;
	struct {
		struct virtio_gpu_ctrl_hdr hdr;
		struct cross_domain_caps caps;
	} capset;

	ASSERT_EQ(VIRTIO_GPU_RESP_OK_CAPSET_INFO,
		  vgpu_guest_run(&self->guest, &info, sizeof(info), &answer,
				 sizeof(answer)));
	EXPECT_EQ(VIRTIO_GPU_CAPSET_CROSS_DOMAIN, le32toh(answer.capset_id));
	EXPECT_EQ(sizeof(capset.caps), le32toh(answer.capset_max_size));
	ASSERT_EQ(VIRTIO_GPU_RESP_OK_CAPSET,
		  vgpu_guest_run(&self->guest, &get, sizeof(get), &capset,
				 sizeof(capset)));
	EXPECT_EQ(1, le32toh(capset.caps.version));
	EXPECT_EQ(1, le32toh(capset.caps.supports_dmabuf));
	EXPECT_EQ(0, le32toh(capset.caps.supported_channels));

	info.capset_index = htole32(1);
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_run(&self->guest, &info, sizeof(info), NULL, 0));
	get.capset_version = htole32(1);
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_run(&self->guest, &get, sizeof(get), NULL, 0));
	get.capset_version = 0;
	get.capset_id = htole32(VIRTIO_GPU_CAPSET_VENUS);
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_run(&self->guest, &get, sizeof(get), NULL, 0));
}

TEST_F(control, unknown_commands_are_refused)
{
	static const uint32_t types[] = {
		0, 0xffffffff, VIRTIO_GPU_CMD_RESOURCE_CREATE_2D,
		VIRTIO_GPU_CMD_SET_SCANOUT, VIRTIO_GPU_CMD_RESOURCE_CREATE_3D,
		VIRTIO_GPU_CMD_UPDATE_CURSOR, VIRTIO_GPU_RESP_OK_NODATA,
	};
	struct virtio_gpu_ctrl_hdr command = { 0 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		command.type = htole32(types[i]);
		EXPECT_EQ(UNSPECIFIED, vgpu_guest_run(&self->guest, &command,
						      sizeof(command), NULL, 0));
	}
}

TEST_F(control, commands_need_their_feature)
{
	uint64_t features = vgpu_features(self->guest.dev);

	vgpu_features_set(self->guest.dev, features & ~(1ull << VIRTIO_GPU_F_VIRGL));
	EXPECT_EQ(UNSPECIFIED, vgpu_guest_ctx(&self->guest, VIRTIO_GPU_CMD_CTX_CREATE, 1, 0));
	vgpu_features_set(self->guest.dev, features & ~(1ull << VIRTIO_GPU_F_RESOURCE_BLOB));
	EXPECT_EQ(OK, vgpu_guest_ctx(&self->guest, VIRTIO_GPU_CMD_CTX_CREATE, 1, 0));
	EXPECT_EQ(UNSPECIFIED, vgpu_guest_host3d(&self->guest, 1, 1, 0, PAGE));
	vgpu_features_set(self->guest.dev, features & ~(1ull << VIRTIO_GPU_F_RESOURCE_UUID));
	EXPECT_EQ(OK, vgpu_guest_host3d(&self->guest, 1, 1, 0, PAGE));
	EXPECT_EQ(UNSPECIFIED, vgpu_guest_resource(&self->guest,
						   VIRTIO_GPU_CMD_RESOURCE_ASSIGN_UUID, 0, 1));
	/* Then context_init is padding. */
	vgpu_features_set(self->guest.dev, features & ~(1ull << VIRTIO_GPU_F_CONTEXT_INIT));
	EXPECT_EQ(OK, vgpu_guest_ctx(&self->guest, VIRTIO_GPU_CMD_CTX_CREATE, 2, ~0u));
}

TEST_F(control, short_commands_and_short_answers_are_refused)
{
	struct virtio_gpu_resource_create_blob command = {
		.hdr.type = htole32(VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB),
	};
	const struct virtio_gpu_ctrl_hdr *answer = vgpu_guest_at(&self->guest,
								 VGPU_GUEST_ANSWER);
	uint32_t head, len;

	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_run(&self->guest, &command,
						sizeof(command) - 1, NULL, 0));
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_run(&self->guest, &command,
						sizeof(command.hdr), NULL, 0));
	EXPECT_EQ(UNSPECIFIED, vgpu_guest_run(&self->guest, &command,
					      sizeof(command.hdr) - 1, NULL, 0));

	/* Room for an error, but not for the answer. */
	command.hdr.type = htole32(VIRTIO_GPU_CMD_GET_DISPLAY_INFO);
	memcpy(vgpu_guest_at(&self->guest, VGPU_GUEST_COMMAND), &command, sizeof(command));
	vgpu_guest_desc(&self->guest, 0, VGPU_GUEST_COMMAND, sizeof(command.hdr),
			VRING_DESC_F_NEXT, 1);
	vgpu_guest_desc(&self->guest, 1, VGPU_GUEST_ANSWER, sizeof(*answer),
			VRING_DESC_F_WRITE, 0);
	EXPECT_EQ(0, vgpu_guest_kick(&self->guest, 0));
	EXPECT_EQ(0, vgpu_guest_used(&self->guest, &head, &len));
	EXPECT_EQ(sizeof(*answer), len);
	EXPECT_EQ(BAD_PARAMETER, le32toh(answer->type));

	/* Not even that; and no room at all. */
	vgpu_guest_desc(&self->guest, 1, VGPU_GUEST_ANSWER, sizeof(*answer) - 1,
			VRING_DESC_F_WRITE, 0);
	EXPECT_EQ(0, vgpu_guest_kick(&self->guest, 0));
	EXPECT_EQ(0, vgpu_guest_used(&self->guest, &head, &len));
	EXPECT_EQ(0, len);
	vgpu_guest_desc(&self->guest, 0, VGPU_GUEST_COMMAND, sizeof(command.hdr), 0, 0);
	EXPECT_EQ(0, vgpu_guest_kick(&self->guest, 0));
	EXPECT_EQ(0, vgpu_guest_used(&self->guest, &head, &len));
	EXPECT_EQ(0, len);
}

TEST_F(control, a_command_longer_than_any_is_refused)
{
	const struct virtio_gpu_ctrl_hdr *answer = vgpu_guest_at(&self->guest,
								 VGPU_GUEST_ANSWER);
	uint32_t head, len, i;

	for (i = 0; i <= VGPU_COMMAND_MAX / VGPU_GUEST_REGION; i++)
		vgpu_guest_desc(&self->guest, i, VGPU_GUEST_LOW, VGPU_GUEST_REGION,
				VRING_DESC_F_NEXT, i + 1);
	vgpu_guest_desc(&self->guest, i, VGPU_GUEST_ANSWER, sizeof(*answer),
			VRING_DESC_F_WRITE, 0);
	EXPECT_EQ(0, vgpu_guest_kick(&self->guest, 0));
	EXPECT_EQ(0, vgpu_guest_used(&self->guest, &head, &len));
	EXPECT_EQ(NO_MEMORY, le32toh(answer->type));
}

TEST_F(control, contexts_come_and_go)
{
	uint32_t i;

	EXPECT_EQ(BAD_CONTEXT, vgpu_guest_ctx(&self->guest, VIRTIO_GPU_CMD_CTX_CREATE, 0, 0));
	EXPECT_EQ(OK, vgpu_guest_ctx(&self->guest, VIRTIO_GPU_CMD_CTX_CREATE, ~0u, 0));
	EXPECT_EQ(BAD_CONTEXT, vgpu_guest_ctx(&self->guest, VIRTIO_GPU_CMD_CTX_CREATE, ~0u, 0));
	EXPECT_EQ(OK, vgpu_guest_ctx(&self->guest, VIRTIO_GPU_CMD_CTX_DESTROY, ~0u, 0));
	EXPECT_EQ(BAD_CONTEXT, vgpu_guest_ctx(&self->guest, VIRTIO_GPU_CMD_CTX_DESTROY, ~0u, 0));
	EXPECT_EQ(BAD_CONTEXT, vgpu_guest_ctx(&self->guest, VIRTIO_GPU_CMD_CTX_DESTROY, 0, 0));
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_ctx(&self->guest, VIRTIO_GPU_CMD_CTX_CREATE, 1,
						VIRTIO_GPU_CAPSET_VENUS));
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_ctx(&self->guest, VIRTIO_GPU_CMD_CTX_CREATE, 1, 0x100));
	for (i = 1; i <= VGPU_CONTEXTS_MAX; i++)
		ASSERT_EQ(OK, vgpu_guest_ctx(&self->guest, VIRTIO_GPU_CMD_CTX_CREATE, i,
					     i % 2 * VIRTIO_GPU_CAPSET_CROSS_DOMAIN));
	EXPECT_EQ(NO_MEMORY, vgpu_guest_ctx(&self->guest, VIRTIO_GPU_CMD_CTX_CREATE, i, 0));
	EXPECT_EQ(VGPU_CONTEXTS_MAX, vgpu_counts(self->guest.dev).contexts);
	for (i = 1; i <= VGPU_CONTEXTS_MAX; i++)
		ASSERT_EQ(OK, vgpu_guest_ctx(&self->guest, VIRTIO_GPU_CMD_CTX_DESTROY, i, 0));
	EXPECT_EQ(0, vgpu_counts(self->guest.dev).contexts);
}

TEST_F(control, a_context_name_of_the_wrong_length_is_refused)
{
	struct virtio_gpu_ctx_create command = {
		.hdr.type = htole32(VIRTIO_GPU_CMD_CTX_CREATE),
		.hdr.ctx_id = htole32(1),
		.nlen = htole32(sizeof(command.debug_name) + 1),
	};

	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_run(&self->guest, &command, sizeof(command), NULL, 0));
	command.nlen = htole32(sizeof(command.debug_name));
	EXPECT_EQ(OK, vgpu_guest_run(&self->guest, &command, sizeof(command), NULL, 0));
}

TEST_F(control, a_fence_comes_back_with_the_answer)
{
	struct virtio_gpu_ctrl_hdr answer, command = {
		.type = htole32(VIRTIO_GPU_CMD_CTX_DESTROY),
		.flags = htole32(VIRTIO_GPU_FLAG_FENCE | VIRTIO_GPU_FLAG_INFO_RING_IDX),
		.fence_id = htole64(0x123456789abcdefull),
		.ctx_id = htole32(77),
		.ring_idx = 5,
	};

	/* For an error too, or the guest would wait forever. */
	EXPECT_EQ(BAD_CONTEXT, vgpu_guest_run(&self->guest, &command, sizeof(command),
					      &answer, sizeof(answer)));
	EXPECT_EQ(command.flags, answer.flags);
	EXPECT_EQ(command.fence_id, answer.fence_id);
	EXPECT_EQ(command.ctx_id, answer.ctx_id);
	EXPECT_EQ(5, answer.ring_idx);

	command.flags = 0;
	EXPECT_EQ(BAD_CONTEXT, vgpu_guest_run(&self->guest, &command, sizeof(command),
					      &answer, sizeof(answer)));
	EXPECT_EQ(0, answer.flags);
	EXPECT_EQ(0, answer.fence_id);

	command.flags = htole32(VIRTIO_GPU_FLAG_FENCE | VIRTIO_GPU_FLAG_INFO_RING_IDX);
	command.ring_idx = VGPU_RINGS_MAX;
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_run(&self->guest, &command, sizeof(command),
						&answer, sizeof(answer)));
	EXPECT_EQ(command.fence_id, answer.fence_id);
}

/* A submission of one command for a ring, fenced on a ring, from a slot. */
static int send_ring(struct vgpu_guest *guest, unsigned int slot, uint32_t ctx_id,
		     uint32_t op, uint32_t ring_idx, uint8_t fence_ring)
{
	struct {
		struct virtio_gpu_cmd_submit submit;
		struct vgpu_cmd_ring ring;
	} command = {
		.submit.hdr.type = htole32(VIRTIO_GPU_CMD_SUBMIT_3D),
		.submit.hdr.flags = htole32(VIRTIO_GPU_FLAG_FENCE |
					    VIRTIO_GPU_FLAG_INFO_RING_IDX),
		.submit.hdr.fence_id = htole64(slot + 100),
		.submit.hdr.ctx_id = htole32(ctx_id),
		.submit.hdr.ring_idx = fence_ring,
		.submit.size = htole32(op ? sizeof(command.ring) : 0),
		.ring.header.op = htole32(op),
		.ring.header.size = htole32(sizeof(command.ring)),
		.ring.ring_idx = htole32(ring_idx),
	};

	return vgpu_guest_send(guest, slot, &command, sizeof(command));
}

/*
 * The answer to what was sent from @slot, if that is what comes back next, with its fence; 0
 * if not.
 */
static uint32_t back(struct vgpu_guest *guest, unsigned int slot)
{
	const struct virtio_gpu_ctrl_hdr *answer = vgpu_guest_answer(guest, slot);
	uint32_t head, len;

	if (vgpu_guest_used(guest, &head, &len) || head != 2 * slot ||
	    le64toh(answer->fence_id) != slot + 100)
		return 0;
	return le32toh(answer->type);
}

static bool none_back(struct vgpu_guest *guest)
{
	uint32_t head, len;

	return vgpu_guest_used(guest, &head, &len) == -EAGAIN;
}

TEST_F(control, rings_are_timelines_of_their_own)
{
	struct vgpu_guest *guest = &self->guest;

	ASSERT_EQ(OK, vgpu_guest_ctx(guest, VIRTIO_GPU_CMD_CTX_CREATE, 1, 0));
	ASSERT_EQ(OK, vgpu_guest_ctx(guest, VIRTIO_GPU_CMD_CTX_CREATE, 2, 0));
	/* Ring 3 of context 1 waits, and so does what follows there. */
	EXPECT_EQ(0, send_ring(guest, 0, 1, VGPU_OP_HOLD, 3, 3));
	EXPECT_EQ(0, send_ring(guest, 1, 1, 0, 0, 3));
	EXPECT_TRUE(none_back(guest));
	EXPECT_EQ(2, vgpu_counts(guest->dev).held);
	/* Other rings do not, nor the same ring of another context, nor unfenced commands. */
	EXPECT_EQ(0, send_ring(guest, 2, 1, 0, 0, 2));
	EXPECT_EQ(OK, back(guest, 2));
	EXPECT_EQ(0, send_ring(guest, 3, 2, 0, 0, 3));
	EXPECT_EQ(OK, back(guest, 3));
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_submit(guest, 1, "", 1));
	EXPECT_TRUE(none_back(guest));
	/* In order, before the answer to the release itself. */
	EXPECT_EQ(0, send_ring(guest, 0, 1, 0, 0, 3));
	EXPECT_EQ(0, send_ring(guest, 4, 1, VGPU_OP_RELEASE, 3, 0));
	EXPECT_EQ(OK, back(guest, 0));
	EXPECT_EQ(OK, back(guest, 1));
	EXPECT_EQ(OK, back(guest, 0));
	EXPECT_EQ(OK, back(guest, 4));
	EXPECT_TRUE(none_back(guest));
	EXPECT_EQ(0, vgpu_counts(guest->dev).held);
	EXPECT_EQ(0, send_ring(guest, 5, 1, 0, 0, 3));
	EXPECT_EQ(OK, back(guest, 5));
}

TEST_F(control, the_end_of_a_context_releases_its_rings)
{
	struct vgpu_guest *guest = &self->guest;
	struct virtio_gpu_ctrl_hdr destroy = {
		.type = htole32(VIRTIO_GPU_CMD_CTX_DESTROY),
		.flags = htole32(VIRTIO_GPU_FLAG_FENCE),
		.fence_id = htole64(102),
		.ctx_id = htole32(1),
	};

	ASSERT_EQ(OK, vgpu_guest_ctx(guest, VIRTIO_GPU_CMD_CTX_CREATE, 1, 0));
	EXPECT_EQ(0, send_ring(guest, 0, 1, VGPU_OP_HOLD, 63, 63));
	EXPECT_EQ(0, send_ring(guest, 1, 1, VGPU_OP_HOLD, 0, 0));
	EXPECT_TRUE(none_back(guest));
	EXPECT_EQ(0, vgpu_guest_send(guest, 2, &destroy, sizeof(destroy)));
	EXPECT_EQ(OK, back(guest, 1));
	EXPECT_EQ(OK, back(guest, 0));
	EXPECT_EQ(OK, back(guest, 2));
}

TEST_F(control, bad_holds_are_refused)
{
	struct vgpu_guest *guest = &self->guest;
	struct vgpu_cmd_ring unfenced = {
		.header.op = htole32(VGPU_OP_RELEASE),
		.header.size = htole32(sizeof(unfenced)),
		.reserved = htole32(1),
	};

	ASSERT_EQ(OK, vgpu_guest_ctx(guest, VIRTIO_GPU_CMD_CTX_CREATE, 1, 0));
	EXPECT_EQ(0, send_ring(guest, 0, 1, VGPU_OP_HOLD, 1, 2));
	EXPECT_EQ(BAD_PARAMETER, back(guest, 0));
	EXPECT_EQ(0, send_ring(guest, 0, 1, VGPU_OP_RELEASE, VGPU_RINGS_MAX, 2));
	EXPECT_EQ(BAD_PARAMETER, back(guest, 0));
	EXPECT_EQ(0, send_ring(guest, 0, 1, VGPU_OP_RELEASE + 1, 1, 1));
	EXPECT_EQ(BAD_PARAMETER, back(guest, 0));
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_submit(guest, 1, &unfenced, sizeof(unfenced)));
}

/* A VMM that passes submissions on without their fences sends the fence afterwards. */
TEST_F(control, a_hold_without_a_fence_holds_those_that_follow)
{
	struct vgpu_guest *guest = &self->guest;
	struct vgpu_cmd_ring hold = {
		.header.op = htole32(VGPU_OP_HOLD),
		.header.size = htole32(sizeof(hold)),
		.ring_idx = htole32(3),
	};

	ASSERT_EQ(OK, vgpu_guest_ctx(guest, VIRTIO_GPU_CMD_CTX_CREATE, 1, 0));
	EXPECT_EQ(OK, vgpu_guest_submit(guest, 1, &hold, sizeof(hold)));
	EXPECT_EQ(0, send_ring(guest, 0, 1, 0, 0, 3));
	EXPECT_TRUE(none_back(guest));
	EXPECT_EQ(0, send_ring(guest, 1, 1, VGPU_OP_RELEASE, 3, 0));
	EXPECT_EQ(OK, back(guest, 0));
	EXPECT_EQ(OK, back(guest, 1));
}

TEST_F(control, no_more_than_so_many_wait)
{
	struct vgpu_guest *guest = &self->guest;
	unsigned int i;

	ASSERT_EQ(OK, vgpu_guest_ctx(guest, VIRTIO_GPU_CMD_CTX_CREATE, 1, 0));
	for (i = 0; i < VGPU_HELD_MAX; i++)
		ASSERT_EQ(0, send_ring(guest, 0, 1, VGPU_OP_HOLD, 3, 3));
	EXPECT_TRUE(none_back(guest));
	EXPECT_EQ(0, send_ring(guest, 1, 1, 0, 0, 3));
	EXPECT_EQ(OK, back(guest, 1));
	EXPECT_EQ(VGPU_HELD_MAX, vgpu_counts(guest->dev).held);
	vgpu_reset(guest->dev);
	EXPECT_EQ(0, vgpu_counts(guest->dev).held);
}

/* Bytes allocated from the heap, including mapped ones. */
static size_t heap_used(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

/* A held answer takes only the memory it needs, however long its chain is. */
TEST_F(control, what_waits_takes_little)
{
	/* The longest chain there is, or one twice as long as what may be kept of it. */
	const unsigned int longest = test_is_long() ? 32768 : 1024;
	struct vring_desc *table = vgpu_guest_at(&self->guest, VGPU_GUEST_HIGH);
	struct vgpu_guest *guest = &self->guest;
	struct virtio_gpu_ctrl_hdr *answer = vgpu_guest_at(guest, VGPU_GUEST_FREE);
	unsigned int i;
	size_t before;

	ASSERT_EQ(OK, vgpu_guest_ctx(guest, VIRTIO_GPU_CMD_CTX_CREATE, 1, 0));
	/* The command is in slot 0 now, for the chains that follow. */
	ASSERT_EQ(0, send_ring(guest, 0, 1, VGPU_OP_HOLD, 3, 3));
	for (i = 0; i < longest; i++)
		table[i] = (struct vring_desc){
			VGPU_GUEST_FREE, 0, VRING_DESC_F_WRITE | VRING_DESC_F_NEXT, i + 1,
		};
	table[0] = (struct vring_desc){
		VGPU_GUEST_COMMAND, sizeof(struct virtio_gpu_cmd_submit) +
		sizeof(struct vgpu_cmd_ring), VRING_DESC_F_NEXT, 1,
	};
	/* The answer has its first byte in the middle of the chain, the rest at its end. */
	table[longest / 2].len = 1;
	table[longest - 1] = (struct vring_desc){
		VGPU_GUEST_FREE + 1, PAGE, VRING_DESC_F_WRITE, 0,
	};
	vgpu_guest_desc(guest, 4, VGPU_GUEST_HIGH, longest * sizeof(*table),
			VRING_DESC_F_INDIRECT, 0);
	before = heap_used();
	for (i = 1; i < VGPU_HELD_MAX; i++)
		ASSERT_EQ(0, vgpu_guest_kick(guest, 4));
	EXPECT_EQ(VGPU_HELD_MAX, vgpu_counts(guest->dev).held);
	EXPECT_GT(VGPU_HELD_MAX * 8192, heap_used() - before);
	ASSERT_EQ(0, send_ring(guest, 1, 1, VGPU_OP_RELEASE, 3, 4));
	EXPECT_EQ(0, vgpu_counts(guest->dev).held);
	EXPECT_EQ(OK, le32toh(answer->type));
	EXPECT_EQ(100, le64toh(answer->fence_id));
}

TEST_F(control, bad_submissions_are_refused)
{
	struct vgpu_guest *guest = &self->guest;
	struct vgpu_cmd_header header = { htole32(VGPU_OP_RELEASE), htole32(8) };
	struct virtio_gpu_cmd_submit empty = {
		.hdr.type = htole32(VIRTIO_GPU_CMD_SUBMIT_3D),
		.hdr.ctx_id = htole32(1),
		.size = htole32(1),
	};

	EXPECT_EQ(BAD_CONTEXT, vgpu_guest_submit(guest, 1, "", 0));
	ASSERT_EQ(OK, vgpu_guest_ctx(guest, VIRTIO_GPU_CMD_CTX_CREATE, 1, 0));
	EXPECT_EQ(OK, vgpu_guest_submit(guest, 1, "", 0));
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_run(guest, &empty, sizeof(empty), NULL, 0));
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_submit(guest, 1, &header, 7));
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_submit(guest, 1, &header, 8));
	header.size = htole32(sizeof(struct vgpu_cmd_ring));
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_submit(guest, 1, &header, 8));
	header = (struct vgpu_cmd_header){ 0, htole32(8) };
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_submit(guest, 1, &header, 8));
}

TEST_HARNESS_MAIN
