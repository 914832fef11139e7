// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "module.h"

#define MODULE_NAME "mockgpu"

bool module_is_loaded(void)
{
	return !access("/sys/module/" MODULE_NAME, F_OK);
}

const char *module_file(void)
{
	const char *file = getenv("MOCKGPU_MODULE");

	return file && *file ? file : NULL;
}

int module_load(const char *parameters)
{
	const char *file = module_file();
	int ret = 0, fd;

	if (!file)
		return -ENOENT;
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (syscall(SYS_finit_module, fd, parameters, 0))
		ret = -errno;
	close(fd);
	return ret;
}

int module_unload(void)
{
	return syscall(SYS_delete_module, MODULE_NAME, O_NONBLOCK) ? -errno : 0;
}

int module_reload(const char *parameters)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	int tries, ret = 0;

	for (tries = 0; tries < 100 && module_is_loaded(); tries++) {
		ret = module_unload();
		if (ret != -EWOULDBLOCK)
			break;
		nanosleep(&pause, NULL);
	}
	return ret ? ret : module_load(parameters);
}
