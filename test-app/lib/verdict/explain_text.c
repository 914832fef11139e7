// SPDX-License-Identifier: GPL-2.0-only
/* Print an explanation, see explain.h. */

#include <inttypes.h>
#include <string.h>

#include "array.h"
#include "explain.h"
#include "judge.h"

static const char *explain_op(enum guest_op op)
{
	static const char *const ops[] = {
		[GUEST_READ] = "read", [GUEST_WRITE] = "write", [GUEST_STORE] = "write (x87)",
		[GUEST_EXECUTE] = "execution",
	};

	return (size_t)op < ARRAY_SIZE(ops) && ops[op] ? ops[op] : "access";
}

static const char *explain_result(const struct explanation *explanation)
{
	static const char *const results[] = {
		[GUEST_PENDING] = "ended the vCPU",
		[GUEST_MAPPED] = "went through",
		[GUEST_WRONG] = "found other data",
		[GUEST_EFAULT] = "gave EFAULT",
		[GUEST_UNEMULATED] = "gave KVM_EXIT_INTERNAL_ERROR: emulation",
	};

	if (!explanation->ran)
		return "was not tried";
	return results[explanation->result];
}

static void explain_cause_mapped(const struct explanation *explanation, char *text, size_t size)
{
	const char *how = "it had an entry already";

	if (explain_stat(explanation, "pages_2m") > 0)
		how = "by an entry of 2 MiB";
	else if (explain_stat(explanation, "pages_4k") > 0)
		how = "by an entry of 4 KiB";
	if (explanation->spurious)
		snprintf(text, size, "a zap or a handler without an entry came in between, %s",
			 "the retry worked: docs/findings/spurious-efault.md");
	else
		snprintf(text, size, "KVM mapped the page, %s", how);
}

static const char explain_refusal[] =
	"KVM wants a reference on the page, which has none: known before 6.13, kvm_try_get_pfn()";

static void explain_cause_efault(const struct explanation *explanation, char *text, size_t size)
{
	const char *cause = "none that is known here";

	if (explanation->queried && explanation->query.state & MOCKGPU_BO_REVOKED)
		cause = "the buffer is revoked, its handler answers SIGBUS";
	else if (!explanation->vma[0])
		cause = "nothing is mapped at the HVA";
	else if (!explanation->after.present)
		cause = "the driver's fault handler gave no entry";
	else if (explanation->told && judge_page_refusable(&explanation->info) &&
		 judge_refusal_known())
		cause = explain_refusal;
	snprintf(text, size, "%s", cause);
}

void explain_cause(const struct explanation *explanation, char *text, size_t size)
{
	const struct mockgpu_entry *entry = &explanation->after;

	switch (explanation->ran ? explanation->result : GUEST_PENDING) {
	case GUEST_MAPPED:
		explain_cause_mapped(explanation, text, size);
		break;
	case GUEST_EFAULT:
		explain_cause_efault(explanation, text, size);
		break;
	case GUEST_UNEMULATED:
		snprintf(text, size, "%s",
			 entry->present && explanation->pfnmap && !entry->writable ?
			 "the host's entry is read-only: docs/findings/read-only-first.md" :
			 "KVM did not map the page, and cannot emulate the instruction");
		break;
	case GUEST_WRONG:
		if (explanation->told && entry->present && entry->pfn != explanation->info.pfn)
			snprintf(text, size, "the host's page table has page %#" PRIx64
				 ", the buffer has %#llx", entry->pfn, explanation->info.pfn);
		else
			snprintf(text, size, "the page holds something else than was written");
		break;
	default:
		snprintf(text, size, "not known: %s",
			 explanation->ran ? explanation->exit : "the guest was not asked");
	}
}

static void explain_print_entry(const struct explanation *explanation,
				const struct mockgpu_entry *entry, FILE *out)
{
	if (!entry->present)
		fprintf(out, "none");
	else if (!explanation->pfnmap)
		fprintf(out, "present, pfn %#" PRIx64 " (pagemap)", entry->pfn);
	else
		fprintf(out, "present, %s, %s, %s, %s, pfn %#" PRIx64,
			entry->writable ? "writable" : "read-only",
			entry->special ? "special" : "not special",
			entry->large ? "2 MiB" : "4 KiB", mockgpu_entry_caching(entry), entry->pfn);
}

static void explain_print_page(const struct drm_mockgpu_page *page, FILE *out)
{
	static const struct {
		uint32_t flag;
		const char *name;
	} flags[] = {
		{ MOCKGPU_PAGE_COMPOUND, "compound" }, { MOCKGPU_PAGE_RESERVED, "reserved" },
		{ MOCKGPU_PAGE_DIRTY, "dirty" }, { MOCKGPU_PAGE_REFERENCED, "referenced" },
		{ MOCKGPU_PAGE_ACTIVE, "active" }, { MOCKGPU_PAGE_LRU, "lru" },
		{ MOCKGPU_PAGE_MAPPING, "mapping" }, { MOCKGPU_PAGE_MAPPED, "mapped" },
	};
	size_t i;

	fprintf(out, "pfn %#llx, %s, %u of a block of order %u, count %u", page->pfn,
		page->flags & MOCKGPU_PAGE_TAIL ? "tail" : "head", page->index, page->order,
		page->count);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		if (page->flags & flags[i].flag)
			fprintf(out, ", %s", flags[i].name);
	}
}

