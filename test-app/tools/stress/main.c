// SPDX-License-Identifier: GPL-2.0-only
/* mockgpu-stress: all operations at once, and SIGKILL. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "kselftest.h"

#include "clock.h"
#include "exporter.h"
#include "fdpass.h"
#include "leak_check.h"
#include "mockgpu_version.h"
#include "option.h"
#include "stress.h"

/* After this many operations each one must have been done. */
#define STRESS_ENOUGH 3000
/* A slow machine may take this many times as long for them. */
#define STRESS_SLOWER 30
/* Between two kills: this time in ms, and up to as much again. */
#define STRESS_KILL_PAUSE 300

const char *argp_program_version = "mockgpu-stress " MOCKGPU_VERSION;

static const char stress_doc[] =
	"Stresses the mockgpu driver: threads and processes create, map, access, move,\n"
	"swap out, revoke, export, import and close buffers and fork, all at once, and\n"
	"are killed. Every holder of a buffer checks its data: a pattern in each page,\n"
	"and a counter that all holders raise and whose raises must not get\n"
	"lost.\n"
	"\vPrints TAP. Exit status: 0 passed, 1 failed, 2 wrong usage, 4 skipped (no\n"
	"module mockgpu, not root).";

static const struct argp_option stress_option_list[] = {
	{ "seconds", 't', "N", 0,
	  "time to run (default 10); longer if that is too\n"
	  "short for every operation to be done", 0 },
	{ "workers", 'w', "N", 0, "processes, 1 to 16 (default 3)", 0 },
	{ "threads", 'j', "N", 0, "threads of each process, 1 to 8 (default 3)", 0 },
	{ "seed", 's', "N", 0, "of the random numbers (default: another one each time)", 0 },
	{ "patience", 'p', "N", 0, "seconds that one operation may take (default 300)", 0 },
	{ "no-kill", 'k', NULL, 0, "do not kill processes", 0 },
	{}
};

/**
 * struct stress_options - options of the command line
 * @seconds: time to run
 * @workers: number of processes
 * @threads: threads of each process
 * @seed: seed of the random numbers
 * @patience: seconds that one operation may take
 * @kill: kill workers
 */
struct stress_options {
	uint64_t seconds;
	uint64_t workers;
	uint64_t threads;
	uint64_t seed;
	uint64_t patience;
	bool kill;
};

