// SPDX-License-Identifier: GPL-2.0-only
/* mockgpu-probe: tell whether this host can map a GPU's buffers into guests. */

#include <string.h>

#include "behaviour.h"
#include "mockgpu_version.h"
#include "number.h"
#include "option.h"
#include "probe.h"

enum probe_exit {
	PROBE_FIT = 0,
	PROBE_NOT_FIT = 1,
	PROBE_CANNOT_TELL = 4,
};

const char *argp_program_version = "mockgpu-probe " MOCKGPU_VERSION;

static const char probe_doc[] =
	"Tells whether KVM on this host can map the buffers of a GPU driver into\n"
	"guests. Creates buffers of every page kind and block order with the mockgpu\n"
	"module, lets a guest touch every page, in four access orders, and shows how\n"
	"many pages map and why the others do not. The guest reads first when it\n"
	"touches heads first or goes backwards, otherwise it writes first; the data\n"
	"is checked in both directions.\n"
	"With --device or --source it tries memory of another driver instead, and needs\n"
	"no module. With --vm it looks at a VMM that runs, and changes nothing.\n"
	"\vExit status: 0 fit (the page could be read), 1 not fit, 2 wrong usage, 4\n"
	"cannot tell (no module mockgpu, no /dev/kvm, not root, no such memory, no\n"
	"VMM).\n"
	"docs/howto.md has the members of the JSON object.";

static const struct argp_option probe_option_list[] = {
	{ "quiet", 'q', NULL, 0, "print only the verdict", 0 },
	{ "json", 'j', NULL, 0, "print one JSON object for machines", 0 },
	{ "tails", 't', NULL, 0,
	  "print in one word what KVM does with a page that\n"
	  "has no reference count: \"maps\", \"refuses\"\n"
	  "(EFAULT, as kernels before 6.13 are known to) or\n"
	  "\"regressed\" (EFAULT, and not known of this\n"
	  "kernel)", 0 },
	{ "device", 'd', "NODE", 0,
	  "try a dumb buffer, or else one of GBM, of the\n"
	  "DRM device with this node: /dev/dri/renderD128", 0 },
	{ "source", 's', "SOURCE", 0,
	  "try other memory: udmabuf, heap:NAME (a heap in\n"
	  "/dev/dma_heap), file:PATH, whose first 2 MiB are\n"
	  "overwritten and then restored, or\n"
	  "pid:PID:ADDRESS, the same for a mapping of a\n"
	  "process, which is stopped meanwhile", 0 },
	{ "vm", 'v', "PID", 0,
	  "show the mappings of this VMM that a driver's\n"
	  "fault handler fills, and what KVM does with them", 0 },
	{ "explain", 'e', NULL, 0,
	  "let a guest read one page of one buffer, and\n"
	  "print all that is known about it: addresses, VMA,\n"
	  "page table entry, page, buffer, KVM's statistics\n"
	  "and tracepoints, and the cause. KIND is ttm,\n"
	  "noncompound (default), compound, split or\n"
	  "reserved, ORDER 0 to 10 (default 9), PAGE from 0\n"
	  "(default 1, the first tail)", 0 },
	{}
};

/**
 * struct probe_options - options of the command line
 * @mode: the option that selects the output; 0 for the whole report
 * @page: the page that --explain explains
 * @device: node of a DRM device to try, or NULL
 * @source: other memory to try, or NULL
 * @vm: the VMM to look at, or 0
 */
struct probe_options {
	int mode;
	struct probe_page page;
	const char *device;
	const char *source;
	uint64_t vm;
};

/* argp parses all options before the arguments, whatever their order. */
static error_t probe_argument(const char *text, const struct argp_state *state)
{
	struct probe_options *options = state->input;
	struct probe_page *page = &options->page;

	if (options->mode != 'e' || state->arg_num > 1)
		return ARGP_ERR_UNKNOWN;
	if (state->arg_num == 0)
		return probe_page_set_buffer(page, text) ?
		       option_refuse(state, "no such buffer: '%s', KIND[:ORDER] wanted", text) : 0;
	if (number_parse(text, &page->number) || page->number >= probe_page_count(page))
		return option_refuse(state, "no such page: '%s', 0 to %zu wanted", text,
				     probe_page_count(page) - 1);
	return 0;
}

