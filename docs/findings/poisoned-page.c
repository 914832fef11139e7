// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is a page of a GPU's buffer that failed handed out again? See poisoned-page.md. With mockgpu
 * loaded, as root. It takes a page from the machine until it boots again: not for one of yours.
 *
 *	cc -O2 -I uapi $(pkg-config --cflags libdrm) ...
 *	poisoned-page [NODE]		by default /dev/dri/renderD128
 *
 * Exit status: 0 no, 1 yes, 2 cannot tell, 4 the kernel cannot poison pages.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <drm.h>

#include "mockgpu_drm.h"
#include "mockgpu_test.h"

#define PAGE 4096
#define PAGES 8
#define BUFFERS 64
#define HARD_OFFLINE "/sys/devices/system/memory/hard_offline_page"

static int check(int result, const char *what)
{
	if (result < 0) {
		perror(what);
		exit(2);
	}
	return result;
}

/* A buffer of PAGES pages from TTM's pool, here one block. */
static unsigned int create(int fd, struct drm_mockgpu_page *pages)
{
	struct drm_mockgpu_bo_create create = { .size = PAGES * PAGE, .kind = MOCKGPU_KIND_TTM };
	struct drm_mockgpu_bo_pages look = { .count = PAGES, .ptr = (unsigned long)pages };

	check(ioctl(fd, DRM_IOCTL_MOCKGPU_BO_CREATE, &create), "MOCKGPU_BO_CREATE");
	look.handle = create.handle;
	check(ioctl(fd, DRM_IOCTL_MOCKGPU_BO_PAGES, &look), "MOCKGPU_BO_PAGES");
	return create.handle;
}

static void destroy(int fd, unsigned int handle)
{
	struct drm_gem_close close = { .handle = handle };

	check(ioctl(fd, DRM_IOCTL_GEM_CLOSE, &close), "GEM_CLOSE");
}

/* memory_failure() marks the page, and answers EBUSY, since it finds nobody to tell. */
static void let_fail(unsigned long long pfn)
{
	char text[32];
	int fd = check(open(HARD_OFFLINE, O_WRONLY), HARD_OFFLINE);
	int length = snprintf(text, sizeof(text), "%#llx", pfn * PAGE);

	if (write(fd, text, length) < 0 && errno != EBUSY)
		check(-1, HARD_OFFLINE);
	close(fd);
}

int main(int argc, char **argv)
{
	const char *node = argc > 1 ? argv[1] : "/dev/dri/renderD128";
	int fd = check(open(node, O_RDWR | O_CLOEXEC), node);
	struct drm_mockgpu_page pages[PAGES];
	unsigned long long pfn;
	unsigned int handle;
	cpu_set_t cpu;
	int i, j;

	if (access(HARD_OFFLINE, F_OK)) {
		printf("no CONFIG_MEMORY_FAILURE\n");
		return 4;
	}
	/* What a CPU frees it allocates next. */
	CPU_ZERO(&cpu);
	CPU_SET(sched_getcpu(), &cpu);
	check(sched_setaffinity(0, sizeof(cpu), &cpu), "sched_setaffinity");
	handle = create(fd, pages);
	if (pages[1].order == 0) {
		fprintf(stderr, "TTM found no block for the buffer, only single pages\n");
		return 2;
	}
	pfn = pages[1].pfn;
	let_fail(pfn);
	destroy(fd, handle);
	for (i = 0; i < BUFFERS; i++) {
		create(fd, pages);
		for (j = 0; j < PAGES; j++) {
			if (pages[j].pfn == pfn) {
				printf("page %#llx failed, and is page %d of buffer %d after it\n",
				       pfn, j, i + 1);
				return 1;
			}
		}
	}
	printf("page %#llx failed, and is in none of %d buffers after it\n", pfn, BUFFERS);
	return 0;
}
