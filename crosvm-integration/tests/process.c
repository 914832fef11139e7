// SPDX-License-Identifier: GPL-2.0-only
/* Servers as processes of a test, see process.h. */

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process.h"

pid_t process_start(const char *const argv[])
{
	char program[PATH_MAX] = "", *slash;
	pid_t parent, pid;

	if (readlink("/proc/self/exe", program, sizeof(program) - 32) < 0)
		return -1;
	slash = strrchr(program, '/');
	snprintf(slash, 32, "/%s", argv[0]);
	parent = getpid();
	pid = fork();
	if (!pid) {
		/* A failed test ends at once, and its server must end with it. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(127);
		execv(program, (char *const *)argv);
		_exit(127);
	}
	return pid;
}

int process_end(pid_t pid)
{
	int status, i;

	for (i = 0; i < PATIENCE_MS; i += 10) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		usleep(10000);
	}
	return -1;
}

int process_connect(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int i, fd, err = 0;

	if (strlen(path) >= sizeof(address.sun_path))
		return -EINVAL;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	for (i = 0; i < PATIENCE_MS; i += 10) {
		if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
			return fd;
		err = errno;
		usleep(10000);
	}
	close(fd);
	return -err;
}
