// SPDX-License-Identifier: GPL-2.0-only
/*
 * For programs built with --coverage and linked with --wrap=_exit: _exit() writes no counts, and
 * each test of kselftest's harness ends with it.
 */

void __gcov_dump(void);
void __real__exit(int status) __attribute__((noreturn));
void __wrap__exit(int status) __attribute__((noreturn));

void __wrap__exit(int status)
{
	__gcov_dump();
	__real__exit(status);
}
