// SPDX-License-Identifier: GPL-2.0-only
/* Contexts without a capset: SUBMIT_3D (virtio 1.3, 5.7.6.8) with the commands of protocol.h. */

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "guest/protocol.h"
#include "device.h"
#include "protocol.h"

/**
 * struct submission - a submission being run
 * @dev: the device
 * @request: its request
 * @pages: pages that its commands may still touch
 */
struct submission {
	struct vgpu *dev;
	struct vgpu_request *request;
	uint64_t pages;
};

/* Convert a pattern command to host byte order and find its resource. Return: 0 or -errno. */
static int pattern_read(struct submission *submission, const void *data,
			struct vgpu_cmd_pattern *pattern,
			struct vgpu_resource **resource)
{
	const struct vgpu_cmd_pattern *raw = data;

	*pattern = (struct vgpu_cmd_pattern){
		.resource_id = le32toh(raw->resource_id),
		.report_id = le32toh(raw->report_id),
		.seed = le64toh(raw->seed),
		.first = le64toh(raw->first),
		.pages = le64toh(raw->pages),
	};
	*resource = vgpu_resource_find_attached(submission->dev,
						submission->request->ctx,
						pattern->resource_id);
	if (!*resource)
		return -ENOENT;
	if (!pattern->pages || pattern->pages > submission->pages ||
	    pattern->first > (*resource)->size / GUEST_PAGE_SIZE ||
	    pattern->pages > (*resource)->size / GUEST_PAGE_SIZE - pattern->first)
		return -EINVAL;
	submission->pages -= pattern->pages;
	return 0;
}

static uint64_t word_offset(uint64_t page, uint32_t word)
{
	return page * GUEST_PAGE_SIZE + word * sizeof(uint64_t);
}

static int fill(struct submission *submission, const void *data)
{
	struct vgpu_cmd_pattern pattern;
	struct vgpu_resource *resource;
	uint64_t page, value;
	size_t i;
	int ret;

	ret = pattern_read(submission, data, &pattern, &resource);
	if (!ret && pattern.report_id)
		ret = -EINVAL;
	for (page = pattern.first; !ret && page < pattern.first + pattern.pages; page++) {
		for (i = 0; !ret && i < GUEST_WORDS; i++) {
			value = htole64(guest_value(pattern.seed, page, guest_words[i]));
			ret = vgpu_resource_write(submission->dev, resource,
						  word_offset(page, guest_words[i]),
						  &value, sizeof(value));
		}
	}
	return ret;
}

static void compare(struct vgpu_report *report, uint64_t page, uint32_t word,
		    uint64_t right, uint64_t seen)
{
	if (seen == right || report->wrong_words++)
		return;
	report->wrong_page = page;
	report->wrong_word = word;
	report->right = right;
	report->seen = seen;
}

static int report_write(struct submission *submission, uint32_t report_id,
			const struct vgpu_report *report)
{
	struct vgpu_resource *resource;
	struct vgpu_report raw = {
		.pages = htole64(report->pages),
		.wrong_words = htole64(report->wrong_words),
		.wrong_page = htole64(report->wrong_page),
		.wrong_word = htole64(report->wrong_word),
		.right = htole64(report->right),
		.seen = htole64(report->seen),
	};

	resource = vgpu_resource_find_attached(submission->dev,
					       submission->request->ctx, report_id);
	if (!resource)
		return -ENOENT;
	return vgpu_resource_write(submission->dev, resource, 0, &raw, sizeof(raw));
}

static int check(struct submission *submission, const void *data)
{
	struct vgpu_report report = { .pages = 0 };
	struct vgpu_cmd_pattern pattern;
	struct vgpu_resource *resource;
	uint64_t page, value;
	size_t i;
	int ret;

	ret = pattern_read(submission, data, &pattern, &resource);
	for (page = pattern.first; !ret && page < pattern.first + pattern.pages; page++) {
		report.pages++;
		for (i = 0; !ret && i < GUEST_WORDS; i++) {
			ret = vgpu_resource_read(submission->dev, resource,
						 word_offset(page, guest_words[i]),
						 &value, sizeof(value));
			compare(&report, page, guest_words[i],
				guest_value(pattern.seed, page, guest_words[i]),
				le64toh(value));
		}
	}
	return ret ? ret : report_write(submission, pattern.report_id, &report);
}

static int ring_read(const void *data, uint32_t *ring_idx)
{
	const struct vgpu_cmd_ring *raw = data;

	*ring_idx = le32toh(raw->ring_idx);
	return raw->reserved || *ring_idx >= VGPU_RINGS_MAX ? -EINVAL : 0;
}

static int hold(struct submission *submission, const void *data)
{
	const uint32_t both = VIRTIO_GPU_FLAG_FENCE | VIRTIO_GPU_FLAG_INFO_RING_IDX;
	const struct virtio_gpu_ctrl_hdr *hdr = &submission->request->hdr;
	uint32_t ring_idx;
	int ret = ring_read(data, &ring_idx);

	if (ret)
		return ret;
	if ((hdr->flags & both) == both && hdr->ring_idx != ring_idx)
		return -EINVAL;
	vgpu_fence_hold(submission->request->ctx, ring_idx);
	return 0;
}

static int release(struct submission *submission, const void *data)
{
	uint32_t ring_idx;
	int ret = ring_read(data, &ring_idx);

	if (!ret)
		vgpu_fence_release(submission->dev, submission->request->ctx, ring_idx);
	return ret;
}

static const struct {
	uint32_t size;
	int (*run)(struct submission *submission, const void *data);
} ops[] = {
	[VGPU_OP_FILL] = { sizeof(struct vgpu_cmd_pattern), fill },
	[VGPU_OP_CHECK] = { sizeof(struct vgpu_cmd_pattern), check },
	[VGPU_OP_HOLD] = { sizeof(struct vgpu_cmd_ring), hold },
	[VGPU_OP_RELEASE] = { sizeof(struct vgpu_cmd_ring), release },
};

/* All structures are multiples of 8 bytes, so all commands in @data are aligned. */
static int native_submit(struct vgpu *dev, struct vgpu_request *request, const void *data,
			 size_t size)
{
	struct submission submission = { dev, request, VGPU_SUBMIT_PAGES_MAX };

	while (size) {
		const struct vgpu_cmd_header *header = data;
		uint32_t op, bytes;
		int ret;

		if (size < sizeof(*header))
			return -EINVAL;
		op = le32toh(header->op);
		bytes = le32toh(header->size);
		if (op >= sizeof(ops) / sizeof(ops[0]) || !ops[op].run ||
		    bytes != ops[op].size || bytes > size)
			return -EINVAL;
		ret = ops[op].run(&submission, data);
		if (ret)
			return ret;
		data = (const char *)data + bytes;
		size -= bytes;
	}
	return 0;
}

const struct vgpu_context_ops vgpu_native_ops = { .submit = native_submit };
