// SPDX-License-Identifier: GPL-2.0-only
/* mockgpu-fuzz: call the driver at random, knowing its structures. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "kselftest.h"

#include "clock.h"
#include "fdpass.h"
#include "fuzz.h"
#include "leak_check.h"
#include "mockgpu_version.h"
#include "option.h"

/* After this many calls each ioctl must have succeeded. */
#define FUZZ_ENOUGH 10000
/* Seconds from one line that says how far it is to the next. */
#define FUZZ_PROGRESS 10
/* The file for KCOV_ENABLE. */
#define FUZZ_KCOV_FILE "/sys/kernel/debug/kcov"
/* No single worker. */
#define FUZZ_ALL UINT64_MAX

const char *argp_program_version = "mockgpu-fuzz " MOCKGPU_VERSION;

static const char fuzz_doc[] =
	"Calls the mockgpu driver at random: ioctls with members that are mostly\n"
	"valid, at a limit or arbitrary, mappings, accesses, dma-bufs, forks. Several\n"
	"processes do so at the same time, every fourth one without privileges. Each\n"
	"result is checked: the driver must refuse invalid arguments, with an error\n"
	"that uapi/ documents. If the kernel has KCOV, arguments that reach new code\n"
	"are varied and tried again.\n"
	"\vPrints TAP. Exit status: 0 passed, 1 failed, 2 wrong usage, 4 skipped (no\n"
	"module mockgpu, not root).";

static const struct argp_option fuzz_option_list[] = {
	{ "steps", 'n', "N", 0, "steps of all workers together (default 16000)", 0 },
	{ "seconds", 't', "N", 0, "also end after this time (default 0: no limit)", 0 },
	{ "pages", 'g', "N", 0,
	  "pages of most buffers at most, 1 to 4096 (default\n"
	  "64): smaller ones make steps faster", 0 },
	{ "workers", 'w', "N", 0, "processes, 1 to 16 (default 4)", 0 },
	{ "seed", 's', "N", 0,
	  "of the random numbers (default: another one each\n"
	  "time). The steps also depend on the other workers\n"
	  "and on KCOV: the same seed need not repeat a\n"
	  "failure", 0 },
	{ "only", 'o', "N", 0,
	  "run only this worker, with its numbers but not the effects of others", 0 },
	{ "patience", 'p', "N", 0, "seconds that one step may take (default 300)", 0 },
	{}
};

/**
 * struct fuzz_options - options of the command line
 * @steps: steps of all workers together
 * @seconds: time limit; 0 for none
 * @pages: usual limit for the pages of a buffer
 * @workers: number of processes
 * @seed: seed of the random numbers
 * @only: the only worker to run, or FUZZ_ALL
 * @patience: seconds that one step may take
 */
struct fuzz_options {
	uint64_t steps;
	uint64_t seconds;
	uint64_t pages;
	uint64_t workers;
	uint64_t seed;
	uint64_t only;
	uint64_t patience;
};

