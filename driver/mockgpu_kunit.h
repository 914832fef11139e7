/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VISIBLE_IF_KUNIT and EXPORT_SYMBOL_IF_KUNIT() for every kernel: without KUnit the
 * functions they mark are static and nothing is exported. The headers declare what
 * only the KUnit tests call inside #ifdef MOCKGPU_HAVE_KUNIT.
 */
#ifndef MOCKGPU_KUNIT_H
#define MOCKGPU_KUNIT_H

#ifdef MOCKGPU_HAVE_KUNIT
#include <kunit/visibility.h>
#else
#define VISIBLE_IF_KUNIT	static
#define MOCKGPU_NOTHING(symbol)
#define EXPORT_SYMBOL_IF_KUNIT	MOCKGPU_NOTHING
#endif

#endif /* MOCKGPU_KUNIT_H */