static error_t stress_option(int key, char *text, struct argp_state *state)
{
	struct stress_options *options = state->input;

	switch (key) {
	case 't':
		return option_number(state, key, text, 1, UINT32_MAX, &options->seconds);
	case 'w':
		return option_number(state, key, text, 1, WORKERS_MAX, &options->workers);
	case 'j':
		return option_number(state, key, text, 1, WORKERS_THREADS_MAX, &options->threads);
	case 's':
		return option_number(state, key, text, 0, UINT64_MAX, &options->seed);
	case 'p':
		return option_number(state, key, text, 1, 99999, &options->patience);
	case 'k':
		options->kill = false;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static uint64_t stress_now_ms(void)
{
	return clock_now() * 1e3;
}

static void stress_start(struct workers *workers, unsigned int member, struct stress_setup *setup)
{
	setup->lives++;
	if (workers_start(workers, member, stress_work, setup))
		workers_note(workers, "worker %u cannot be started: %m", member);
}

/* Kill one worker, whatever it does, and start another one. */
static void stress_kill(struct workers *workers, struct stress_setup *setup, struct prng *prng)
{
	unsigned int member = prng_below(prng, workers->members);

	if (!workers->member[member].pid)
		return;
	workers_kill(workers, member);
	if (workers->member[member].stuck)
		return;
	workers->member[member].status = 0;
	atomic_fetch_add(&setup->counts->kills, 1);
	stress_start(workers, member, setup);
}

static uint64_t stress_done(const struct stress_counts *counts)
{
	uint64_t all = 0;
	unsigned int i;

	for (i = 0; i < stress_op_count; i++)
		all += counts->done[i] + counts->refused[i];
	return all;
}

/* A busy machine may do too little in this time: that must not look like a pass. */
static bool stress_goes_on(const struct stress_options *options,
			   const struct stress_setup *setup, uint64_t start)
{
	uint64_t ms = stress_now_ms() - start, wanted = options->seconds * 1000;

	return ms < wanted ||
	       (ms < wanted * STRESS_SLOWER && stress_done(setup->counts) < STRESS_ENOUGH);
}

static void stress_supervise(struct workers *workers, const struct stress_options *options,
			     struct stress_setup *setup)
{
	struct prng prng = prng_of(options->seed, UINT32_MAX);
	uint64_t start = stress_now_ms(), kill = start + STRESS_KILL_PAUSE;
	unsigned int i;

	for (i = 0; i < workers->members; i++)
		stress_start(workers, i, setup);
	/* No worker ends by itself unless something went wrong. */
	while (stress_goes_on(options, setup, start) && workers_look(workers) == workers->members) {
		usleep(20000);
		if (!options->kill || stress_now_ms() < kill)
			continue;
		stress_kill(workers, setup, &prng);
		kill = stress_now_ms() + STRESS_KILL_PAUSE + prng_below(&prng, STRESS_KILL_PAUSE);
	}
	workers_stop(workers);
}

/* Return: false if an operation that every kernel supports was never done. */
static bool stress_print_counts(const struct stress_counts *counts, uint64_t *all)
{
	bool good = true;
	unsigned int i;

	*all = stress_done(counts);
	for (i = 0; i < stress_op_count; i++) {
		ksft_print_msg("%-16s %8" PRIu64 " done, %8" PRIu64 " refused\n",
			       stress_ops[i].name, (uint64_t)counts->done[i],
			       (uint64_t)counts->refused[i]);
		good &= counts->done[i] || stress_ops[i].optional;
	}
	ksft_print_msg("%" PRIu64 " operations, %" PRIu64 " processes killed\n", *all,
		       (uint64_t)counts->kills);
	return good;
}

static void stress_report(const struct workers *workers, const struct stress_counts *counts)
{
	uint64_t all;
	bool good = stress_print_counts(counts, &all);

	ksft_test_result(workers_all_ended(workers), "no worker crashed or hung\n");
	ksft_test_result(workers_no_failures(workers), "data and answers were right\n");
	if (all < STRESS_ENOUGH)
		ksft_test_result_skip("every operation was done: too few to tell\n");
	else
		ksft_test_result(good, "every operation was done\n");
}

static void stress_run(const struct stress_options *options)
{
	struct workers workers = {
		.members = options->workers,
		.threads = options->threads,
		.patience = options->patience,
		.out = stdout,
	};
	struct stress_setup setup = { .seed = options->seed, .threads = options->threads };
	/* Load the module once, before many workers look for it. */
	int vgem = exporter_vgem_open();

	setup.counts = mmap(NULL, sizeof(*setup.counts), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (setup.counts == MAP_FAILED || workers_init(&workers) || fdpass_pair(setup.post))
		ksft_exit_fail_perror("cannot prepare");
	stress_supervise(&workers, options, &setup);
	/* Closing the sockets drops the buffers that nobody received. */
	close(setup.post[0]);
	close(setup.post[1]);
	if (vgem >= 0)
		close(vgem);
	stress_report(&workers, setup.counts);
	workers_fini(&workers);
}

static int stress_main(const struct stress_options *options)
{
	struct leak_check leaks;
	char why[256];

	ksft_print_header();
	if (leak_check_begin(&leaks, why, sizeof(why)))
		ksft_exit_skip("%s\n", why);
	ksft_set_plan(5);
	ksft_print_msg("seed %#" PRIx64 "\n", options->seed);
	stress_run(options);
	ksft_test_result(leak_check_is_clean(&leaks, stdout),
			 "the driver holds what it held before\n");
	ksft_test_result(leak_check_log_is_clean(&leaks, stdout), "the kernel did not complain\n");
	leak_check_end(&leaks);
	ksft_finished();
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = stress_option_list, .parser = stress_option, .doc = stress_doc,
	};
	struct stress_options options = {
		.seconds = 10, .workers = 3, .threads = 3, .patience = 300, .kill = true,
	};

	if (getrandom(&options.seed, sizeof(options.seed), 0) != sizeof(options.seed))
		options.seed = time(NULL);
	option_parse(&argp, argc, argv, 0, &options);
	return stress_main(&options);
}
