// SPDX-License-Identifier: GPL-2.0-only
/* mockgpu-fuzz: call the driver at random, knowing its structures. */

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
#include "fdpass.h"
#include "fuzz.h"
#include "leak_check.h"

#define FUZZ_USAGE 2
/* From so many calls on each ioctl has to succeed now and then. */
#define FUZZ_ENOUGH 10000
/* KCOV_ENABLE's file. */
#define FUZZ_KCOV_FILE "/sys/kernel/debug/kcov"

static const char fuzz_help[] =
	"Usage: mockgpu-fuzz [-n STEPS] [-t SECONDS] [-w WORKERS] [-s SEED] [-o WORKER]\n"
	"\n"
	"Calls the mockgpu driver at random: ioctls with members that are mostly right,\n"
	"at the edge or wild, mappings, touches, dma-bufs, forks. Several processes do so\n"
	"at the same time, every fourth one without rights. Each answer is judged: what is\n"
	"wrong must be refused, with an error that uapi/ names. With KCOV in\n"
	"the kernel, arguments that reach new code are tried again with differences.\n"
	"\n"
	"  -n, --steps N     steps of all workers together (default 16000)\n"
	"  -t, --seconds N   end after so long, too (default: no limit)\n"
	"  -w, --workers N   processes, 1 to 16 (default 4)\n"
	"  -s, --seed N      of the random numbers (default: another one each time). What\n"
	"                    steps come of them also depends on the other workers and on\n"
	"                    KCOV: a failure need not come again\n"
	"  -o, --only N      only this worker: its numbers, without what others did beside it\n"
	"  -p, --patience N  seconds that one step may take (default 60)\n"
	"  -h, --help        print this help\n"
	"\n"
	"Prints TAP. Exit status: 0 passed, 1 failed, 2 wrong usage, 4 skipped (no\n"
	"module mockgpu, not root).\n";

/**
 * struct fuzz_options - from the command line
 * @steps: of all workers together
 * @seconds: 0 for no limit
 * @workers: processes
 * @seed: of the random numbers
 * @only: a worker, or -1 for all
 * @patience: seconds
 */
struct fuzz_options {
	uint64_t steps;
	uint64_t seconds;
	uint64_t workers;
	uint64_t seed;
	int64_t only;
	uint64_t patience;
};

static bool fuzz_parse_number(const char *text, uint64_t *number)
{
	char *end;

	*number = strtoull(text, &end, 0);
	return *text && !*end && *text != '-';
}

static bool fuzz_parse_option(int option, const char *text, struct fuzz_options *options)
{
	uint64_t number;

	if (!text || !fuzz_parse_number(text, &number))
		return false;
	switch (option) {
	case 'n':
		options->steps = number;
		return number;
	case 't':
		options->seconds = number;
		return true;
	case 'w':
		options->workers = number;
		return number && number <= WORKERS_MAX;
	case 's':
		options->seed = number;
		return true;
	case 'o':
		options->only = number;
		return number < WORKERS_MAX;
	case 'p':
		options->patience = number;
		return number && number < 100000;
	default:
		return false;
	}
}

static void fuzz_start(struct workers *workers, const struct fuzz_options *options,
		       struct fuzz_setup *setup)
{
	unsigned int i;

	for (i = 0; i < workers->members; i++) {
		if (options->only >= 0 && options->only != i)
			continue;
		if (workers_start(workers, i, fuzz_work, setup))
			workers_note(workers, "worker %u cannot be started: %m", i);
	}
	while (workers_look(workers))
		usleep(20000);
}

/* How often each ioctl was called; false when one never succeeded. */
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

static int fuzz_usage(void)
{
	fprintf(stderr, "mockgpu-fuzz: wrong option or value, see mockgpu-fuzz --help\n");
	return FUZZ_USAGE;
}

int main(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "steps", required_argument, NULL, 'n' },
		{ "seconds", required_argument, NULL, 't' },
		{ "workers", required_argument, NULL, 'w' },
		{ "seed", required_argument, NULL, 's' },
		{ "only", required_argument, NULL, 'o' },
		{ "patience", required_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	struct fuzz_options options = { .steps = 16000, .workers = 4, .only = -1, .patience = 60 };
	int option;

	if (getrandom(&options.seed, sizeof(options.seed), 0) != sizeof(options.seed))
		options.seed = time(NULL);
	while ((option = getopt_long(argc, argv, "n:t:w:s:o:p:h", long_options, NULL)) != -1) {
		if (option == 'h') {
			fputs(fuzz_help, stdout);
			return 0;
		}
		if (!fuzz_parse_option(option, optarg, &options))
			return fuzz_usage();
	}
	if (optind < argc || options.only >= (int64_t)options.workers)
		return fuzz_usage();
	return fuzz_main(&options);
}
