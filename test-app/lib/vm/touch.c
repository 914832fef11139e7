// SPDX-License-Identifier: GPL-2.0-only
/* Let a guest touch pages, see touch.h. */

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "touch.h"

/* Run one work list to its end and retry every failed access once. */
static int touch_run_list(struct vmm_vcpu *vcpu, struct touch *touch,
			  struct guest_work *work)
{
	bool retrying = false;
	uint64_t failed = 0;
	int ret;

	ret = vmm_vcpu_start(vcpu);
	while (!ret) {
		enum vmm_exit reason = vmm_vcpu_run(vcpu);
		bool again = reason == VMM_EXIT_EFAULT && retrying &&
			     work->step == failed;

		if (retrying && !again)
			touch->spurious++;
		retrying = false;
		if (reason == VMM_EXIT_DOORBELL)
			return 0;
		if (reason == VMM_EXIT_UNEMULATED) {
			work->result[GUEST_STEP_ITEM(work->step)] = GUEST_UNEMULATED;
			ret = vmm_vcpu_resume(vcpu);
			continue;
		}
		if (reason != VMM_EXIT_EFAULT)
			return -EIO;
		if (again) {
			work->result[GUEST_STEP_ITEM(failed)] = GUEST_EFAULT;
			ret = vmm_vcpu_resume(vcpu);
		} else {
			failed = work->step;
			retrying = true;
		}
	}
	return ret;
}

static void touch_note_wrong(struct touch *touch, const struct guest_work *work)
{
	if (work->wrong_count && !touch->wrong_words) {
		touch->wrong_page = work->page[work->wrong_item];
		touch->wrong_word = work->wrong_word;
		touch->wrong_value = work->wrong_value;
	}
	touch->wrong_words += work->wrong_count;
}

/* The numbers of @count pages, after @done of them. */
static void touch_list(const struct touch *touch, size_t done, size_t count, uint32_t *page)
{
	size_t i;

	for (i = 0; i < count; i++)
		page[i] = touch->sequence ? touch->sequence[done + i] : done + i;
}

int touch_run(struct vmm_vcpu *vcpu, struct touch *touch)
{
	struct guest_work *work = vmm_vcpu_work(vcpu);
	size_t done, count, i;

	touch->spurious = 0;
	touch->wrong_words = 0;
	for (done = 0; done < touch->accesses; done += count) {
		int ret;

		count = touch->accesses - done;
		if (count > GUEST_WORK_ITEMS)
			count = GUEST_WORK_ITEMS;
		memset(work, 0, sizeof(*work));
		work->gpa = touch->gpa;
		work->seed = touch->seed;
		work->op = touch->op;
		work->count = count;
		touch_list(touch, done, count, work->page);
		ret = touch_run_list(vcpu, touch, work);
		if (ret)
			return ret;
		for (i = 0; i < count; i++) {
			if (work->result[i] == GUEST_PENDING)
				return -EIO;
			touch->result[work->page[i]] = work->result[i];
		}
		touch_note_wrong(touch, work);
	}
	return 0;
}

int touch_start_page(struct vmm_vcpu *vcpu, enum guest_op op, uint64_t gpa, uint32_t page,
		     uint64_t seed)
{
	*vmm_vcpu_work(vcpu) = (struct guest_work){
		.gpa = gpa, .seed = seed, .op = op, .count = 1, .page = { page },
	};
	return vmm_vcpu_start(vcpu);
}
