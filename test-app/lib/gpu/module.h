/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loading and unloading mockgpu from a test. The file to load is what the
 * environment variable MOCKGPU_MODULE names; lab/run sets it. Tests include
 * tests/include/reload.h, which calls module_restore() at the program's end.
 */
#ifndef MOCKGPU_MODULE_H
#define MOCKGPU_MODULE_H

#include <stdbool.h>

/**
 * module_is_loaded - whether mockgpu is
 *
 * Return: true when it is.
 */
bool module_is_loaded(void);

/**
 * module_file - the file to load
 *
 * Return: its path, or NULL when MOCKGPU_MODULE is not set.
 */
const char *module_file(void);

/**
 * module_load - insmod $MOCKGPU_MODULE
 * @parameters: as on insmod's command line, "" for none
 *
 * Return: 0 or a negative errno: -ENOENT without MOCKGPU_MODULE.
 */
int module_load(const char *parameters);

/**
 * module_unload - rmmod mockgpu
 *
 * Return: 0 or a negative errno: -EWOULDBLOCK while it is in use.
 */
int module_unload(void);

/**
 * module_unload_wait - rmmod mockgpu, if it is loaded
 *
 * What was open somewhere a moment ago gets a second to be closed.
 *
 * Return: 0 or a negative errno.
 */
int module_unload_wait(void);

/**
 * module_reload - module_unload_wait(), then module_load()
 * @parameters: as for module_load()
 *
 * Return: 0 or a negative errno.
 */
int module_reload(const char *parameters);

/**
 * module_want - have the module loaded with these parameters
 * @parameters: as for module_load(), not ""
 *
 * Loads it anew only where the program has not loaded it so before: under emulation that
 * takes a second.
 *
 * Return: 0 or a negative errno.
 */
int module_want(const char *parameters);

/**
 * module_restore - leave the module loaded without parameters, if this program or a test of
 * it has changed that
 *
 * Return: 0 or a negative errno.
 */
int module_restore(void);

#endif /* MOCKGPU_MODULE_H */
