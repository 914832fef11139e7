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
 * What this program has done to the module. Tests are children of the harness, and a
 * test may use what an earlier one has loaded, so this is shared.
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

/* Those of all modules that this program loads, before its own, which win. */
static const char *parameters_of_all(void)
{
	const char *parameters = getenv("MOCKGPU_PARAMETERS");

	return parameters ? parameters : "";
}

int module_load(const char *parameters)
{
	const char *file = module_file();
	char all[512];
	int ret = 0, fd;

	if (!file)
		return -ENOENT;
	if (snprintf(all, sizeof(all), "%s %s", parameters_of_all(), parameters) >=
	    (int)sizeof(all))
		return -E2BIG;
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (syscall(SYS_finit_module, fd, all, 0))
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
