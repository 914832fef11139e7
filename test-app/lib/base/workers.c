// SPDX-License-Identifier: GPL-2.0-only
/* Supervised worker processes, see workers.h. */

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "workers.h"

#define WORKERS_PAUSE_MS 20

int workers_init(struct workers *workers)
{
	if (!workers->members || workers->members > WORKERS_MAX ||
	    !workers->threads || workers->threads > WORKERS_THREADS_MAX)
		return -EINVAL;
	workers->shared = mmap(NULL, sizeof(*workers->shared), PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return workers->shared == MAP_FAILED ? -errno : 0;
}

void workers_fini(struct workers *workers)
{
	munmap(workers->shared, sizeof(*workers->shared));
}

int workers_start(struct workers *workers, unsigned int member,
		  int (*work)(struct workers *workers, unsigned int member, void *arg), void *arg)
{
	struct worker *m = &workers->member[member];
	pid_t parent = getpid();
	unsigned int i;

	fflush(NULL);
	for (i = 0; i < workers->threads; i++) {
		atomic_store(&workers->shared->thread[member][i].doing, NULL);
		m->since[i] = clock_now();
	}
	m->pid = fork();
	if (m->pid < 0) {
		m->pid = 0;
		return -errno;
	}
	if (m->pid)
		return 0;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	_exit(work(workers, member, arg));
}

/* Return: whether the process is gone; then it is reaped. */
static bool workers_reap(struct worker *m)
{
	if (waitpid(m->pid, &m->status, WNOHANG) != m->pid)
		return false;
	m->pid = 0;
	return true;
}

static void workers_show_file(struct workers *workers, pid_t pid, const char *task,
			      const char *name)
{
	char path[320], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%s/%s", pid, task, name);
	file = fopen(path, "re");
	if (!file)
		return;
	while (fgets(line, sizeof(line), file))
		fprintf(workers->out, "#   %s%s", line, strchr(line, '\n') ? "" : "\n");
	fclose(file);
}

/* Show where each thread of a process is in the kernel. */
static void workers_show_stacks(struct workers *workers, pid_t pid)
{
	struct dirent *entry;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		fprintf(workers->out, "# thread %s:\n", entry->d_name);
		workers_show_file(workers, pid, entry->d_name, "syscall");
		workers_show_file(workers, pid, entry->d_name, "stack");
	}
	closedir(dir);
}

void workers_kill(struct workers *workers, unsigned int member)
{
	struct worker *m = &workers->member[member];
	uint64_t start = clock_now();

	if (!m->pid || m->stuck)
		return;
	kill(m->pid, SIGKILL);
	while (!workers_reap(m)) {
		if (clock_now() - start > workers->patience) {
			fprintf(workers->out, "# worker %u outlives SIGKILL\n", member);
			workers_show_stacks(workers, m->pid);
			m->stuck = true;
			return;
		}
		clock_pause(WORKERS_PAUSE_MS);
	}
}

/* Return: the thread of a worker that made no step for too long, or -1. */
static int workers_hung_thread(struct workers *workers, unsigned int member)
{
	struct worker *m = &workers->member[member];
	unsigned int i;

	for (i = 0; i < workers->threads; i++) {
		struct workers_thread *thread = &workers->shared->thread[member][i];
		uint64_t beats = atomic_load(&thread->beats);

		if (beats != m->seen[i] || !atomic_load(&thread->doing)) {
			m->seen[i] = beats;
			m->since[i] = clock_now();
		} else if (clock_now() - m->since[i] > workers->patience) {
			return i;
		}
	}
	return -1;
}

static void workers_look_at(struct workers *workers, unsigned int member)
{
	struct worker *m = &workers->member[member];
	int thread = workers_hung_thread(workers, member);

	if (thread < 0)
		return;
	fprintf(workers->out,
		"# worker %u thread %d is in '%s' for %u s, after %" PRIu64 " steps\n",
		member, thread, atomic_load(&workers->shared->thread[member][thread].doing),
		workers->patience, m->seen[thread]);
	workers_show_stacks(workers, m->pid);
	m->hung = true;
	workers_kill(workers, member);
}

unsigned int workers_look(struct workers *workers)
{
	unsigned int i, running = 0;

	for (i = 0; i < workers->members; i++) {
		struct worker *m = &workers->member[i];

		if (!m->pid || m->stuck || workers_reap(m))
			continue;
		workers_look_at(workers, i);
		running += m->pid && !m->stuck;
	}
	return running;
}

void workers_stop(struct workers *workers)
{
	uint64_t start = clock_now();
	unsigned int i;

	atomic_store(&workers->shared->stop, true);
	while (workers_look(workers)) {
		clock_pause(WORKERS_PAUSE_MS);
		if (clock_now() - start <= 2 * workers->patience)
			continue;
		/* It still makes steps, but does not stop. */
		for (i = 0; i < workers->members; i++) {
			workers->member[i].hung |= workers->member[i].pid;
			workers_kill(workers, i);
		}
	}
}

bool workers_all_ended(const struct workers *workers)
{
	bool good = true;
	unsigned int i;

	for (i = 0; i < workers->members; i++) {
		int status = workers->member[i].status;

		if (!status && !workers->member[i].hung)
			continue;
		good = false;
		fprintf(workers->out, "# worker %u ended with %s %d\n", i,
			WIFSIGNALED(status) ? "signal" : "status",
			WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	}
	return good;
}

void workers_note(struct workers *workers, const char *format, ...)
{
	unsigned int number = atomic_fetch_add(&workers->shared->failures, 1);
	va_list args;

	if (number >= WORKERS_NOTES_MAX)
		return;
	va_start(args, format);
	vsnprintf(workers->shared->note[number], WORKERS_NOTE_MAX, format, args);
	va_end(args);
}

bool workers_no_failures(const struct workers *workers)
{
	unsigned int failures = workers->shared->failures;
	unsigned int i;

	for (i = 0; i < failures && i < WORKERS_NOTES_MAX; i++)
		fprintf(workers->out, "# %s\n", workers->shared->note[i]);
	if (failures > WORKERS_NOTES_MAX)
		fprintf(workers->out, "# and %u more\n", failures - WORKERS_NOTES_MAX);
	return !failures;
}
