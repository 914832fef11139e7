// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a program can do with the driver besides its ioctls: map, touch, fork, share, close. The
 * results are ignored, because only the kernel is under test: any call may fail, and some are
 * meant to.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/dma-buf.h>

#include "debugfs.h"
#include "exporter.h"
#include "fault_guard.h"
#include "fdpass.h"
#include "fuzz.h"

/* One in this many mappings and accesses goes past the end. */
#define FUZZ_BEYOND 10

static size_t fuzz_pages(struct fuzz_worker *worker, size_t most)
{
	return (1 + prng_below(&worker->prng, most)) * worker->page;
}

static int fuzz_prot(struct fuzz_worker *worker)
{
	if (prng_chance(&worker->prng, 80))
		return PROT_READ | PROT_WRITE;
	return prng_next(&worker->prng) & (PROT_READ | PROT_WRITE | PROT_EXEC);
}

static int fuzz_map_flags(struct fuzz_worker *worker)
{
	int flags = prng_chance(&worker->prng, 95) ? MAP_SHARED : MAP_PRIVATE;

	if (prng_chance(&worker->prng, 10))
		flags |= MAP_POPULATE;
	if (prng_chance(&worker->prng, 3))
		flags |= MAP_LOCKED;
	return flags;
}

static void fuzz_map_file(struct fuzz_worker *worker, int fd, uint64_t offset, uint64_t size)
{
	uint64_t first = 0;
	size_t length = size;
	void *at;

	if (prng_chance(&worker->prng, 30)) {
		first = prng_below(&worker->prng, size / worker->page) * worker->page;
		length = fuzz_pages(worker, (size - first) / worker->page);
	}
	if (!prng_below(&worker->prng, FUZZ_BEYOND))
		length += worker->page;
	at = mmap(NULL, length, fuzz_prot(worker), fuzz_map_flags(worker), fd, offset + first);
	if (at != MAP_FAILED)
		fuzz_map_add(worker, at, length);
}

/* Map a buffer, through its DRM file. */
static void fuzz_action_map(struct fuzz_worker *worker)
{
	int fd = fuzz_client_any(worker);
	struct fuzz_buffer *buffer = fuzz_buffer_any(worker, fd);
	struct mockgpu_bo bo;

	if (!buffer)
		return;
	bo = (struct mockgpu_bo) { .fd = fd, .handle = buffer->handle };
	if (!buffer->offset && mockgpu_bo_offset(&bo, &buffer->offset))
		*buffer = (struct fuzz_buffer) {};
	else
		fuzz_map_file(worker, fd, buffer->offset, buffer->size);
}

/* Map a dma-buf, at offset 0. */
static void fuzz_action_map_dmabuf(struct fuzz_worker *worker)
{
	int fd = fuzz_fd_any(worker);
	off_t size = fd >= 0 ? lseek(fd, 0, SEEK_END) : 0;

	if (size > 0)
		fuzz_map_file(worker, fd, 0, size);
}

/**
 * struct fuzz_touch - some accesses to a mapping
 * @map: the mapping
 * @prng: decides which
 * @count: their number
 */
struct fuzz_touch {
	const struct fuzz_map *map;
	struct prng *prng;
	unsigned int count;
};

static void fuzz_touch_all(void *arg)
{
	const struct fuzz_touch *touch = arg;
	unsigned int i;

	for (i = 0; i < touch->count; i++) {
		size_t word = prng_below(touch->prng, touch->map->size / 8);
		volatile uint64_t *at = (volatile uint64_t *)touch->map->at + word;

		if (prng_chance(touch->prng, 50))
			*at = word;
		else
			(void)*at;
	}
}

static void fuzz_action_touch(struct fuzz_worker *worker)
{
	struct fuzz_touch touch = {
		.map = fuzz_map_any(worker),
		.prng = &worker->prng,
		.count = 1 + prng_below(&worker->prng, 16),
	};

	if (touch.map)
		fault_guard(fuzz_touch_all, &touch);
}

/* Access by the kernel, through get_user_pages(). */
static void fuzz_action_access(struct fuzz_worker *worker)
{
	struct fuzz_map *map = fuzz_map_any(worker);
	struct iovec local = { worker->arena, worker->page };
	struct iovec remote;
	size_t offset;

	if (!map)
		return;
	offset = prng_below(&worker->prng, map->size);
	remote = (struct iovec) { map->at + offset, 1 + prng_below(&worker->prng, worker->page) };
	if (prng_chance(&worker->prng, 50))
		process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
	else
		process_vm_writev(getpid(), &local, 1, &remote, 1, 0);
}

