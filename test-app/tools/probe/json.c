// SPDX-License-Identifier: GPL-2.0-only
/* The report for machines: one JSON object. */

#include <inttypes.h>

#include "probe.h"

static void probe_json_string(const char *string, FILE *out)
{
	fputc('"', out);
	for (; *string; string++) {
		if (*string == '"' || *string == '\\')
			fprintf(out, "\\%c", *string);
		else if ((unsigned char)*string < ' ')
			fprintf(out, "\\u%04x", *string);
		else
			fputc(*string, out);
	}
	fputc('"', out);
}

static void probe_json_member(const char *name, const char *value, FILE *out)
{
	fprintf(out, "\"%s\":", name);
	probe_json_string(value, out);
	fputc(',', out);
}

static void probe_json_host(const struct probe_host *host, FILE *out)
{
	probe_json_member("program", "mockgpu-probe", out);
	probe_json_member("kernel", host->release, out);
	probe_json_member("arch", host->arch, out);
	probe_json_member("kvm", host->vendor, out);
	probe_json_member("mmu", host->mmu, out);
	probe_json_member("params", host->params, out);
	probe_json_member("module", host->module, out);
}

/* Without an entry none of its properties is known. */
static void probe_json_entry(const struct mockgpu_entry *entry, FILE *out)
{
	fprintf(out, "\"pte\":\"%s\",", entry->present ? "present" : "none");
	if (entry->present)
		fprintf(out, "\"writable\":%s,\"special\":%s,\"level\":\"%s\",",
			entry->writable ? "true" : "false", entry->special ? "true" : "false",
			entry->large ? "2M" : "4K");
}

static void probe_json_failure(const struct probe_result *result, FILE *out)
{
	const struct explanation *failure = &result->failure;

	if (!result->failed) {
		fprintf(out, "\"failure\":null");
		return;
	}
	fprintf(out, "\"failure\":{\"page\":%" PRIu64 ",", failure->what.page);
	fprintf(out, "\"gpa\":\"%#" PRIx64 "\",\"hva\":\"%#" PRIx64 "\",",
		probe_failure_gpa(failure), failure->hva);
	probe_json_entry(&failure->before, out);
	if (probe_failure_pfn(failure))
		fprintf(out, "\"pfn\":\"%#" PRIx64 "\",", probe_failure_pfn(failure));
	else
		fprintf(out, "\"pfn\":null,");
	probe_json_member("vma_flags", failure->vma, out);
	probe_json_member("caching", result->caching, out);
	fprintf(out, "\"place\":\"%s\",\"count\":%" PRIu32 "}",
		failure->info.flags & MOCKGPU_PAGE_TAIL ? "tail" : "head", failure->info.count);
}

static void probe_json_result(const struct probe_result *result, FILE *out)
{
	size_t i;

	fputc('{', out);
	probe_json_member("test", result->test, out);
	probe_json_member("door", result->path, out);
	probe_json_member("kind", result->kind, out);
	fprintf(out, "\"order\":%" PRIu32 ",", result->order);
	probe_json_member("verdict", judge_verdict_text(result->verdict), out);
	probe_json_member("text", result->text, out);
	fprintf(out, "\"mapped\":%zu,\"total\":%zu,\"visits\":{", result->fewest, result->total);
	for (i = 0; i < EXERCISE_ORDERS; i++)
		fprintf(out, "%s\"%s\":%zu", i ? "," : "", exercise_order_name(i),
			result->mapped[i]);
	fprintf(out, "},");
	probe_json_failure(result, out);
	fputc('}', out);
}

void probe_print_json(const struct probe_report *report, FILE *out)
{
	size_t i;

	fputc('{', out);
	probe_json_host(&report->host, out);
	probe_json_member("verdict", report->fit ? "fit" : "not fit", out);
	probe_json_member("text", report->text, out);
	fprintf(out, "\"results\":[");
	for (i = 0; i < report->count; i++) {
		fprintf(out, "%s\n", i ? "," : "");
		probe_json_result(&report->result[i], out);
	}
	fprintf(out, "\n]}\n");
}

void probe_print_json_unknown(const struct probe_host *host, const char *why, FILE *out)
{
	fputc('{', out);
	probe_json_host(host, out);
	probe_json_member("verdict", "cannot tell", out);
	probe_json_member("text", why, out);
	fprintf(out, "\"results\":[]}\n");
}
