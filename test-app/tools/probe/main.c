// SPDX-License-Identifier: GPL-2.0-only
/* mockgpu-probe: tell whether this host can give a GPU's buffers to guests. */

#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "behaviour.h"
#include "buffer.h"
#include "probe.h"

enum probe_exit {
	PROBE_FIT = 0,
	PROBE_NOT_FIT = 1,
	PROBE_USAGE = 2,
	PROBE_CANNOT_TELL = 4,
};

static const char probe_help[] =
	"Usage: mockgpu-probe [-q | --json | --tails | --explain [KIND[:ORDER] [PAGE]]]\n"
	"\n"
	"Tells whether KVM on this host can give the buffers of a GPU driver to guests.\n"
	"Makes buffers of the mockgpu module, of every page kind and block order, lets a\n"
	"guest touch every page, in four orders, and shows how many pages map and why\n"
	"others do not. The guest reads first where heads come first and backwards, else\n"
	"it writes first; data is checked in both directions.\n"
	"\n"
	"  -q, --quiet    print only the verdict\n"
	"  -j, --json     print one JSON object for machines\n"
	"  -t, --tails    print in one word what KVM does with a page that has no reference\n"
	"                 count: \"maps\", \"refuses\" (EFAULT, as kernels before 6.13 are\n"
	"                 known to) or \"regressed\" (EFAULT, and not known of this kernel)\n"
	"  -e, --explain  let a guest read one page of one buffer, and print all that is\n"
	"                 known of it: addresses, VMA, page table entry, page, buffer, KVM's\n"
	"                 statistics and tracepoints, and the cause. KIND is ttm,\n"
	"                 noncompound (default), compound, split or reserved, ORDER 0 to 10\n"
	"                 (default 9), PAGE from 0 (default 1, the first tail)\n"
	"  -h, --help     print this help\n"
	"\n"
	"Exit status: 0 fit (the page could be read), 1 not fit, 2 wrong usage, 4 cannot\n"
	"tell (no module mockgpu, no /dev/kvm, not root).\n";

struct probe_options {
	bool quiet;
	bool json;
	bool tails;
	bool explain;
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

static int probe_main_explain(const char *buffer, const char *page)
{
	const char *unusable = vm_buffer_unusable();
	char why[256];
	int ret;

	if (unusable)
		snprintf(why, sizeof(why), "%s", unusable);
	ret = unusable ? -ENODEV : probe_explain(buffer, page, why, sizeof(why));
	if (ret == -EINVAL)
		return probe_usage(why);
	if (ret < 0) {
		fprintf(stderr, "mockgpu-probe: cannot tell: %s\n", why);
		return PROBE_CANNOT_TELL;
	}
	return ret ? PROBE_NOT_FIT : PROBE_FIT;
}

static int probe_main_tails(void)
{
	const char *unusable = vm_buffer_unusable();
	int refuses;

	if (unusable) {
		fprintf(stderr, "mockgpu-probe: cannot tell: %s\n", unusable);
		return PROBE_CANNOT_TELL;
	}
	refuses = behaviour_seen(BEHAVIOUR_REFUSES_TAILS);
	if (refuses < 0) {
		fprintf(stderr, "mockgpu-probe: cannot tell: %s\n", strerror(-refuses));
		return PROBE_CANNOT_TELL;
	}
	printf("%s\n", !refuses ? "maps" :
	       behaviour_known(BEHAVIOUR_REFUSES_TAILS) ? "refuses" : "regressed");
	return refuses ? PROBE_NOT_FIT : PROBE_FIT;
}

static int probe_main(const struct probe_options *options)
{
	static struct probe_report report;
	const char *unusable;

	probe_host_look(&report.host);
	unusable = vm_buffer_unusable();
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
		{ "tails", no_argument, NULL, 't' },
		{ "explain", no_argument, NULL, 'e' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct probe_options options = {};
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "qjteh", long_options, NULL)) != -1) {
		switch (option) {
		case 'q':
			options.quiet = true;
			break;
		case 'j':
			options.json = true;
			break;
		case 't':
			options.tails = true;
			break;
		case 'e':
			options.explain = true;
			break;
		case 'h':
			fputs(probe_help, stdout);
			return PROBE_FIT;
		default:
			return probe_usage("unknown option");
		}
	}
	if (options.quiet + options.json + options.tails + options.explain > 1)
		return probe_usage("--quiet, --json, --tails and --explain exclude each other");
	if (argc - optind > (options.explain ? 2 : 0))
		return probe_usage("too many arguments");
	/* What exercises have to say on failures would be amid the report. */
	/* argv ends with NULL. */
	if (options.explain)
		return probe_main_explain(argv[optind], argv[optind] ? argv[optind + 1] : NULL);
	return options.tails ? probe_main_tails() : probe_main(&options);
}