static void explain_print_buffer(const struct drm_mockgpu_bo_query *query, FILE *out)
{
	static const char *const places[] = { "GTT", "VRAM", "SYSTEM" };

	fprintf(out, "%s, order %u, %s, in %s%s%s%s, %llu faults, %llu zaps, %u moves",
		mockgpu_kind_name(query->kind), query->order, mockgpu_caching_name(query->caching),
		query->placement < ARRAY_SIZE(places) ? places[query->placement] : "?",
		query->state & MOCKGPU_BO_PINNED ? ", pinned" : "",
		query->state & MOCKGPU_BO_SWAPPED ? ", swapped out" : "",
		query->state & MOCKGPU_BO_REVOKED ? ", revoked" : "", query->faults, query->zaps,
		query->moves);
}

/* Only statistics about the access, not about other work of the machine. */
static bool explain_is_telling(const char *name)
{
	static const char *const telling[] = {
		"pages_", "mmu_", "nx_lpage", "vcpu_pf_", "vcpu_mmio", "vcpu_insn", "vcpu_exits",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(telling); i++) {
		if (!strncmp(name, telling[i], strlen(telling[i])))
			return true;
	}
	return false;
}

static void explain_print_stats(const struct explanation *explanation, FILE *out)
{
	const char *between = "";
	size_t i;

	for (i = 0; i < explanation->stat_count; i++) {
		if (!explanation->stats[i].value || !explain_is_telling(explanation->stats[i].name))
			continue;
		fprintf(out, "%s%s %+" PRId64, between, explanation->stats[i].name,
			(int64_t)explanation->stats[i].value);
		between = ", ";
	}
	if (!between[0])
		fprintf(out, "none changed");
}

static void explain_print_trace(const struct explanation *explanation, const char *prefix,
				FILE *out)
{
	const char *line = explanation->trace, *end;

	if (explanation->what.untraced)
		return;
	if (explanation->trace_error)
		fprintf(out, "%s  trace   none: %s\n", prefix, strerror(-explanation->trace_error));
	else if (!line[0])
		fprintf(out, "%s  trace   no page fault of KVM\n", prefix);
	for (; *line; line = end + 1) {
		end = strchr(line, '\n');
		fprintf(out, "%s  trace   %.*s\n", prefix, (int)(end - line), line);
	}
}

/* Start a line. */
static void explain_line(const char *prefix, const char *name, FILE *out)
{
	fprintf(out, "%s  %-7s ", prefix, name);
}

static void explain_print_host(const struct explanation *explanation, const char *prefix,
			       FILE *out)
{
	explain_line(prefix, "VMA", out);
	fprintf(out, "%s\n", explanation->vma[0] ? explanation->vma : "none");
	explain_line(prefix, "PTE", out);
	explain_print_entry(explanation, &explanation->before, out);
	if (explanation->ran) {
		fprintf(out, " before,\n");
		explain_line(prefix, "", out);
		explain_print_entry(explanation, &explanation->after, out);
		fprintf(out, " now");
	}
	fputc('\n', out);
}

static void explain_print_driver(const struct explanation *explanation, const char *prefix,
				 FILE *out)
{
	if (explanation->told) {
		explain_line(prefix, "page", out);
		explain_print_page(&explanation->info, out);
		fputc('\n', out);
	}
	if (explanation->queried) {
		explain_line(prefix, "buffer", out);
		explain_print_buffer(&explanation->query, out);
		fputc('\n', out);
	}
}

static void explain_print_kvm(const struct explanation *explanation, const char *prefix, FILE *out)
{
	if (explanation->result == GUEST_PENDING) {
		explain_line(prefix, "exit", out);
		fprintf(out, "%s\n", explanation->exit);
	}
	explain_line(prefix, "KVM", out);
	explain_print_stats(explanation, out);
	fputc('\n', out);
	explain_print_trace(explanation, prefix, out);
}

void explain_print(const struct explanation *explanation, const char *prefix, FILE *out)
{
	const struct explain_page *what = &explanation->what;
	char cause[192];

	fprintf(out, "%spage %" PRIu64 ": the guest's %s %s\n", prefix, what->page,
		explain_op(what->op), explain_result(explanation));
	explain_line(prefix, "at", out);
	fprintf(out, "GPA %#" PRIx64 ", HVA %#" PRIx64 "\n",
		what->gpa + what->page * GUEST_PAGE_SIZE, explanation->hva);
	explain_print_host(explanation, prefix, out);
	explain_print_driver(explanation, prefix, out);
	if (explanation->ran)
		explain_print_kvm(explanation, prefix, out);
	explain_cause(explanation, cause, sizeof(cause));
	explain_line(prefix, "cause", out);
	fprintf(out, "%s\n", cause);
}
