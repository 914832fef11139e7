// SPDX-License-Identifier: GPL-2.0-only
/* vCPUs in threads of their own, see runner.h. */

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "runner.h"

#define RUNNER_SECONDS 30
#define RUNNER_PAUSE_NS 200000
/* How often a vCPU that must end tries an access again: a spurious EFAULT recurs less often. */
#define RUNNER_LAST_TRIES 64

static void runner_ignore(int signal)
{
	(void)signal;
}

static void runner_note_efault(struct runner *runner)
{
	const struct guest_work *work = vmm_vcpu_work(runner->vcpu);
	/* The step is only that of a page and recurs in the next round. */
	uint64_t step = work->rounds << 32 | work->step;

	runner->efaults++;
	runner->consecutive = step == runner->step ? runner->consecutive + 1 : 1;
	runner->step = step;
	if (runner->consecutive > runner->max_consecutive)
		runner->max_consecutive = runner->consecutive;
}

/* The round in which it is told to stop may meet a spurious EFAULT, too, or EFAULT for good. */
static bool runner_goes_on(const struct runner *runner)
{
	if (!runner->again || runner->reason != VMM_EXIT_EFAULT)
		return false;
	return !runner->leaving || runner->consecutive < RUNNER_LAST_TRIES;
}

static void *runner_thread(void *arg)
{
	struct runner *runner = arg;

	do {
		runner->reason = vmm_vcpu_run(runner->vcpu);
		if (runner->reason == VMM_EXIT_EFAULT)
			runner_note_efault(runner);
	} while (runner_goes_on(runner));
	runner->running = false;
	return NULL;
}

int runner_start(struct runner *runner, struct vmm_vcpu *vcpu, uint64_t gpa, uint32_t pages)
{
	const struct sigaction action = { .sa_handler = runner_ignore };
	struct guest_work *work = vmm_vcpu_work(vcpu);
	uint32_t i;
	int ret;

	*runner = (struct runner){ .again = runner->again };
	memset(work, 0, sizeof(*work));
	work->gpa = gpa;
	work->op = GUEST_COUNT;
	work->lane = vmm_vcpu_index(vcpu);
	work->count = pages;
	for (i = 0; i < pages; i++)
		work->page[i] = i;
	sigaction(SIGUSR1, &action, NULL);
	ret = vmm_vcpu_start(vcpu);
	if (ret)
		return ret;
	runner->running = true;
	runner->vcpu = vcpu;
	ret = -pthread_create(&runner->thread, NULL, runner_thread, runner);
	if (ret)
		runner->vcpu = NULL;
	return ret;
}

uint64_t runner_rounds(const struct runner *runner)
{
	return __atomic_load_n(&vmm_vcpu_work(runner->vcpu)->rounds, __ATOMIC_SEQ_CST);
}

int runner_wait(const struct runner *runner, uint64_t rounds)
{
	const struct timespec pause = { .tv_nsec = RUNNER_PAUSE_NS };
	uint64_t end = clock_now() + RUNNER_SECONDS;
	uint64_t wanted = runner_rounds(runner) + rounds;

	while (runner_rounds(runner) < wanted) {
		if (!runner->running)
			return -ESRCH;
		if (clock_now() > end)
			return -ETIMEDOUT;
		nanosleep(&pause, NULL);
	}
	return 0;
}

uint64_t runner_end(struct runner *runner)
{
	const struct timespec pause = { .tv_nsec = RUNNER_PAUSE_NS };
	uint64_t end = clock_now() + RUNNER_SECONDS;
	struct guest_work *work;

	if (!runner->vcpu)
		return 0;
	work = vmm_vcpu_work(runner->vcpu);
	runner->leaving = true;
	__atomic_store_n(&work->stop, 1, __ATOMIC_SEQ_CST);
	while (runner->running && clock_now() <= end)
		nanosleep(&pause, NULL);
	while (runner->running) {
		vmm_vcpu_interrupt(runner->vcpu);
		pthread_kill(runner->thread, SIGUSR1);
		nanosleep(&pause, NULL);
	}
	pthread_join(runner->thread, NULL);
	runner->vcpu = NULL;
	return work->wrong_count;
}
