// SPDX-License-Identifier: GPL-2.0-only
/* mockgpu-probe: tell whether this host can give a GPU's buffers to guests. */

#include <getopt.h>
#include <string.h>

#include "probe/probe.h"

enum probe_exit {
	PROBE_FIT = 0,
	PROBE_NOT_FIT = 1,
	PROBE_USAGE = 2,
	PROBE_CANNOT_TELL = 4,
};

static const char probe_help[] =
	"Usage: mockgpu-probe [-q | --json]\n"
	"\n"
	"Tells whether KVM on this host can give the buffers of a GPU driver to guests.\n"
	"Makes buffers of the mockgpu module, of every page kind and block order, lets a\n"
	"guest touch every page, in four orders, and shows how many pages map and why\n"
	"others do not. The guest reads first where heads come first and backwards, else\n"
	"it writes first; data is checked in both directions.\n"
	"\n"
	"  -q, --quiet  print only the verdict\n"
	"  -j, --json   print one JSON object for machines\n"
	"  -h, --help   print this help\n"
	"\n"
	"Exit status: 0 fit, 1 not fit, 2 wrong usage, 4 cannot tell (no module mockgpu,\n"
	"no /dev/kvm, not root).\n";

struct probe_options {
	bool quiet;
	bool json;
};

static int probe_usage(const char *what)
{
	fprintf(stderr, "mockgpu-probe: %s, see mockgpu-probe --help\n", what);
	return PROBE_USAGE;
}

static int probe_cannot_tell(const struct probe_report *report,
			     const struct probe_options *options, const char *why)
{
	fprintf(stderr, "mockgpu-probe: cannot tell: %s\n", why);
	if (options->json)
		probe_print_json_unknown(&report->host, why, stdout);
	return PROBE_CANNOT_TELL;
}

static int probe_main(const struct probe_options *options)
{
	static struct probe_report report;
	const char *unusable;

	probe_host_look(&report.host);
	unusable = trial_unusable();
	if (unusable)
		return probe_cannot_tell(&report, options, unusable);
	if (probe_run(&report))
		return probe_cannot_tell(&report, options, report.text);
	if (options->json)
		probe_print_json(&report, stdout);
	else if (options->quiet)
		printf("%s\n", report.text);
	else
		probe_print_text(&report, stdout);
	return report.fit ? PROBE_FIT : PROBE_NOT_FIT;
}

int main(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "quiet", no_argument, NULL, 'q' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct probe_options options = { false, false };
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "qjh", long_options, NULL)) != -1) {
		switch (option) {
		case 'q':
			options.quiet = true;
			break;
		case 'j':
			options.json = true;
			break;
		case 'h':
			fputs(probe_help, stdout);
			return PROBE_FIT;
		default:
			return probe_usage("unknown option");
		}
	}
	if (optind < argc)
		return probe_usage("takes no arguments");
	if (options.quiet && options.json)
		return probe_usage("--quiet and --json exclude each other");
	return probe_main(&options);
}
