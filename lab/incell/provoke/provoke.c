// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module with one bug of each kind that the kernel's own checks find, for the
 * lab's self-test: a cell must fail on each.
 *
 * insmod provoke.ko what=<name> triggers that bug, then fails with ECANCELED;
 * only "leak" stays loaded.
 */
#include <linux/compiler.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>

static char *what = "";
module_param(what, charp, 0);
MODULE_PARM_DESC(what, "the bug: warn, list, lock, sleep, shift, use-after-free, page, leak");

static DEFINE_MUTEX(provoke_a);
static DEFINE_MUTEX(provoke_b);

static void provoke_warn(void)
{
	WARN(1, "provoked\n");
}

static void provoke_list(void)
{
	LIST_HEAD(head);
	struct list_head entry;

	list_add(&entry, &head);
	entry.next = NULL;
	list_del(&entry);
}

static void provoke_lock(void)
{
	mutex_lock(&provoke_a);
	mutex_lock(&provoke_b);
	mutex_unlock(&provoke_b);
	mutex_unlock(&provoke_a);
	mutex_lock(&provoke_b);
	mutex_lock(&provoke_a);
	mutex_unlock(&provoke_a);
	mutex_unlock(&provoke_b);
}

static void provoke_sleep(void)
{
	preempt_disable();
	might_sleep();
	preempt_enable();
}

static void provoke_shift(void)
{
	int bits = 40;

	OPTIMIZER_HIDE_VAR(bits);
	bits = 1 << bits;
	OPTIMIZER_HIDE_VAR(bits);
}

static void provoke_use_after_free(void)
{
	char *object = kmalloc(64, GFP_KERNEL);

	kfree(object);
	OPTIMIZER_HIDE_VAR(object);
	if (object)
		WRITE_ONCE(object[0], 1);
}

/* As a guest does through a stale mapping: KASAN does not see it. */
static void __no_sanitize_address provoke_page(void)
{
	struct page *page = alloc_page(GFP_KERNEL);
	char *address;

	if (!page)
		return;
	address = page_address(page);
	__free_page(page);
	OPTIMIZER_HIDE_VAR(address);
	address[100] = 1;
	page = alloc_page(GFP_KERNEL);
	if (page)
		__free_page(page);
}

/* Leak several objects: a stale pointer somewhere can hide one from kmemleak. */
static void provoke_leak(void)
{
	void *object;
	int i;

	for (i = 0; i < 16; i++) {
		object = kmalloc(100, GFP_KERNEL);
		OPTIMIZER_HIDE_VAR(object);
	}
}

static const struct {
	const char *name;
	void (*run)(void);
} provocations[] = {
	{ "warn", provoke_warn },
	{ "list", provoke_list },
	{ "lock", provoke_lock },
	{ "sleep", provoke_sleep },
	{ "shift", provoke_shift },
	{ "use-after-free", provoke_use_after_free },
	{ "page", provoke_page },
	{ "leak", provoke_leak },
};

static int __init provoke_init(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(provocations); i++) {
		if (strcmp(provocations[i].name, what))
			continue;
		provocations[i].run();
		return strcmp(what, "leak") ? -ECANCELED : 0;
	}
	pr_err("provoke: unknown what=%s\n", what);
	return -EINVAL;
}

static void __exit provoke_exit(void)
{
}

module_init(provoke_init);
module_exit(provoke_exit);

MODULE_DESCRIPTION("Bugs for the self-test of mockgpu's lab");
MODULE_LICENSE("GPL");
