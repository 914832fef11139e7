// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "module.h"

#define MODULE_NAME "mockgpu"

/*
 * What this program has done to the module: tests are children of the harness, and what
 * one has loaded the next may use.
 */
struct module_state {
	bool is_changed;
	char parameters[256];
};

static struct module_state *module_state;

static void __attribute__((constructor)) module_share(void)
{
	module_state = mmap(NULL, sizeof(*module_state), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (module_state == MAP_FAILED)
		abort();
}

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
	if (!ret)
		snprintf(module_state->parameters, sizeof(module_state->parameters), "%s",
			 parameters);
	return ret;
}

int module_unload(void)
{
	if (syscall(SYS_delete_module, MODULE_NAME, O_NONBLOCK))
		return -errno;
	module_state->is_changed = true;
	return 0;
}

int module_unload_wait(void)
{
	int tries, ret = 0;

	for (tries = 0; tries < 100 && module_is_loaded(); tries++) {
		ret = module_unload();
		if (ret != -EWOULDBLOCK)
			break;
		clock_pause(10);
	}
	return ret;
}

int module_reload(const char *parameters)
{
	return module_unload_wait() ?: module_load(parameters);
}

int module_want(const char *parameters)
{
	if (module_is_loaded() && !strcmp(module_state->parameters, parameters))
		return 0;
	return module_reload(parameters);
}

int module_restore(void)
{
	if (!module_state->is_changed || (module_is_loaded() && !module_state->parameters[0]))
		return 0;
	return module_reload("");
}
