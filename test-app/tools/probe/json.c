// SPDX-License-Identifier: GPL-2.0-only
/* Prints the report as one JSON object; docs/howto.md lists its members. */

#include "json.h"
#include "probe.h"

static void probe_json_host(struct json *json, const struct probe_host *host)
{
	json_string(json, "program", "mockgpu-probe");
	json_string(json, "kernel", host->release);
	json_string(json, "arch", host->arch);
	json_string(json, "kvm", host->vendor);
	json_string(json, "mmu", host->mmu);
	json_string(json, "params", host->params);
	json_string(json, "module", host->module);
}

/* Only an entry that is present has properties. */
static void probe_json_entry(struct json *json, const struct mockgpu_entry *entry)
{
	json_string(json, "pte", entry->present ? "present" : "none");
	if (!entry->present)
		return;
	json_bool(json, "writable", entry->writable);
	json_bool(json, "special", entry->special);
	json_string(json, "level", entry->large ? "2M" : "4K");
}

static void probe_json_failure(struct json *json, const struct probe_result *result)
{
	const struct explanation *failure = &result->failure;

	if (!result->failed) {
		json_null(json, "failure");
		return;
	}
	json_object(json, "failure");
	json_number(json, "page", failure->what.page);
	json_address(json, "gpa", probe_failure_gpa(failure));
	json_address(json, "hva", failure->hva);
	probe_json_entry(json, &failure->before);
	if (probe_failure_pfn(failure))
		json_address(json, "pfn", probe_failure_pfn(failure));
	else
		json_null(json, "pfn");
	json_string(json, "vma_flags", failure->vma);
	json_string(json, "caching", result->caching);
	if (failure->told) {
		json_string(json, "place",
			    failure->info.flags & MOCKGPU_PAGE_TAIL ? "tail" : "head");
		json_number(json, "count", failure->info.count);
	}
	json_end(json);
}

static void probe_json_result(struct json *json, const struct probe_result *result)
{
	size_t i;

	json_object(json, NULL);
	json_string(json, "test", result->test);
	json_string(json, "path", result->path);
	json_string(json, "kind", result->kind);
	json_number(json, "order", result->order);
	json_string(json, "verdict", judge_verdict_text(result->verdict));
	json_string(json, "text", result->text);
	json_number(json, "mapped", result->fewest);
	json_number(json, "total", result->total);
	json_string(json, "pages", result->pages);
	json_object(json, "orders");
	for (i = 0; i < EXERCISE_ORDERS; i++)
		json_number(json, exercise_order_name(i), result->mapped[i]);
	json_end(json);
	probe_json_failure(json, result);
	json_end(json);
}

void probe_print_json(const struct probe_report *report, const char *why, FILE *out)
{
	struct json json = { .out = out };
	size_t i;

	json_object(&json, NULL);
	probe_json_host(&json, &report->host);
	json_string(&json, "verdict", why ? "cannot tell" : report->fit ? "fit" : "not fit");
	json_string(&json, "text", why ?: report->text);
	json_array(&json, "results");
	for (i = 0; i < report->count && !why; i++)
		probe_json_result(&json, &report->result[i]);
	json_end(&json);
	json_end(&json);
}
