// SPDX-License-Identifier: GPL-2.0-only
/* Checks the data of a buffer, and changes it. */

#include "stress.h"

/* Pages that one operation checks. */
#define STRESS_LOOKS 6

void stress_complain(struct stress_thread *thread, const struct stress_slot *slot,
		     const char *what, uint64_t page)
{
	const struct mockgpu_bo *bo = &slot->bo;

	workers_note(thread->worker->workers,
		     "worker %u thread %u, '%s': page %llu of %llu of buffer %#llx (handle %u, kind %s, order %u) %s",
		     thread->worker->number, thread->number, thread->doing,
		     (unsigned long long)page,
		     (unsigned long long)slot->ref.ledger->npages,
		     (unsigned long long)slot->ref.ledger->tag, bo->handle,
		     mockgpu_kind_name(bo->kind), bo->order, what);
}

static void stress_look_at(struct stress_thread *thread, struct stress_slot *slot, void *map,
			   uint64_t page)
{
	struct ledger *ledger = slot->ref.ledger;
	void *at = (char *)map + page * thread->worker->page;
	enum ledger_verdict verdict = ledger_check(ledger, at, page);

	if (!verdict && prng_chance(&thread->prng, 60))
		verdict = ledger_raise(ledger, at, page);
	if (!verdict && prng_chance(&thread->prng, 10))
		verdict = ledger_fill(ledger, at, page);
	if (verdict)
		stress_complain(thread, slot, ledger_verdict_text(verdict), page);
}

/* Check some pages through a mapping, and write to some. */
void stress_look(struct stress_thread *thread, struct stress_slot *slot, void *map)
{
	unsigned int i;

	for (i = 0; i < STRESS_LOOKS; i++)
		stress_look_at(thread, slot, map,
			       prng_below(&thread->prng, slot->ref.ledger->npages));
}

/* Check all pages through a mapping, and write to some. */
void stress_look_at_all(struct stress_thread *thread, struct stress_slot *slot, void *map)
{
	uint64_t page;

	for (page = 0; page < slot->ref.ledger->npages; page++)
		stress_look_at(thread, slot, map, page);
}
