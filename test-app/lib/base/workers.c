// SPDX-License-Identifier: GPL-2.0-only
/* Worker processes under a watch, see workers.h. */

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

/* Seconds that the kernel may take to end a killed process. */
#define CREW_KILL_PATIENCE 20

#define CREW_PAUSE_MS 20

int crew_init(struct crew *crew)
{
	if (!crew->members || crew->members > CREW_MEMBERS_MAX ||
	    !crew->threads || crew->threads > CREW_THREADS_MAX)
		return -EINVAL;
	crew->shared = mmap(NULL, sizeof(*crew->shared), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return crew->shared == MAP_FAILED ? -errno : 0;
}

void crew_fini(struct crew *crew)
{
	munmap(crew->shared, sizeof(*crew->shared));
}

int crew_start(struct crew *crew, unsigned int member,
	       int (*work)(struct crew *crew, unsigned int member, void *arg), void *arg)
{
	struct crew_member *m = &crew->member[member];
	pid_t parent = getpid();
	unsigned int i;

	fflush(NULL);
	for (i = 0; i < crew->threads; i++) {
		atomic_store(&crew->shared->thread[member][i].doing, NULL);
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
	_exit(work(crew, member, arg));
}

/* Whether the process is gone; then it is reaped. */
static bool crew_reap(struct crew_member *m)
{
	if (waitpid(m->pid, &m->status, WNOHANG) != m->pid)
		return false;
	m->pid = 0;
	return true;
}

static void crew_show_file(struct crew *crew, pid_t pid, const char *task, const char *name)
{
	char path[320], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%s/%s", pid, task, name);
	file = fopen(path, "re");
	if (!file)
		return;
	while (fgets(line, sizeof(line), file))
		fprintf(crew->out, "#   %s%s", line, strchr(line, '\n') ? "" : "\n");
	fclose(file);
}

/* Where each thread of a process is in the kernel. */
static void crew_show_stacks(struct crew *crew, pid_t pid)
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
		fprintf(crew->out, "# thread %s:\n", entry->d_name);
		crew_show_file(crew, pid, entry->d_name, "syscall");
		crew_show_file(crew, pid, entry->d_name, "stack");
	}
	closedir(dir);
}

void crew_kill(struct crew *crew, unsigned int member)
{
	struct crew_member *m = &crew->member[member];
	uint64_t start = clock_now();

	if (!m->pid || m->stuck)
		return;
	kill(m->pid, SIGKILL);
	while (!crew_reap(m)) {
		if (clock_now() - start > CREW_KILL_PATIENCE) {
			fprintf(crew->out, "# worker %u outlives SIGKILL\n", member);
			crew_show_stacks(crew, m->pid);
			m->stuck = true;
			return;
		}
		clock_pause(CREW_PAUSE_MS);
	}
}

/* The thread of a worker that has made no step for too long, or -1. */
static int crew_hung_thread(struct crew *crew, unsigned int member)
{
	struct crew_member *m = &crew->member[member];
	unsigned int i;

	for (i = 0; i < crew->threads; i++) {
		struct crew_thread *thread = &crew->shared->thread[member][i];
		uint64_t beats = atomic_load(&thread->beats);

		if (beats != m->seen[i] || !atomic_load(&thread->doing)) {
			m->seen[i] = beats;
			m->since[i] = clock_now();
		} else if (clock_now() - m->since[i] > crew->patience) {
			return i;
		}
	}
	return -1;
}

static void crew_look_at(struct crew *crew, unsigned int member)
{
	struct crew_member *m = &crew->member[member];
	int thread = crew_hung_thread(crew, member);

	if (thread < 0)
		return;
	fprintf(crew->out,
		"# worker %u thread %d is in '%s' for %u s, after %" PRIu64 " steps\n",
		member, thread, atomic_load(&crew->shared->thread[member][thread].doing),
		crew->patience, m->seen[thread]);
	crew_show_stacks(crew, m->pid);
	m->hung = true;
	crew_kill(crew, member);
}

unsigned int crew_look(struct crew *crew)
{
	unsigned int i, running = 0;

	for (i = 0; i < crew->members; i++) {
		struct crew_member *m = &crew->member[i];

		if (!m->pid || m->stuck || crew_reap(m))
			continue;
		crew_look_at(crew, i);
		running += m->pid && !m->stuck;
	}
	return running;
}

void crew_stop(struct crew *crew)
{
	uint64_t start = clock_now();
	unsigned int i;

	atomic_store(&crew->shared->stop, true);
	while (crew_look(crew)) {
		clock_pause(CREW_PAUSE_MS);
		if (clock_now() - start <= 2 * crew->patience)
			continue;
		/* Steps are made, but the end is not seen. */
		for (i = 0; i < crew->members; i++) {
			crew->member[i].hung |= crew->member[i].pid;
			crew_kill(crew, i);
		}
	}
}

bool crew_all_ended(const struct crew *crew)
{
	bool good = true;
	unsigned int i;

	for (i = 0; i < crew->members; i++) {
		int status = crew->member[i].status;

		if (!status && !crew->member[i].hung)
			continue;
		good = false;
		fprintf(crew->out, "# worker %u ended with %s %d\n", i,
			WIFSIGNALED(status) ? "signal" : "status",
			WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	}
	return good;
}

void crew_note(struct crew *crew, const char *format, ...)
{
	unsigned int number = atomic_fetch_add(&crew->shared->failures, 1);
	va_list args;

	if (number >= CREW_NOTES_MAX)
		return;
	va_start(args, format);
	vsnprintf(crew->shared->note[number], CREW_NOTE_MAX, format, args);
	va_end(args);
}

bool crew_is_content(const struct crew *crew)
{
	unsigned int failures = crew->shared->failures;
	unsigned int i;

	for (i = 0; i < failures && i < CREW_NOTES_MAX; i++)
		fprintf(crew->out, "# %s\n", crew->shared->note[i]);
	if (failures > CREW_NOTES_MAX)
		fprintf(crew->out, "# and %u more\n", failures - CREW_NOTES_MAX);
	return !failures;
}
