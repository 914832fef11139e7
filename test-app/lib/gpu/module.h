/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Load and unload mockgpu from a test. Environment variable MOCKGPU_MODULE names the file
 * to load, and MOCKGPU_PARAMETERS parameters to load it with each time, before those of the
 * test; lab/run sets them. Tests include tests/include/reload.h, which calls
 * module_restore() when the program ends.
 */
#ifndef MOCKGPU_MODULE_H
#define MOCKGPU_MODULE_H

#include <stdbool.h>

/**
 * module_is_loaded - tell whether mockgpu is loaded
 *
 * Return: true when it is.
 */
bool module_is_loaded(void);

/**
 * module_file - get the file to load
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
 * Files that were open a moment ago get a second to be closed.
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
 * Reloads it only if the program has not loaded it with them already: under emulation a
 * reload takes a second.
 *
 * Return: 0 or a negative errno.
 */
int module_want(const char *parameters);

/**
 * module_restore - leave the module loaded without parameters of the program, if this program
 * or a test of it has changed that
 *
 * Return: 0 or a negative errno.
 */
int module_restore(void);

#endif /* MOCKGPU_MODULE_H */
