// SPDX-License-Identifier: GPL-2.0-only
/*
 * debugfs "entry": the page table entry behind an address of the process that asks,
 * which nothing else shows: /proc/self/pagemap takes VM_PFNMAP for holes.
 */
#include <linux/capability.h>
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/sched.h>

#include "mockgpu_types.h"

static int mockgpu_entry_find(unsigned long address, struct mockgpu_entry *entry)
{
	struct vm_area_struct *vma;
	int ret = -ENOENT;

	if (mmap_read_lock_killable(current->mm))
		return -EINTR;
	vma = vma_lookup(current->mm, address);
	if (vma && vma->vm_flags & (VM_IO | VM_PFNMAP))
		ret = mockgpu_entry_follow(vma, address, entry);
	mmap_read_unlock(current->mm);
	return ret;
}

/* The answer takes the place of the question: see simple_transaction_get(). */
static ssize_t mockgpu_entry_write(struct file *file, const char __user *from,
				   size_t count, loff_t *pos)
{
	struct mockgpu_entry entry = {};
	unsigned long address;
	char *text;
	int ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	text = simple_transaction_get(file, from, count);
	if (IS_ERR(text))
		return PTR_ERR(text);
	ret = kstrtoul(text, 0, &address);
	if (!ret)
		ret = mockgpu_entry_find(address, &entry);
	if (ret && ret != -ENODATA)
		return ret;
	ret = scnprintf(text, SIMPLE_TRANSACTION_LIMIT,
			"present=%d pfn=%#lx large=%d writable=%d special=%d prot=%#llx\n",
			!ret, entry.pfn, entry.large, entry.writable, entry.special,
			(u64)pgprot_val(entry.prot));
	simple_transaction_set(file, ret);
	return count;
}

static const struct file_operations mockgpu_entry_fops = {
	.owner = THIS_MODULE,
	.write = mockgpu_entry_write,
	.read = simple_transaction_read,
	.release = simple_transaction_release,
	.llseek = default_llseek,
};

/**
 * mockgpu_entry_debugfs_init - make the file
 * @root: the device's debugfs folder
 *
 * What is written is an address, in decimal or with 0x in hexadecimal, once for each
 * open file; what is read then is the entry as key=value: present, pfn (of this very
 * page), large (2 MiB or more), writable, special, prot (the architecture's bits).
 *
 * Errors of write(): EPERM without CAP_SYS_ADMIN, EINVAL for no number, ENOENT where
 * no such mapping is, EBUSY for a second one.
 */
void mockgpu_entry_debugfs_init(struct dentry *root)
{
	debugfs_create_file("entry", 0600, root, NULL, &mockgpu_entry_fops);
}
