/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's ARRAY_SIZE() for user space, as kselftest.h has it. */
#ifndef MOCKGPU_TEST_ARRAY_H
#define MOCKGPU_TEST_ARRAY_H

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#endif

#endif /* MOCKGPU_TEST_ARRAY_H */