/* A mapping or a part of it. */
static void fuzz_action_unmap(struct fuzz_worker *worker)
{
	struct fuzz_map *map = fuzz_map_any(worker);

	if (!map)
		return;
	if (map->size > worker->page && prng_chance(&worker->prng, 40)) {
		size_t keep = fuzz_pages(worker, map->size / worker->page - 1);

		munmap(map->at + keep, map->size - keep);
		map->size = keep;
		return;
	}
	munmap(map->at, map->size);
	*map = (struct fuzz_map) {};
}

static void fuzz_action_protect(struct fuzz_worker *worker)
{
	struct fuzz_map *map = fuzz_map_any(worker);

	if (map)
		mprotect(map->at, fuzz_pages(worker, map->size / worker->page), fuzz_prot(worker));
}

static void fuzz_action_remap(struct fuzz_worker *worker)
{
	struct fuzz_map *map = fuzz_map_any(worker);
	size_t size;
	void *at;

	if (!map)
		return;
	size = fuzz_pages(worker, map->size / worker->page + 1);
	at = mremap(map->at, map->size, size, MREMAP_MAYMOVE);
	if (at != MAP_FAILED)
		*map = (struct fuzz_map) { .at = at, .size = size };
}

static void fuzz_action_advise(struct fuzz_worker *worker)
{
	static const int advice[] = {
		MADV_DONTNEED, MADV_REMOVE, MADV_DONTFORK, MADV_DOFORK, MADV_MERGEABLE,
		MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_DODUMP, MADV_FREE, MADV_COLD,
		MADV_PAGEOUT, MADV_POPULATE_READ, MADV_POPULATE_WRITE, MADV_COLLAPSE,
	};
	struct fuzz_map *map = fuzz_map_any(worker);

	if (map)
		madvise(map->at, map->size, advice[prng_below(&worker->prng, ARRAY_SIZE(advice))]);
}

static int fuzz_child(struct fuzz_worker *worker)
{
	unsigned int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (i = prng_below(&worker->prng, 8); i; i--) {
		fuzz_action_touch(worker);
		if (prng_chance(&worker->prng, 30))
			fuzz_ioctl(worker);
		if (prng_chance(&worker->prng, 20))
			fuzz_action_unmap(worker);
	}
	return 0;
}

/* A child inherits everything; half of the children are killed while they use it. */
static void fuzz_action_fork(struct fuzz_worker *worker)
{
	bool killed = prng_chance(&worker->prng, 50);
	pid_t child = fork();
	int status;

	if (!child)
		_exit(fuzz_child(worker));
	if (child < 0)
		return;
	if (killed)
		kill(child, SIGKILL);
	if (waitpid(child, &status, 0) == child && WIFSIGNALED(status) && !killed)
		workers_note(worker->workers,
			     "worker %u, step %" PRIu64 ": its child died from signal %d",
			     worker->number, worker->step, WTERMSIG(status));
}

/* Close a client with all its handles; its mappings and dma-bufs stay. */
static void fuzz_action_reopen(struct fuzz_worker *worker)
{
	int *fd = &worker->client[1 + prng_below(&worker->prng, FUZZ_CLIENTS - 1)];
	unsigned int i;
	int fresh;

	fresh = worker->privileged ? mockgpu_open(NULL, 0) : -1;
	if (fresh < 0)
		return;
	for (i = 0; i < FUZZ_BUFFERS; i++)
		if (worker->buffer[i].fd == *fd)
			worker->buffer[i] = (struct fuzz_buffer) {};
	close(*fd);
	*fd = fresh;
}

/* Send a dma-buf to another worker, or receive one. */
static void fuzz_action_post(struct fuzz_worker *worker)
{
	int fd = fuzz_fd_any(worker);

	if (fd >= 0 && prng_chance(&worker->prng, 50)) {
		fdpass_send(worker->setup->post[0], &fd, 1);
		return;
	}
	if (fdpass_receive(worker->setup->post[1], &fd, 1) == 1)
		fuzz_fd_add(worker, fd);
}

