// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <linux/magic.h>

#include "arch.h"
#include "array.h"
#include "clock.h"
#include "debugfs.h"
#include "mockgpu.h"
#include "sysfs.h"

int mockgpu_debugfs_open(int fd, const char *name, int flags)
{
	struct stat st;
	char path[128];
	int ret;

	if (fstat(fd, &st))
		return -errno;
	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%u/%s", minor(st.st_rdev), name);
	ret = open(path, flags | O_CLOEXEC);
	return ret < 0 ? -errno : ret;
}

static int debugfs_write(int fd, const char *name, const char *text)
{
	int file = mockgpu_debugfs_open(fd, name, O_WRONLY);
	int ret = 0;

	if (file < 0)
		return file;
	if (write(file, text, strlen(text)) < 0)
		ret = -errno;
	close(file);
	return ret;
}

/* Open a debugfs file as a stream. Return: it, or NULL with @ret set. */
static FILE *debugfs_stream(int fd, const char *name, int *ret)
{
	FILE *stream;

	*ret = mockgpu_debugfs_open(fd, name, O_RDONLY);
	if (*ret < 0)
		return NULL;
	stream = fdopen(*ret, "r");
	if (!stream) {
		close(*ret);
		*ret = -ENOMEM;
	}
	return stream;
}

int mockgpu_usage_get(int fd, struct mockgpu_usage *usage)
{
	FILE *stream;
	int ret;

	stream = debugfs_stream(fd, "mockgpu", &ret);
	if (!stream)
		return ret;
	ret = fscanf(stream, "buffers: %" SCNu64 " pages: %" SCNu64 " pages_max: %" SCNu64
		     " populated: %" SCNu64 " vram: %" SCNu64 " vram_max: %" SCNu64
		     " charged: %" SCNu64 " jobs: %" SCNu64 " resets: %" SCNu64
		     " wakes: %" SCNu64 " backable: %" SCNu64 " purgeable: %" SCNu64
		     " scans: %" SCNu64 " backed_up: %" SCNu64 " purged: %" SCNu64
		     " interrupted: %" SCNu64,
		     &usage->buffers, &usage->pages, &usage->pages_max,
		     &usage->populated, &usage->vram, &usage->vram_max, &usage->charged,
		     &usage->jobs, &usage->resets, &usage->wakes, &usage->backable,
		     &usage->purgeable, &usage->scans, &usage->backed_up, &usage->purged,
		     &usage->interrupted);
	fclose(stream);
	return ret == 16 ? 0 : -EPROTO;
}

#define DEBUGFS_ROOT "/sys/kernel/debug"

int mockgpu_ttm_objects(void)
{
	unsigned long count;
	struct statfs fs;
	int ret = sysfs_read_number(DEBUGFS_ROOT "/ttm/buffer_objects", &count);

	/* TTM creates the folder with its first device and removes it with the last. */
	if (ret == -ENOENT && !statfs(DEBUGFS_ROOT, &fs) && fs.f_type == DEBUGFS_MAGIC)
		return 0;
	return ret ? ret : (int)count;
}

static void buffer_number(struct mockgpu_buffer *buffer, const char *key, const char *value)
{
	const struct {
		const char *key;
		uint64_t *value;
	} members[] = {
		{ "id", &buffer->id },
		{ "size", &buffer->size },
		{ "maps", &buffer->maps },
		{ "faults", &buffer->faults },
		{ "zaps", &buffer->zaps },
		{ "notifies", &buffer->notifies },
		{ "populated", &buffer->populated },
		{ "pins", &buffer->pins },
		{ "caching", &buffer->caching },
		{ "moves", &buffer->moves },
		{ "swapouts", &buffer->swapouts },
		{ "flushes", &buffer->flushes },
		{ "revoked", &buffer->revoked },
		{ "exported", &buffer->exported },
		{ "attached", &buffer->attached },
		{ "segments", &buffer->segments },
		{ "address", &buffer->address },
		{ "busy", &buffer->busy },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(members); i++)
		if (!strcmp(key, members[i].key))
			*members[i].value = strtoull(value, NULL, 0);
}

