// SPDX-License-Identifier: GPL-2.0-only
/* Slots for buffers, see stress.h. */

#include <unistd.h>

#include "stress.h"

/* Call with the slot locked for writing. */
void stress_slot_clear(struct stress_worker *worker, struct stress_slot *slot)
{
	pthread_mutex_lock(&worker->handles);
	mockgpu_bo_destroy(&slot->bo);
	pthread_mutex_unlock(&worker->handles);
	slot->bo = (struct mockgpu_bo) {};
	if (slot->dmabuf >= 0)
		close(slot->dmabuf);
	slot->dmabuf = -1;
	ledger_close(&slot->ref);
}