static void fuzz_action_close_dmabuf(struct fuzz_worker *worker)
{
	int *fd = &worker->fd[prng_below(&worker->prng, FUZZ_FDS)];

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* A buffer of another exporter, which the driver may import. */
static void fuzz_action_foreign(struct fuzz_worker *worker)
{
	size_t size = fuzz_pages(worker, 4);
	int fd = prng_chance(&worker->prng, 50) ? exporter_udmabuf(size) : exporter_heap(size);

	if (fd >= 0)
		fuzz_fd_add(worker, fd);
}

/*
 * Always in both directions: udmabuf uses the direction of the first access for all later ones
 * (begin_cpu_udmabuf()), and DMA_API_DEBUG would complain.
 */
static void fuzz_action_sync(struct fuzz_worker *worker)
{
	static const uint64_t flags[] = {
		DMA_BUF_SYNC_RW, DMA_BUF_SYNC_RW | DMA_BUF_SYNC_END, 0, DMA_BUF_SYNC_END,
		DMA_BUF_SYNC_RW | 1ull << 63,
	};
	struct dma_buf_sync sync = {
		.flags = flags[prng_below(&worker->prng, ARRAY_SIZE(flags))],
	};
	int fd = fuzz_fd_any(worker);

	if (fd < 0)
		return;
	ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync);
	lseek(fd, prng_below(&worker->prng, 2) * worker->page,
	      prng_chance(&worker->prng, 50) ? SEEK_SET : SEEK_END);
}

/* The plain node has a buffer for each open file. */
static void fuzz_action_node(struct fuzz_worker *worker)
{
	uint64_t size;
	int fd = mockgpu_node_open(O_RDWR, &size, NULL, 0);

	if (fd < 0)
		return;
	fuzz_map_file(worker, fd, 0, size);
	close(fd);
}

static void fuzz_read_file(int fd)
{
	char text[4096];

	if (fd < 0)
		return;
	while (read(fd, text, sizeof(text)) > 0)
		;
	close(fd);
}

/* Read the driver's files in debugfs and sysfs. */
static void fuzz_action_look(struct fuzz_worker *worker)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fuzz_client_any(worker));
	fuzz_read_file(open(path, O_RDONLY | O_CLOEXEC));
	fuzz_read_file(mockgpu_debugfs_open(worker->client[0], "buffers", O_RDONLY));
	fuzz_read_file(open("/proc/self/smaps", O_RDONLY | O_CLOEXEC));
}

/* Let one of the next steps of this process in the driver fail. */
static void fuzz_action_fail(struct fuzz_worker *worker)
{
	unsigned int i;

	if (!worker->privileged ||
	    mockgpu_fail_set(worker->client[0], 1 + prng_below(&worker->prng, 12)))
		return;
	worker->failing = true;
	for (i = 0; i < 8; i++)
		fuzz_ioctl(worker);
	fuzz_action_map(worker);
	fuzz_action_touch(worker);
	mockgpu_fail_set(worker->client[0], 0);
	worker->failing = false;
}

static const struct {
	const char *name;
	unsigned int weight;
	void (*run)(struct fuzz_worker *worker);
} fuzz_actions[] = {
	{ "ioctl", 800, fuzz_ioctl },
	{ "map", 60, fuzz_action_map },
	{ "map dma-buf", 20, fuzz_action_map_dmabuf },
	{ "touch", 120, fuzz_action_touch },
	{ "access", 15, fuzz_action_access },
	{ "unmap", 25, fuzz_action_unmap },
	{ "protect", 10, fuzz_action_protect },
	{ "remap", 10, fuzz_action_remap },
	{ "advise", 10, fuzz_action_advise },
	{ "fork", 3, fuzz_action_fork },
	{ "reopen", 4, fuzz_action_reopen },
	{ "post", 20, fuzz_action_post },
	{ "close dma-buf", 10, fuzz_action_close_dmabuf },
	{ "foreign", 5, fuzz_action_foreign },
	{ "sync", 10, fuzz_action_sync },
	{ "node", 1, fuzz_action_node },
	{ "look", 2, fuzz_action_look },
	{ "fail", 6, fuzz_action_fail },
};

/** fuzz_step() - run one random action */
void fuzz_step(struct fuzz_worker *worker)
{
	unsigned int all = 0, i = 0;
	uint64_t draw;

	for (i = 0; i < ARRAY_SIZE(fuzz_actions); i++)
		all += fuzz_actions[i].weight;
	draw = prng_below(&worker->prng, all);
	for (i = 0; draw >= fuzz_actions[i].weight; i++)
		draw -= fuzz_actions[i].weight;
	workers_beat(worker->workers, worker->number, 0, fuzz_actions[i].name);
	fuzz_actions[i].run(worker);
}