static error_t probe_end(const struct argp_state *state)
{
	const struct probe_options *options = state->input;

	if (options->device && options->source)
		return option_refuse(state, "--device and --source exclude each other");
	if ((options->device || options->source) && strchr("te", options->mode ?: ' '))
		return option_refuse(state, "--tails and --explain are for mockgpu's buffers");
	if (options->vm && (options->device || options->source || options->mode))
		return option_refuse(state, "--vm goes with no other option");
	return 0;
}

static error_t probe_option(int key, char *text, struct argp_state *state)
{
	static const char exclusive[] = "--quiet, --json, --tails and --explain exclude each other";
	struct probe_options *options = state->input;

	switch (key) {
	case 'q':
	case 'j':
	case 't':
	case 'e':
		if (options->mode && options->mode != key)
			return option_refuse(state, exclusive);
		options->mode = key;
		return 0;
	case 'd':
		options->device = text;
		return 0;
	case 's':
		if (!probe_source_known(text))
			return option_refuse(state, "no such source: '%s'", text);
		options->source = text;
		return 0;
	case 'v':
		return option_number(state, key, text, 1, INT32_MAX, &options->vm);
	case ARGP_KEY_ARG:
		return probe_argument(text, state);
	case ARGP_KEY_END:
		return probe_end(state);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int probe_cannot_tell(const char *why)
{
	fprintf(stderr, "mockgpu-probe: cannot tell: %s\n", why);
	return PROBE_CANNOT_TELL;
}

static int probe_main_explain(const struct probe_page *page)
{
	const char *unusable = behaviour_unusable();
	char why[256];
	int ret;

	if (unusable)
		return probe_cannot_tell(unusable);
	ret = probe_explain(page, why, sizeof(why));
	if (ret < 0)
		return probe_cannot_tell(why);
	return ret ? PROBE_NOT_FIT : PROBE_FIT;
}

static int probe_main_tails(void)
{
	const char *unusable = behaviour_unusable();
	int refuses;

	if (unusable)
		return probe_cannot_tell(unusable);
	refuses = behaviour_seen(BEHAVIOUR_REFUSES_TAILS);
	if (refuses < 0)
		return probe_cannot_tell(strerror(-refuses));
	printf("%s\n", !refuses ? "maps" :
	       behaviour_known(BEHAVIOUR_REFUSES_TAILS) ? "refuses" : "regressed");
	return refuses ? PROBE_NOT_FIT : PROBE_FIT;
}

static int probe_main_vm(pid_t pid)
{
	struct probe_host host;
	char why[256];
	int ret;

	probe_host_look(&host);
	ret = probe_vm(&host, pid, why, sizeof(why));
	if (ret < 0)
		return probe_cannot_tell(why);
	return ret ? PROBE_NOT_FIT : PROBE_FIT;
}

/* Try what the options ask for. Return: NULL, or why it cannot tell. */
static const char *probe_try_all(const struct probe_options *options, struct probe_report *report)
{
	static struct probe_sources sources;
	const char *why = vmm_unusable();
	int ret = 0;

	if (!options->device && !options->source) {
		why = behaviour_unusable();
		return why ?: probe_run(report) ? report->text : NULL;
	}
	if (!why)
		ret = options->device ? probe_sources_device(&sources, options->device) :
					probe_sources_open(&sources, options->source);
	if (!why && !ret && probe_run_sources(report, &sources))
		why = report->text;
	probe_sources_close(&sources);
	return ret ? sources.why : why;
}

static int probe_main(const struct probe_options *options)
{
	static struct probe_report report;
	const char *why;

	probe_host_look(&report.host);
	why = probe_try_all(options, &report);
	if (options->mode == 'j')
		probe_print_json(&report, why, stdout);
	if (why)
		return probe_cannot_tell(why);
	if (options->mode == 'q')
		printf("%s\n", report.text);
	else if (!options->mode)
		probe_print_text(&report, stdout);
	return report.fit ? PROBE_FIT : PROBE_NOT_FIT;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = probe_option_list, .parser = probe_option, .doc = probe_doc,
		.args_doc = "\n--explain [KIND[:ORDER] [PAGE]]",
	};
	struct probe_options options = { .page = PROBE_PAGE_DEFAULT };

	option_parse(&argp, argc, argv, 0, &options);
	if (options.vm)
		return probe_main_vm(options.vm);
	if (options.mode == 'e')
		return probe_main_explain(&options.page);
	return options.mode == 't' ? probe_main_tails() : probe_main(&options);
}
