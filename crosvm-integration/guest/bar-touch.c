// SPDX-License-Identifier: GPL-2.0-only
/*
 * bar-touch read|write WHERE: in a Linux guest, touches all of the memory where the
 * VMM has put a mockgpu buffer: that of an ivshmem device (PCI 1af4:1110, BAR 2),
 * or a range of physical addresses.
 *
 * WHERE is the device's number on bus 0, in hexadecimal, or ADDRESS+SIZE, with
 * "iomem=relaxed" on the kernel's command line; every page is touched with what
 * the first argument says first, in the order of visit.h.
 *
 * Prints "bar: done ..." when every page was touched and every word was right,
 * "bar: failed ..." otherwise; exit status 0 and 1. A VMM that dies of the access
 * leaves neither.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "visit.h"

#define PAGE		4096UL
#define IVSHMEM_ID	"0x1110"
#define IVSHMEM_VENDOR	"0x1af4"

static void fail(const char *what)
{
	printf("bar: failed: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int open_attribute(const char *slot, const char *name, int flags)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/0000:00:%s.0/%s", slot, name);
	return open(path, flags | O_CLOEXEC);
}

static bool attribute_is(const char *slot, const char *name, const char *want)
{
	char text[16] = "";
	int fd = open_attribute(slot, name, O_RDONLY);

	if (fd < 0)
		fail(slot);
	if (read(fd, text, sizeof(text) - 1) < 0)
		fail(name);
	close(fd);
	return !strncmp(text, want, strlen(want));
}

/* Map BAR 2 of the ivshmem device; @size gets its bytes. */
static volatile uint64_t *map_bar(const char *slot, size_t *size)
{
	struct stat st;
	void *map;
	int fd;

	errno = ENODEV;
	if (!attribute_is(slot, "vendor", IVSHMEM_VENDOR) ||
	    !attribute_is(slot, "device", IVSHMEM_ID))
		fail(slot);
	fd = open_attribute(slot, "enable", O_WRONLY);
	if (fd < 0 || write(fd, "1", 1) != 1)
		fail("enable the device");
	close(fd);
	fd = open_attribute(slot, "resource2", O_RDWR);
	if (fd < 0 || fstat(fd, &st))
		fail("open BAR 2");
	map = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		fail("map BAR 2");
	close(fd);
	*size = st.st_size;
	return map;
}

static volatile uint64_t *map_physical(const char *range, size_t *size)
{
	char *end;
	unsigned long long address = strtoull(range, &end, 0);
	void *map;
	int fd;

	errno = EINVAL;
	if (*end != '+')
		fail(range);
	*size = strtoull(end + 1, &end, 0);
	if (*end || !*size || *size % PAGE || address % PAGE)
		fail(range);
	fd = open("/dev/mem", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		fail("/dev/mem");
	map = mmap(NULL, *size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, address);
	if (map == MAP_FAILED)
		fail(range);
	close(fd);
	return map;
}

/* The value of one word: tells the page and the place in it. */
static uint64_t word_value(size_t word)
{
	return 0x6d6f636b00000000ULL ^ (word * 0x9e3779b97f4a7c15ULL);
}

/* Touch every page once; a new buffer's pages must read as zero. */
static size_t touch_pages(volatile uint64_t *map, size_t pages, bool write_first)
{
	size_t bad = 0, step;

	for (step = 0; step < pages; step++) {
		size_t word = visited_page(step, pages) * (PAGE / 8);

		if (!write_first)
			bad += map[word] != 0;
		map[word] = word_value(word);
	}
	report_touched(step);
	return bad;
}

/* Write all words after that, then read all of them back. */
static size_t check_words(volatile uint64_t *map, size_t words)
{
	size_t bad = 0;

	for (size_t i = 0; i < words; i++) {
		if (i % (PAGE / 8) == 0)
			bad += map[i] != word_value(i);
		else
			bad += map[i] != 0;
		map[i] = ~word_value(i);
	}
	for (size_t i = 0; i < words; i++)
		bad += map[i] != ~word_value(i);
	return bad;
}

int main(int argc, char **argv)
{
	volatile uint64_t *map;
	size_t size, bad;
	bool write_first;

	if (argc != 3 || (strcmp(argv[1], "read") && strcmp(argv[1], "write"))) {
		fprintf(stderr, "bar-touch: bad arguments: use 'bar-touch read|write WHERE'\n");
		return 2;
	}
	write_first = !strcmp(argv[1], "write");
	map = strchr(argv[2], '+') ? map_physical(argv[2], &size) : map_bar(argv[2], &size);
	printf("bar: touching %zu pages, %s first\n", size / PAGE, argv[1]);
	/* It must be out: the first access may end the VMM. */
	fflush(stdout);
	tcdrain(STDOUT_FILENO);

	bad = touch_pages(map, size / PAGE, write_first);
	bad += check_words(map, size / 8);
	if (bad)
		printf("bar: failed: %zu wrong words\n", bad);
	else
		printf("bar: done, %zu pages right\n", size / PAGE);
	return bad != 0;
}
