/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The driver's debugfs folder (driver/mockgpu_debugfs.c) as C functions. They need root
 * and a mounted debugfs; without, they give -ENOENT or -EACCES. Nothing is
 * printed.
 */
#ifndef MOCKGPU_DEBUGFS_H
#define MOCKGPU_DEBUGFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * mockgpu_debugfs_open - open a file of a device's debugfs folder
 * @fd: from mockgpu_open()
 * @name: its name, as "buffers"
 * @flags: of open(2)
 *
 * Return: a file descriptor or a negative errno.
 */
int mockgpu_debugfs_open(int fd, const char *name, int flags);

/**
 * struct mockgpu_usage - what the driver holds, for all its clients together
 * @buffers: buffer objects
 * @pages: system pages they are charged for; blocks count whole
 * @pages_max: how many pages they may be charged for at all
 * @populated: system pages that they have now
 * @vram: pages of VRAM that they have now
 * @vram_max: pages of VRAM
 * @charged: pages they are charged for: @pages and what the kernel keeps about them
 */
struct mockgpu_usage {
	uint64_t buffers;
	uint64_t pages;
	uint64_t pages_max;
	uint64_t populated;
	uint64_t vram;
	uint64_t vram_max;
	uint64_t charged;
};

/**
 * mockgpu_usage_get - read debugfs: dri/<minor>/mockgpu
 * @fd: from mockgpu_open()
 * @usage: out
 *
 * Return: 0 or a negative errno: ENOENT or EACCES where debugfs is not mounted
 * or not for us, EPROTO when it says something else.
 */
int mockgpu_usage_get(int fd, struct mockgpu_usage *usage);

/**
 * mockgpu_ttm_objects - read debugfs: ttm/buffer_objects
 *
 * Return: how many buffer objects all of TTM's devices have, or a negative errno: ENOENT
 * or EACCES where debugfs is not mounted or not for us.
 */
int mockgpu_ttm_objects(void);

/**
 * struct mockgpu_buffer - a line of debugfs buffers
 * @id: number in the device
 * @size: bytes
 * @kind: name of the page kind, or "import"
 * @placement: "gtt", "vram", "system" or "none"; "" when @busy
 * @maps: user mappings
 * @faults: page faults answered
 * @zaps: times MOCKGPU_BO_ZAP was called
 * @notifies: move notifications, sent or (an import) got
 * @populated: whether it has pages or (an import) addresses
 * @pins: pins
 * @caching: enum mockgpu_caching
 * @moves: times it got another place or other pages
 * @swapouts: times it was swapped out
 * @flushes: times the CPU's cache was flushed for it, where uncached pages need that
 * @revoked: whether it is
 * @exported: whether it has a dma-buf
 * @attached: devices that attached to that
 * @segments: of an import with addresses: pieces of memory
 * @address: of the first of them
 * @busy: whether it was reserved just then; the members from @populated on and
 *	@placement were not told
 */
struct mockgpu_buffer {
	uint64_t id;
	uint64_t size;
	char kind[16];
	char placement[16];
	uint64_t maps;
	uint64_t faults;
	uint64_t zaps;
	uint64_t notifies;
	uint64_t populated;
	uint64_t pins;
	uint64_t caching;
	uint64_t moves;
	uint64_t swapouts;
	uint64_t flushes;
	uint64_t revoked;
	uint64_t exported;
	uint64_t attached;
	uint64_t segments;
	uint64_t address;
	uint64_t busy;
};

/**
 * mockgpu_buffers_get - list the buffers of a device, of all its clients
 * @fd: from mockgpu_open()
 * @buffers: out, in the order they were made
 * @room: entries at @buffers
 *
 * Return: how many there are, maybe more than @room, or a negative errno.
 */
int mockgpu_buffers_get(int fd, struct mockgpu_buffer *buffers, size_t room);

/**
 * struct mockgpu_entry - what this process's page table has for an address
 * @present: there is an entry; the other members are 0 when there is none
 * @pfn: page frame number of the address, inside of a large entry too
 * @large: the entry is for 2 MiB or more
 * @writable: writes go through
 * @special: the kernel takes no struct page for it
 * @prot: the architecture's bits, see mockgpu_entry_caching()
 */
struct mockgpu_entry {
	bool present;
	uint64_t pfn;
	bool large;
	bool writable;
	bool special;
	uint64_t prot;
};

/**
 * mockgpu_entry_get - look at the page table without touching the page
 * @fd: from mockgpu_open()
 * @address: in any mapping with VM_PFNMAP or VM_IO of this process
 * @entry: out
 *
 * Return: 0 or a negative errno: ENOENT where no such mapping is, or no debugfs.
 */
int mockgpu_entry_get(int fd, const void *address, struct mockgpu_entry *entry);

/**
 * mockgpu_entry_caching - the memory type that an entry asks the CPU for
 * @entry: a present one
 *
 * Return: "write-back", "write-combining", "uncached-minus" and so on; "?" where
 * this architecture's bits are not known.
 */
const char *mockgpu_entry_caching(const struct mockgpu_entry *entry);

/**
 * mockgpu_fail_set - let the n-th step of this process in the driver fail
 * @fd: from mockgpu_open()
 * @nth: from 1; 0 for none
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_fail_set(int fd, unsigned long nth);

/**
 * mockgpu_fail_get - what became of mockgpu_fail_set()
 * @fd: from mockgpu_open()
 * @left: out: steps until the one that fails; 0: it has failed, or none will
 * @point: out: name of the step that failed, or "-"
 * @size: bytes at @point, at least 32
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_fail_get(int fd, unsigned long *left, char *point, size_t size);

/**
 * mockgpu_unplug - take a device away from user space, as by pulling it
 * @fd: from mockgpu_open()
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_unplug(int fd);

#endif /* MOCKGPU_DEBUGFS_H */
