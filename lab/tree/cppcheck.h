/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Macros for cppcheck, which reads neither the kernel's headers nor libc's. For
 * lab/check.
 */
#define CONFIG_64BIT 1
#define xa_for_each(xa, index, entry) \
	for (index = 0; (entry = xa_load(xa, index)) != NULL; index++)
#define list_for_each_entry(pos, head, member) \
	for (pos = list_first(head); pos != list_last(head); pos = list_next(pos))
#define list_for_each_entry_safe(pos, next, head, member) \
	for (pos = list_first(head); pos != list_last(head); pos = next)
#define LIST_FOREACH(pos, head, field) \
	for (pos = (head)->lh_first; pos; pos = pos->field.le_next)
#define DECLARE_EVENT_CLASS(...)
#define DEFINE_EVENT(...)
#define TRACE_EVENT(...)
