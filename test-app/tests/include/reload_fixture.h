/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A fixture for tests of loading: they begin without the module, and the kernel log is quiet at
 * their end. Include it after kselftest_harness.h.
 */
#ifndef MOCKGPU_TEST_RELOAD_FIXTURE_H
#define MOCKGPU_TEST_RELOAD_FIXTURE_H

#include "quiet.h"
#include "reload.h"

FIXTURE(load) {
	int kmsg;
};

FIXTURE_SETUP(load)
{
	self->kmsg = reload_begin(_metadata);
}

FIXTURE_TEARDOWN(load)
{
	quiet_end(_metadata, self->kmsg);
}

#endif /* MOCKGPU_TEST_RELOAD_FIXTURE_H */
