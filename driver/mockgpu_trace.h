/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints, in tracefs under events/mockgpu/. A buffer is identified by its id, as in
 * debugfs.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM mockgpu

#if !defined(MOCKGPU_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define MOCKGPU_TRACE_H

#include <linux/tracepoint.h>

#include "mockgpu_types.h"

#define mockgpu_show_place(place) __print_symbolic(place, \
	{ -1, "nowhere" }, \
	{ TTM_PL_SYSTEM, "system" }, \
	{ TTM_PL_TT, "gtt" }, \
	{ TTM_PL_VRAM, "vram" })

DECLARE_EVENT_CLASS(mockgpu_bo,
		    TP_PROTO(struct mockgpu_bo *bo),
		    TP_ARGS(bo),
		    TP_STRUCT__entry(__field(unsigned int, device)
				     __field(u64, id)
				     __field(u64, size)
				     __field(u32, kind)
				     __field(u32, order)),
		    TP_fast_assign(__entry->device = mockgpu_bo_device(bo)->index;
				   __entry->id = bo->id;
				   __entry->size = bo->desc.size;
				   __entry->kind = bo->desc.kind;
				   __entry->order = bo->desc.order;),
		    TP_printk("device=%u id=%llu size=%llu kind=%u order=%u",
			      __entry->device, __entry->id, __entry->size, __entry->kind,
			      __entry->order));

/* A buffer was created. */
DEFINE_EVENT(mockgpu_bo, mockgpu_bo_alloc,
	     TP_PROTO(struct mockgpu_bo *bo), TP_ARGS(bo));

/* A buffer was freed with its pages, or its creation failed. */
DEFINE_EVENT(mockgpu_bo, mockgpu_bo_free,
	     TP_PROTO(struct mockgpu_bo *bo), TP_ARGS(bo));

/* A buffer was revoked. */
DEFINE_EVENT(mockgpu_bo, mockgpu_bo_revoke,
	     TP_PROTO(struct mockgpu_bo *bo), TP_ARGS(bo));

/* The importers of a buffer are told to drop its addresses. */
DEFINE_EVENT(mockgpu_bo, mockgpu_bo_notify,
	     TP_PROTO(struct mockgpu_bo *bo), TP_ARGS(bo));

/* The exporter told an import to drop its addresses. */
DEFINE_EVENT(mockgpu_bo, mockgpu_import_notify,
	     TP_PROTO(struct mockgpu_bo *bo), TP_ARGS(bo));

/* The kernel announced a change of user memory. */
DEFINE_EVENT(mockgpu_bo, mockgpu_bo_invalidate,
	     TP_PROTO(struct mockgpu_bo *bo), TP_ARGS(bo));

/* A page fault was handled; @result is a vm_fault_t. */
TRACE_EVENT(mockgpu_bo_fault,
	    TP_PROTO(struct mockgpu_bo *bo, unsigned long page, bool write,
		     vm_fault_t result),
	    TP_ARGS(bo, page, write, result),
	    TP_STRUCT__entry(__field(unsigned int, device)
			     __field(u64, id)
			     __field(unsigned long, page)
			     __field(bool, write)
			     __field(unsigned int, result)),
	    TP_fast_assign(__entry->device = mockgpu_bo_device(bo)->index;
			   __entry->id = bo->id;
			   __entry->page = page;
			   __entry->write = write;
			   __entry->result = (__force unsigned int)result;),
	    TP_printk("device=%u id=%llu page=%lu %s result=%#x", __entry->device,
		      __entry->id, __entry->page, __entry->write ? "write" : "read",
		      __entry->result));

/* A buffer was moved, or moving it failed; @from is -1 for a new buffer. */
TRACE_EVENT(mockgpu_bo_move,
	    TP_PROTO(struct mockgpu_bo *bo, int from, int to, bool evict, int result),
	    TP_ARGS(bo, from, to, evict, result),
	    TP_STRUCT__entry(__field(unsigned int, device)
			     __field(u64, id)
			     __field(int, from)
			     __field(int, to)
			     __field(bool, evict)
			     __field(int, result)),
	    TP_fast_assign(__entry->device = mockgpu_bo_device(bo)->index;
			   __entry->id = bo->id;
			   __entry->from = from;
			   __entry->to = to;
			   __entry->evict = evict;
			   __entry->result = result;),
	    TP_printk("device=%u id=%llu from=%s to=%s%s result=%d", __entry->device,
		      __entry->id, mockgpu_show_place(__entry->from),
		      mockgpu_show_place(__entry->to),
		      __entry->evict ? " evict" : "", __entry->result));

#endif /* MOCKGPU_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE mockgpu_trace
#include <trace/define_trace.h>
