// SPDX-License-Identifier: GPL-2.0-only
/* mockgpu-stress: everything at once, and SIGKILL. */

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
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
#include "stress.h"

#define STRESS_USAGE 2
/* From so many operations on each one has to be done now and then. */
#define STRESS_ENOUGH 3000
/* How many times as long a slow machine gets for them. */
#define STRESS_SLOWER 30
/* Between two kills, in ms: this, and up to as much again. */
#define STRESS_KILL_PAUSE 300

static const char stress_help[] =
	"Usage: mockgpu-stress [-t SECONDS] [-w WORKERS] [-j THREADS] [-s SEED]\n"
	"\n"
	"Uses the mockgpu driver from many sides at once: threads and processes create,\n"
	"map, touch, move, swap out, revoke, export, import, close and fork, and are killed.\n"
	"Whoever holds a buffer checks its data: a pattern in each page, and a counter that\n"
	"all holders raise and whose raises must not get lost.\n"
	"\n"
	"  -t, --seconds N   how long (default 10); longer where that is too short to tell\n"
	"                    whether every operation is done\n"
	"  -w, --workers N   processes, 1 to 16 (default 3)\n"
	"  -j, --threads N   threads of each, 1 to 8 (default 3)\n"
	"  -s, --seed N      of the random numbers (default: another one each time)\n"
	"  -p, --patience N  seconds that one operation may take (default 60)\n"
	"  -k, --no-kill     kill nobody\n"
	"  -h, --help        print this help\n"
	"\n"
	"Prints TAP. Exit status: 0 passed, 1 failed, 2 wrong usage, 4 skipped (no\n"
	"module mockgpu, not root).\n";

/**
 * struct stress_options - from the command line
 * @seconds: how long
 * @workers: processes
 * @threads: of each
 * @seed: of the random numbers
 * @patience: seconds
 * @kill: workers are killed
 */
struct stress_options {
	uint64_t seconds;
	uint64_t workers;
	uint64_t threads;
	uint64_t seed;
	uint64_t patience;
	bool kill;
};

static bool stress_parse_option(int option, const char *text, struct stress_options *options)
{
	uint64_t number = 0;
	char *end = NULL;

	if (text)
		number = strtoull(text, &end, 0);
	if (text && (!*text || *end || *text == '-'))
		return false;
	switch (option) {
	case 't':
		options->seconds = number;
		return number;
	case 'w':
		options->workers = number;
		return number && number <= WORKERS_MAX;
	case 'j':
		options->threads = number;
		return number && number <= WORKERS_THREADS_MAX;
	case 's':
		options->seed = number;
		return true;
	case 'p':
		options->patience = number;
		return number && number < 100000;
	case 'k':
		options->kill = false;
		return true;
	default:
		return false;
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

/* Kill one worker in the middle of whatever it does, and start another. */
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

/* A busy machine does in its time too little to judge: that must not look like a pass. */
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
	/* Nobody ends without being told: then there is something to be said. */
	while (stress_goes_on(options, setup, start) && workers_look(workers) == workers->members) {
		usleep(20000);
		if (!options->kill || stress_now_ms() < kill)
			continue;
		stress_kill(workers, setup, &prng);
		kill = stress_now_ms() + STRESS_KILL_PAUSE + prng_below(&prng, STRESS_KILL_PAUSE);
	}
	workers_stop(workers);
}

/* False when an operation that every kernel has was never done. */
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
	/* Loads the module once, before many look for it. */
	int vgem = exporter_vgem_open();

	setup.counts = mmap(NULL, sizeof(*setup.counts), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (setup.counts == MAP_FAILED || workers_init(&workers) || fdpass_pair(setup.post))
		ksft_exit_fail_perror("cannot prepare");
	stress_supervise(&workers, options, &setup);
	/* With the sockets goes what nobody received. */
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

static int stress_usage(void)
{
	fprintf(stderr, "mockgpu-stress: wrong option or value, see mockgpu-stress --help\n");
	return STRESS_USAGE;
}

int main(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "seconds", required_argument, NULL, 't' },
		{ "workers", required_argument, NULL, 'w' },
		{ "threads", required_argument, NULL, 'j' },
		{ "seed", required_argument, NULL, 's' },
		{ "patience", required_argument, NULL, 'p' },
		{ "no-kill", no_argument, NULL, 'k' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	struct stress_options options = {
		.seconds = 10, .workers = 3, .threads = 3, .patience = 60, .kill = true,
	};
	int option;

	if (getrandom(&options.seed, sizeof(options.seed), 0) != sizeof(options.seed))
		options.seed = time(NULL);
	while ((option = getopt_long(argc, argv, "t:w:j:s:p:kh", long_options, NULL)) != -1) {
		if (option == 'h') {
			fputs(stress_help, stdout);
			return 0;
		}
		if (!stress_parse_option(option, optarg, &options))
			return stress_usage();
	}
	if (optind < argc)
		return stress_usage();
	return stress_main(&options);
}
