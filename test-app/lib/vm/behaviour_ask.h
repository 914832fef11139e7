/* SPDX-License-Identifier: GPL-2.0-only */
/* The questions behind behaviour_seen(). */
#ifndef MOCKGPU_TEST_BEHAVIOUR_ASK_H
#define MOCKGPU_TEST_BEHAVIOUR_ASK_H

#include "behaviour.h"

/**
 * behaviour_ask() - ask the kernel whether it shows a behaviour
 * @what: the behaviour
 *
 * Return: as behaviour_seen().
 */
int behaviour_ask(enum behaviour what);

#endif /* MOCKGPU_TEST_BEHAVIOUR_ASK_H */
