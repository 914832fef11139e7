// SPDX-License-Identifier: GPL-2.0-only
/* Prints the report on one screen. */

#include <inttypes.h>
#include <string.h>

#include "array.h"
#include "probe.h"

static void probe_print_host(const struct probe_host *host, FILE *out)
{
	static const struct {
		const char *mmu;
		const char *words;
	} mmus[] = {
		{ "tdp", "two-dimensional paging, TDP MMU" },
		{ "legacy", "two-dimensional paging, legacy MMU" },
		{ "shadow", "shadow paging" },
		{ "vhe", "VHE" },
		{ "nvhe", "nVHE" },
		{ "pkvm", "protected mode (pKVM)" },
		{ "gstage", "two-stage translation" },
	};
	const char *words = "unknown MMU";
	size_t i;

	for (i = 0; i < ARRAY_SIZE(mmus); i++) {
		if (!strcmp(host->mmu, mmus[i].mmu))
			words = mmus[i].words;
	}
	fprintf(out, "kernel %s %s; KVM on %s: %s (%s); module mockgpu %s\n", host->release,
		host->arch, host->vendor, words, host->params, host->module);
}

static void probe_print_result(const struct probe_result *result, FILE *out)
{
	char mapped[32];
	size_t i;

	fprintf(out, "%-20s", result->test);
	for (i = 0; i < EXERCISE_ORDERS; i++) {
		snprintf(mapped, sizeof(mapped), "%zu/%zu", result->mapped[i], result->total);
		fprintf(out, " %-11s", mapped);
	}
	fprintf(out, " %s\n", judge_verdict_text(result->verdict));
	if (result->verdict == JUDGE_NOT_OK || result->verdict == JUDGE_SKIP)
		fprintf(out, "  %s\n", result->text);
}

/* The flags of the VMA that tell how a driver mapped it. */
static void probe_print_vma(const char *flags, FILE *out)
{
	static const char *const telling[] = { "pf", "mm", "io", "de", "dd" };
	const char *between = "";
	size_t i;

	for (i = 0; i < ARRAY_SIZE(telling); i++) {
		if (!strstr(flags, telling[i]))
			continue;
		fprintf(out, "%s%s", between, telling[i]);
		between = ",";
	}
}

static void probe_print_failure(const struct probe_result *result, FILE *out)
{
	const struct explanation *failure = &result->failure;

	fprintf(out, "%-20s %4" PRIu64 " %-11" PRIx64 " %-12" PRIx64 " ", result->test,
		failure->what.page, probe_failure_gpa(failure), failure->hva);
	if (probe_failure_pfn(failure))
		fprintf(out, "%-8" PRIx64, probe_failure_pfn(failure));
	else
		fprintf(out, "%-8s", "?");
	fprintf(out, " %-7s ", failure->before.present ? "present" : "none");
	if (failure->told)
		fprintf(out, "%s, count %u, %s, ",
			failure->info.flags & MOCKGPU_PAGE_TAIL ? "tail" : "head",
			failure->info.count, result->caching);
	probe_print_vma(failure->vma, out);
	fprintf(out, "\n");
}

static void probe_print_failures(const struct probe_report *report, FILE *out)
{
	bool header = false;
	size_t i;

	for (i = 0; i < report->count; i++) {
		if (!report->result[i].failed)
			continue;
		if (!header)
			fprintf(out, "\n%-20s %4s %-11s %-12s %-8s %-7s %s\n",
				"first failure", "page", "GPA", "HVA", "pfn", "PTE",
				"page, caching, VMA");
		header = true;
		probe_print_failure(&report->result[i], out);
	}
}

void probe_print_text(const struct probe_report *report, FILE *out)
{
	size_t i;

	probe_print_host(&report->host, out);
	fprintf(out, "\n%-20s %-11s %-11s %-11s %-11s %s\n", "pages that map,",
		"heads first", "tails first", "backwards", "random", "verdict");
	for (i = 0; i < report->count; i++)
		probe_print_result(&report->result[i], out);
	probe_print_failures(report, out);
	fprintf(out, "\n%s\n", report->text);
}
