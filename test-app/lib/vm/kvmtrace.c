// SPDX-License-Identifier: GPL-2.0-only
/* KVM's tracepoints, see kvmtrace.h. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arch.h"
#include "array.h"
#include "kvmtrace.h"
#include "sysfs.h"

/* Events to enable; a kernel or an architecture may lack some of them. */
static const char *const kvmtrace_events[] = {
	"kvm/" ARCH_FAULT_EVENT, "kvm/kvm_mmio", "kvm/kvm_emulate_insn",
	"kvm/kvm_inj_exception", "kvmmmu/kvm_mmu_set_spte", "kvmmmu/mark_mmio_spte",
};

static int kvmtrace_write(const char *root, const char *folder, const char *file, const char *text)
{
	char path[192];

	snprintf(path, sizeof(path), "%s/%s/%s", root, folder, file);
	return sysfs_write(path, text);
}

/* Enable the events that exist. Return: how many. Filters would cost a grace period each. */
static size_t kvmtrace_enable(const struct kvmtrace *trace)
{
	char folder[64];
	size_t i, set = 0;

	for (i = 0; i < ARRAY_SIZE(kvmtrace_events); i++) {
		snprintf(folder, sizeof(folder), "events/%s", kvmtrace_events[i]);
		set += !kvmtrace_write(trace->path, folder, "enable", "1");
	}
	return set;
}

/*
 * An instance that does not record the names of threads: recording them patches the
 * scheduler, see vmm_keep_one() for the danger. An instance inherits this setting from
 * the top.
 */
static int kvmtrace_make_instance(const char *root, const char *path)
{
	char option[96];
	bool was;
	int ret;

	snprintf(option, sizeof(option), "%s/options/record-cmd", root);
	was = sysfs_is_set(option);
	if (was)
		kvmtrace_write(root, "options", "record-cmd", "0");
	ret = mkdir(path, 0700) ? -errno : 0;
	if (was)
		kvmtrace_write(root, "options", "record-cmd", "1");
	return ret;
}

int kvmtrace_begin(struct kvmtrace *trace)
{
	static const char *const roots[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
	int ret = -ENOENT;
	size_t i;

	for (i = 0; ret && i < ARRAY_SIZE(roots); i++) {
		snprintf(trace->path, sizeof(trace->path), "%s/instances/mockgpu-%ld", roots[i],
			 syscall(SYS_gettid));
		ret = kvmtrace_make_instance(roots[i], trace->path);
	}
	if (ret)
		return ret;
	if (kvmtrace_enable(trace))
		return 0;
	rmdir(trace->path);
	return -ENOENT;
}

/* Lines of this thread: "<...>-PID [CPU] FLAGS TIME: EVENT: VALUES"; '#' starts a comment. */
static void kvmtrace_read(FILE *stream, char *text, size_t size)
{
	char line[512], thread[32];
	size_t used = 0;

	snprintf(thread, sizeof(thread), "-%ld ", syscall(SYS_gettid));
	while (fgets(line, sizeof(line), stream)) {
		const char *event = strstr(line, ": "), *who = strstr(line, thread);

		if (line[0] == '#' || !event || !who || who > event ||
		    strlen(event + 2) >= size - used)
			continue;
		strcpy(text + used, event + 2);
		used += strlen(event + 2);
	}
}

void kvmtrace_end(struct kvmtrace *trace, char *text, size_t size)
{
	char path[80];
	FILE *stream;

	text[0] = '\0';
	snprintf(path, sizeof(path), "%s/trace", trace->path);
	stream = fopen(path, "re");
	if (stream) {
		kvmtrace_read(stream, text, size);
		fclose(stream);
	}
	/* Removing the instance disables its events. */
	rmdir(trace->path);
}