/* Keys that are not known here are skipped. */
static void buffer_parse(char *line, struct mockgpu_buffer *buffer)
{
	char *save, *word, *value;

	memset(buffer, 0, sizeof(*buffer));
	for (word = strtok_r(line, "\n ", &save); word; word = strtok_r(NULL, "\n ", &save)) {
		value = strchr(word, '=');
		if (!value)
			continue;
		*value++ = '\0';
		if (!strcmp(word, "kind"))
			snprintf(buffer->kind, sizeof(buffer->kind), "%s", value);
		else if (!strcmp(word, "placement"))
			snprintf(buffer->placement, sizeof(buffer->placement), "%s", value);
		else
			buffer_number(buffer, word, value);
	}
}

int mockgpu_buffers_get(int fd, struct mockgpu_buffer *buffers, size_t room)
{
	char line[512];
	FILE *stream;
	int count;

	stream = debugfs_stream(fd, "buffers", &count);
	if (!stream)
		return count;
	for (count = 0; fgets(line, sizeof(line), stream); count++)
		if ((size_t)count < room)
			buffer_parse(line, &buffers[count]);
	fclose(stream);
	return count;
}

int mockgpu_entry_get(int fd, const void *address, struct mockgpu_entry *entry)
{
	int present, large, writable, special, ret = 0;
	int file = mockgpu_debugfs_open(fd, "entry", O_RDWR);
	char text[128];
	ssize_t size;

	if (file < 0)
		return file;
	snprintf(text, sizeof(text), "%#" PRIxPTR, (uintptr_t)address);
	size = write(file, text, strlen(text));
	if (size > 0)
		size = read(file, text, sizeof(text) - 1);
	if (size < 0)
		ret = -errno;
	close(file);
	if (ret)
		return ret;
	text[size] = '\0';
	if (sscanf(text, "present=%d pfn=%" SCNx64 " large=%d writable=%d special=%d prot=%" SCNx64,
		   &present, &entry->pfn, &large, &writable, &special, &entry->prot) != 6)
		return -EPROTO;
	entry->present = present;
	entry->large = large;
	entry->writable = writable;
	entry->special = special;
	return 0;
}

const char *mockgpu_entry_caching(const struct mockgpu_entry *entry)
{
	return arch_entry_caching(entry->prot, entry->large);
}

int mockgpu_fail_set(int fd, unsigned long nth)
{
	char text[32];

	snprintf(text, sizeof(text), "%lu", nth);
	return debugfs_write(fd, "fail_nth", text);
}

int mockgpu_fail_get(int fd, unsigned long *left, char *point, size_t size)
{
	char name[32];
	FILE *stream;
	int ret;

	stream = debugfs_stream(fd, "fail_nth", &ret);
	if (!stream)
		return ret;
	ret = fscanf(stream, "%lu %31s", left, name);
	fclose(stream);
	if (ret != 2)
		return -EPROTO;
	snprintf(point, size, "%s", name);
	return 0;
}

int mockgpu_move_delay_set(unsigned long delay)
{
	return sysfs_write_number(MOCKGPU_PARAMETERS "move_delay", delay);
}

int mockgpu_unplug_dummy_set(bool dummy)
{
	return sysfs_write_number(MOCKGPU_PARAMETERS "unplug_dummy", dummy);
}

int mockgpu_hold(int fd)
{
	return mockgpu_debugfs_open(fd, "hold", O_RDONLY);
}

int mockgpu_wait_idle(int fd)
{
	struct mockgpu_usage usage;
	unsigned int tries;
	int ret;

	for (tries = 0; tries < 30000; tries++) {
		ret = mockgpu_usage_get(fd, &usage);
		if (ret || !usage.jobs)
			return ret;
		clock_pause(1);
	}
	return -ETIMEDOUT;
}

int mockgpu_reset(int fd)
{
	return debugfs_write(fd, "reset", "1");
}

int mockgpu_d3(int fd)
{
	return debugfs_write(fd, "d3", "1");
}

int mockgpu_shrink(int fd, unsigned long npages)
{
	char text[32];

	snprintf(text, sizeof(text), "%lu", npages);
	return debugfs_write(fd, "shrink", text);
}

int mockgpu_unplug(int fd)
{
	return debugfs_write(fd, "unplug", "1");
}
