/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VRAM in a PCI BAR with struct pages (module parameter bar_pages), for tests of it. Include it
 * after kselftest_harness.h.
 */
#ifndef MOCKGPU_TEST_ZONE_H
#define MOCKGPU_TEST_ZONE_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bar.h"
#include "bo.h"
#include "klog.h"

/**
 * struct zone - a type of such pages
 * @parameters: what the module is loaded with
 * @type: enum mockgpu_bar_pages
 * @caching: enum mockgpu_caching of their mappings
 * @entry: how mockgpu_entry_caching() calls it
 */
struct zone {
	const char *parameters;
	uint32_t type;
	uint32_t caching;
	const char *entry;
};

#define ZONE_GENERIC { "vram=bar bar_pages=generic", MOCKGPU_BAR_PAGES_GENERIC, \
		       MOCKGPU_CACHING_CACHED, "write-back" }
#define ZONE_P2PDMA { "vram=bar bar_pages=p2pdma", MOCKGPU_BAR_PAGES_P2PDMA, \
		      MOCKGPU_CACHING_UC, "uncached-minus" }
#define ZONE_COHERENT { "vram=bar bar_pages=coherent", MOCKGPU_BAR_PAGES_COHERENT, \
			MOCKGPU_CACHING_CACHED, "write-back" }

/* What a test skips with where zone_load() fails. */
#define ZONE_NONE "this kernel has no such pages"

/* Load the module with such pages. Return: false where the kernel has none. */
static inline bool zone_load(struct __test_metadata *_metadata, const struct zone *zone)
{
	const int ret = module_want(zone->parameters);

	if (ret == -EOPNOTSUPP)
		return false;
	ASSERT_EQ(0, ret)
		TH_LOG("%s", zone->parameters);
	return true;
}

/*
 * The reference count of a page that nobody has, where it is the same everywhere: P2PDMA has
 * none since 6.15, and one before.
 */
static inline void zone_expect_count(struct __test_metadata *_metadata, const struct zone *zone,
				     uint32_t count)
{
	const uint32_t least = zone->type == MOCKGPU_BAR_PAGES_GENERIC;

	EXPECT_LE(least, count);
	EXPECT_GE(zone->type == MOCKGPU_BAR_PAGES_P2PDMA ? 1 : least, count);
}

/* How often the kernel log, from its beginning, has these words. */
static inline size_t zone_count_in_log(struct __test_metadata *_metadata, const char *words)
{
	char *log = klog_read(), *at;
	size_t count = 0;

	ASSERT_NE(NULL, log);
	for (at = log; (at = strstr(at, words)); at++)
		count++;
	free(log);
	return count;
}

/* How often it says that references were left at the end. */
static inline size_t zone_leaks(struct __test_metadata *_metadata)
{
	return zone_count_in_log(_metadata, "pages of the BAR end with a wrong reference count");
}

/* How often it says that somebody dropped a reference which nobody had. */
static inline size_t zone_lost(struct __test_metadata *_metadata)
{
	return zone_count_in_log(_metadata, "of the BAR lost a reference");
}

#endif /* MOCKGPU_TEST_ZONE_H */