static error_t fuzz_option(int key, char *text, struct argp_state *state)
{
	struct fuzz_options *options = state->input;

	switch (key) {
	case 'n':
		return option_number(state, key, text, 1, INT64_MAX, &options->steps);
	case 't':
		return option_number(state, key, text, 0, UINT64_MAX, &options->seconds);
	case 'g':
		return option_number(state, key, text, 1, 4096, &options->pages);
	case 'w':
		return option_number(state, key, text, 1, WORKERS_MAX, &options->workers);
	case 's':
		return option_number(state, key, text, 0, UINT64_MAX, &options->seed);
	case 'o':
		return option_number(state, key, text, 0, WORKERS_MAX - 1, &options->only);
	case 'p':
		return option_number(state, key, text, 1, 99999, &options->patience);
	case ARGP_KEY_END:
		if (options->only != FUZZ_ALL && options->only >= options->workers)
			return option_refuse(state, "--only: the workers are 0 to %" PRIu64,
					     options->workers - 1);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Print the steps so far if it is time to, and set @next to when it is again. */
static void fuzz_print_progress(const struct fuzz_setup *setup, double *next)
{
	if (clock_now() < *next)
		return;
	*next = clock_now() + FUZZ_PROGRESS;
	ksft_print_msg("%" PRIu64 " steps so far\n", (uint64_t)setup->counts->steps);
	fflush(stdout);
}

static void fuzz_start(struct workers *workers, const struct fuzz_options *options,
		       struct fuzz_setup *setup)
{
	double next = clock_now() + FUZZ_PROGRESS;
	unsigned int i;

	for (i = 0; i < workers->members; i++) {
		if (options->only != FUZZ_ALL && options->only != i)
			continue;
		if (workers_start(workers, i, fuzz_work, setup))
			workers_note(workers, "worker %u cannot be started: %m", i);
	}
	while (workers_look(workers)) {
		fuzz_print_progress(setup, &next);
		usleep(20000);
	}
}

/* Print how often each ioctl was called. Return: false if one never succeeded. */
static bool fuzz_print_counts(const struct fuzz_counts *counts, uint64_t *calls)
{
	bool all = true;
	unsigned int i;

	for (i = 0, *calls = 0; i < FUZZ_CALLS; i++) {
		ksft_print_msg("%-18s %8" PRIu64 " done, %8" PRIu64 " refused\n",
			       fuzz_calls[i].name, (uint64_t)counts->passed[i],
			       (uint64_t)counts->failed[i]);
		*calls += counts->passed[i] + counts->failed[i];
		all &= counts->passed[i] != 0;
	}
	ksft_print_msg("%" PRIu64 " steps, of which %" PRIu64 " ioctls\n",
		       (uint64_t)counts->steps, *calls);
	if (access(FUZZ_KCOV_FILE, F_OK))
		ksft_print_msg("no feedback: the kernel has no KCOV\n");
	else
		ksft_print_msg("feedback: %" PRIu64 " new places reached\n",
			       (uint64_t)counts->edges);
	return all;
}

static void fuzz_report(const struct workers *workers, const struct fuzz_setup *setup)
{
	uint64_t calls;
	bool all = fuzz_print_counts(setup->counts, &calls);

	ksft_test_result(workers_all_ended(workers), "every worker came to its end\n");
	ksft_test_result(workers_no_failures(workers), "every answer was as the interface says\n");
	if (calls < FUZZ_ENOUGH)
		ksft_test_result_skip("every ioctl succeeded once: too few calls to tell\n");
	else
		ksft_test_result(all, "every ioctl succeeded once\n");
}

static void fuzz_run(const struct fuzz_options *options, struct fuzz_setup *setup)
{
	struct workers workers = {
		.members = options->workers,
		.threads = 1,
		.patience = options->patience,
		.out = stdout,
	};

	if (workers_init(&workers) || fdpass_pair(setup->post))
		ksft_exit_fail_perror("cannot prepare");
	setup->seed = options->seed;
	setup->steps = (options->steps + options->workers - 1) / options->workers;
	setup->pages = options->pages;
	setup->deadline = options->seconds ? clock_now() + options->seconds : 0;
	fuzz_start(&workers, options, setup);
	close(setup->post[0]);
	close(setup->post[1]);
	close(setup->shared_fd);
	fuzz_report(&workers, setup);
	workers_fini(&workers);
}

static int fuzz_main(const struct fuzz_options *options)
{
	struct fuzz_setup setup = {};
	struct leak_check leaks;
	char why[256];

	ksft_print_header();
	if (leak_check_begin(&leaks, why, sizeof(why)))
		ksft_exit_skip("%s\n", why);
	setup.counts = mmap(NULL, sizeof(*setup.counts), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	setup.shared_fd = mockgpu_open(NULL, 0);
	if (setup.counts == MAP_FAILED || setup.shared_fd < 0)
		ksft_exit_fail_perror("cannot prepare");
	ksft_set_plan(6);
	ksft_print_msg("seed %#" PRIx64 "\n", options->seed);
	ksft_test_result(fuzz_table_is_whole(leaks.fd),
			 "the fuzzer knows the whole interface\n");
	fuzz_run(options, &setup);
	ksft_test_result(leak_check_is_clean(&leaks, stdout),
			 "the driver holds what it held before\n");
	ksft_test_result(leak_check_log_is_clean(&leaks, stdout), "the kernel did not complain\n");
	leak_check_end(&leaks);
	ksft_finished();
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = fuzz_option_list, .parser = fuzz_option, .doc = fuzz_doc,
	};
	struct fuzz_options options = {
		.steps = 16000, .pages = 64, .workers = 4, .only = FUZZ_ALL, .patience = 300,
	};

	if (getrandom(&options.seed, sizeof(options.seed), 0) != sizeof(options.seed))
		options.seed = time(NULL);
	option_parse(&argp, argc, argv, 0, &options);
	return fuzz_main(&options);
}
