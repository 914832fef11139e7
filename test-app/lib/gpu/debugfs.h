/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The driver's debugfs folder (driver/mockgpu_debugfs.c), and its parameters that can change,
 * as C functions. They need root and a mounted debugfs; without these they return -ENOENT or
 * -EACCES. Nothing is printed.
 */
#ifndef MOCKGPU_DEBUGFS_H
#define MOCKGPU_DEBUGFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * mockgpu_debugfs_open - open a file in a device's debugfs folder
 * @fd: from mockgpu_open()
 * @name: its name, such as "buffers"
 * @flags: as for open(2)
 *
 * Return: a file descriptor or a negative errno.
 */
int mockgpu_debugfs_open(int fd, const char *name, int flags);

/**
 * struct mockgpu_usage - what the driver holds, for all its clients together
 * @buffers: buffer objects
 * @pages: system pages they are charged for; blocks count in full
 * @pages_max: the most system pages they may be charged for
 * @populated: system pages they have now
 * @vram: VRAM pages they have now
 * @vram_max: pages of VRAM
 * @charged: pages they are charged for: @pages and the kernel's metadata about them
 * @jobs: jobs of the engine that have not ended
 * @resets: resets of the GPU
 * @wakes: how often a page fault has woken the device
 * @backable: pages that the shrinker may back up, or MOCKGPU_SWAPOUT_BACKUP did once
 * @purgeable: those of them that it may discard
 * @scans: how often the shrinker was asked for memory
 * @backed_up: pages that were backed up
 * @purged: pages that the shrinker has discarded
 * @interrupted: restores that a signal has interrupted
 */
struct mockgpu_usage {
	uint64_t buffers;
	uint64_t pages;
	uint64_t pages_max;
	uint64_t populated;
	uint64_t vram;
	uint64_t vram_max;
	uint64_t charged;
	uint64_t jobs;
	uint64_t resets;
	uint64_t wakes;
	uint64_t backable;
	uint64_t purgeable;
	uint64_t scans;
	uint64_t backed_up;
	uint64_t purged;
	uint64_t interrupted;
};

/**
 * mockgpu_usage_get - read debugfs: dri/<minor>/mockgpu
 * @fd: from mockgpu_open()
 * @usage: out
 *
 * Return: 0 or a negative errno: ENOENT or EACCES where debugfs is not mounted or not
 * accessible, EPROTO when it says something else.
 */
int mockgpu_usage_get(int fd, struct mockgpu_usage *usage);

/**
 * mockgpu_ttm_objects - read debugfs: ttm/buffer_objects
 *
 * Return: the number of buffer objects of all TTM devices, or a negative errno: ENOENT or
 * EACCES where debugfs is not mounted or not accessible.
 */
int mockgpu_ttm_objects(void);

/**
 * struct mockgpu_buffer - a line of debugfs file "buffers"
 * @id: number in the device
 * @size: bytes
 * @kind: name of the page kind, or "import", or "userptr"
 * @placement: "gtt", "vram", "system" or "none"; "" when @busy
 * @maps: user mappings
 * @faults: page faults handled
 * @zaps: calls of MOCKGPU_BO_ZAP
 * @notifies: move notifications, sent or (for an import) received
 * @populated: whether it has pages or (for an import) addresses
 * @pins: pins
 * @caching: enum mockgpu_caching
 * @moves: how often it got another placement or other pages
 * @swapouts: how often it was swapped out
 * @flushes: how often the CPU cache was flushed for it, where uncached pages need that
 * @revoked: whether it is revoked
 * @exported: whether it has a dma-buf
 * @attached: devices attached to that dma-buf
 * @segments: of an import with addresses: pieces of memory
 * @address: of the first segment
 * @busy: whether it was reserved at that moment; the members from @populated on and
 *	@placement are not known then
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
 * @buffers: out, in the order of creation
 * @room: entries at @buffers
 *
 * Return: how many there are, which may be more than @room, or a negative errno.
 */
int mockgpu_buffers_get(int fd, struct mockgpu_buffer *buffers, size_t room);

/**
 * struct mockgpu_entry - the entry that this process's page table has for an address
 * @present: there is an entry; without one the other members are 0
 * @pfn: page frame number of the address, also within a large entry
 * @large: the entry maps 2 MiB or more
 * @writable: the entry allows writes
 * @special: the kernel uses no struct page for it
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
 * @address: in any VM_PFNMAP or VM_IO mapping of this process
 * @entry: out
 *
 * Return: 0 or a negative errno: ENOENT without such a mapping or without debugfs.
 */
int mockgpu_entry_get(int fd, const void *address, struct mockgpu_entry *entry);

/**
 * mockgpu_entry_caching - the memory type that an entry selects
 * @entry: a present one
 *
 * Return: "write-back", "write-combining", "uncached-minus" and so on; "?" where this
 * architecture's bits are not known.
 */
const char *mockgpu_entry_caching(const struct mockgpu_entry *entry);

/**
 * mockgpu_fail_set - make this process's n-th step in the driver fail
 * @fd: from mockgpu_open()
 * @nth: from 1; 0 for none
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_fail_set(int fd, unsigned long nth);

/**
 * mockgpu_fail_get - read what became of mockgpu_fail_set()
 * @fd: from mockgpu_open()
 * @left: out: steps until the one that fails; 0: it has failed, or none will
 * @point: out: name of the step that failed, or "-"
 * @size: bytes at @point, at least 32
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_fail_get(int fd, unsigned long *left, char *point, size_t size);

/**
 * mockgpu_move_delay_set - have moves done by the engine, or at once; needs root
 * @delay: how long each takes, in microseconds; 0: they are complete when the call returns
 *
 * Applies to all devices, from the next move on.
 *
 * Return: 0 or a negative errno: EINVAL for more than MOCKGPU_FAULT_DELAY_MAX, ERANGE for what
 * does not fit into 32 bits.
 */
int mockgpu_move_delay_set(unsigned long delay);

/**
 * mockgpu_hold - let no job of the engine end, as if the GPU hung
 * @fd: from mockgpu_open()
 *
 * Return: a file descriptor or a negative errno. The engine goes on when it is closed, or the
 * device is unplugged.
 */
int mockgpu_hold(int fd);

/**
 * mockgpu_wait_idle - wait until the engine has no jobs
 * @fd: from mockgpu_open()
 *
 * TTM may free what the jobs used a moment later.
 *
 * Return: 0 or a negative errno: ETIMEDOUT after 30 s.
 */
int mockgpu_wait_idle(int fd);

/**
 * mockgpu_reset - reset the GPU: VRAM loses its contents, pending work is lost
 * @fd: from mockgpu_open()
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_reset(int fd);

/**
 * mockgpu_d3 - let the device sleep: all mappings of VRAM are removed, a page fault wakes it
 * @fd: from mockgpu_open()
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_d3(int fd);

/**
 * mockgpu_shrink - run the shrinker, if the module was loaded with shrinker=1
 * @fd: from mockgpu_open()
 * @npages: how many pages it looks at, at least
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_shrink(int fd, unsigned long npages);

/**
 * mockgpu_unplug - unplug a device, as if it was pulled from the host
 * @fd: from mockgpu_open()
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_unplug(int fd);

/**
 * mockgpu_unplug_dummy_set - choose what mappings of unplugged devices show; needs root
 * @dummy: a page of zeros, as those of amdgpu, or SIGBUS
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_unplug_dummy_set(bool dummy);

#endif /* MOCKGPU_DEBUGFS_H */
