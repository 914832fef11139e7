/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vCPUs that run in threads of their own, over and over the same pages, while the test
 * changes the memory under them.
 */
#ifndef MOCKGPU_TEST_RUNNER_H
#define MOCKGPU_TEST_RUNNER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "vmm.h"

/**
 * struct runner - one such vCPU
 *
 * @vcpu: the vCPU
 * @again: run it again when it ended with VMM_EXIT_EFAULT
 * @thread: its thread
 * @reason: why it ended last
 * @efaults: how often it ended with VMM_EXIT_EFAULT
 * @max_consecutive: the most of these in a row, at the same access
 * @running: it has not ended yet
 * @leaving: it must end
 */
struct runner {
	_Atomic uint64_t efaults;
	_Atomic uint64_t max_consecutive;
	_Atomic bool running;
	_Atomic bool leaving;
	struct vmm_vcpu *vcpu;
	bool again;
	pthread_t thread;
	enum vmm_exit reason;
	/* private: */
	uint64_t step;
	uint64_t consecutive;
};

/**
 * runner_start() - let a vCPU count in the first pages of a memslot
 * @runner: out, except for @again, which is in; to be ended with runner_end()
 * @vcpu: the vCPU, not running; its number is its lane. The words of that lane hold 0.
 * @gpa: guest physical address of the pages
 * @pages: how many, up to GUEST_WORK_ITEMS
 *
 * Return: 0 or -errno.
 */
int runner_start(struct runner *runner, struct vmm_vcpu *vcpu, uint64_t gpa, uint32_t pages);

/**
 * runner_rounds() - get the number of rounds a runner has done
 * @runner: the runner
 *
 * Return: rounds.
 */
uint64_t runner_rounds(const struct runner *runner);

/**
 * runner_wait() - wait until a runner has done some more rounds
 * @runner: the runner
 * @rounds: how many; with 2 or more, one of them started after the call
 *
 * Return: 0; -ESRCH when it has ended; -ETIMEDOUT after 30 s.
 */
int runner_wait(const struct runner *runner, uint64_t rounds);

/**
 * runner_end() - stop a runner
 * @runner: the runner, or one that was never started
 *
 * It finishes its round, for which one that runs again after VMM_EXIT_EFAULT still does so, 64
 * times for one access. A vCPU that does not finish its round within 30 s is taken out of the
 * guest by signal SIGUSR1, and its @reason is VMM_EXIT_OTHER.
 *
 * Return: how many words it found wrong.
 */
uint64_t runner_end(struct runner *runner);

#endif /* MOCKGPU_TEST_RUNNER_H */
