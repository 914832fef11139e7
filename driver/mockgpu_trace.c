// SPDX-License-Identifier: GPL-2.0-only
/*
 * Defines the tracepoints of mockgpu_trace.h.
 */
#define CREATE_TRACE_POINTS
#include "mockgpu_trace.h"
