// SPDX-License-Identifier: GPL-2.0-only
/*
 * bar-touch: in a Linux guest, touch all memory that the VMM has mapped a mockgpu buffer to.
 * --help has the rest. The first argument is the first access to each page, in the order of
 * access_order.h. A VMM that the access kills leaves no last line.
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

#include "mockgpu_version.h"
#include "number.h"
#include "option.h"
#include "access_order.h"

#define PAGE		4096UL
#define IVSHMEM_ID	"0x1110"
#define IVSHMEM_VENDOR	"0x1af4"

const char *argp_program_version = "bar-touch " MOCKGPU_VERSION;

static const char doc[] =
	"In a guest, touches all memory that the VMM has mapped a mockgpu buffer to.\n"
	"\vThe first argument is the first access to each page. SLOT is the number of\n"
	"an ivshmem device (PCI 1af4:1110) on bus 0, in hexadecimal: its BAR 2 is\n"
	"touched. ADDRESS+SIZE is a physical range of whole pages and needs\n"
	"\"iomem=relaxed\" on the kernel's command line.\n"
	"\n"
	"Prints \"bar: done ...\" and returns 0 if it has touched every page and every\n"
	"word was correct; otherwise \"bar: failed ...\" and 1; 2 for wrong usage.";

/**
 * struct options - options of the command line
 * @first: the first access, "read" or "write"
 * @slot: PCI slot of the device, or NULL
 * @address: without @slot, physical address of the memory
 * @size: and its size in bytes
 */
struct options {
	const char *first;
	const char *slot;
	uint64_t address;
	uint64_t size;
};

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

/* Map BAR 2 of the ivshmem device; @size is set to its size in bytes. */
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

static volatile uint64_t *map_physical(uint64_t address, size_t size)
{
	int fd = open("/dev/mem", O_RDWR | O_CLOEXEC);
	void *map;

	if (fd < 0)
		fail("/dev/mem");
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, address);
	if (map == MAP_FAILED)
		fail("map the range");
	close(fd);
	return map;
}

/* The value of one word, which depends on its page and its place there. */
static uint64_t word_value(size_t word)
{
	return 0x6d6f636b00000000ULL ^ (word * 0x9e3779b97f4a7c15ULL);
}

/* Touch every page once: the pages of a new buffer must read as zero. */
static size_t touch_pages(volatile uint64_t *map, size_t pages, bool write_first)
{
	size_t bad = 0, step;

	for (step = 0; step < pages; step++) {
		size_t word = page_in_order(step, pages) * (PAGE / 8);

		if (!write_first)
			bad += map[word] != 0;
		map[word] = word_value(word);
	}
	report_touched(step);
	return bad;
}

/* Then write all words and read all of them back. */
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

/* SLOT or ADDRESS+SIZE */
static error_t parse_place(const struct argp_state *state, char *text)
{
	struct options *options = state->input;
	char *plus = strchr(text, '+');

	if (!plus) {
		options->slot = text;
		return 0;
	}
	*plus = '\0';
	if (!number_parse(text, &options->address) && !size_parse(plus + 1, &options->size) &&
	    options->size && options->size % PAGE == 0 && options->address % PAGE == 0)
		return 0;
	return option_refuse(state, "'%s+%s': not a range of whole pages", text, plus + 1);
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (state->arg_num == 1)
			return parse_place(state, text);
		if (state->arg_num)
			return ARGP_ERR_UNKNOWN;
		if (strcmp(text, "read") && strcmp(text, "write"))
			return option_refuse(state, "'%s': neither read nor write", text);
		options->first = text;
		return 0;
	case ARGP_KEY_END:
		return state->arg_num == 2 ? 0 : option_refuse(state, "two arguments needed");
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.parser = parse_option, .doc = doc, .args_doc = "read|write SLOT|ADDRESS+SIZE",
	};
	struct options options = {};
	volatile uint64_t *map;
	size_t size, bad;

	option_parse(&argp, argc, argv, 0, &options);
	size = options.size;
	map = options.slot ? map_bar(options.slot, &size) : map_physical(options.address, size);
	printf("bar: touching %zu pages, %s first\n", size / PAGE, options.first);
	/* Flush this line: the first access may end the VMM. */
	fflush(stdout);
	tcdrain(STDOUT_FILENO);

	bad = touch_pages(map, size / PAGE, !strcmp(options.first, "write"));
	bad += check_words(map, size / 8);
	if (bad)
		printf("bar: failed: %zu wrong words\n", bad);
	else
		printf("bar: done, %zu pages right\n", size / PAGE);
	return bad != 0;
}
