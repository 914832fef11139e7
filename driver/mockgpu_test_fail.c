// SPDX-License-Identifier: GPL-2.0-only
/*
 * Failing on purpose, so that error paths are seen to leave nothing behind.
 *
 * Wherever the driver allocates or asks TTM, GEM or dma-buf for something, it
 * asks mockgpu_should_fail() first. Two things can make that say yes:
 * debugfs fail_nth (one chosen point, on every kernel), and where the kernel has
 * CONFIG_FAULT_INJECTION_DEBUG_FS its fault attributes in debugfs fail/ (see
 * Documentation/fault-injection/fault-injection.rst). Allocations inside the
 * frameworks are the kernel's own failslab's to fail.
 */
#include <linux/debugfs.h>
#include <linux/fault-inject.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>

#include "mockgpu_types.h"

static unsigned long fail_load;
module_param(fail_load, ulong, 0444);
MODULE_PARM_DESC(fail_load, "for tests: the n-th step of loading the module fails (default 0: none)");

#ifdef CONFIG_FAULT_INJECTION
static DECLARE_FAULT_ATTR(mockgpu_fail_attr);
#endif

/*
 * @who: whose points are counted, or NULL
 * @is_thread: of that thread only, not of its whole process
 * @countdown: how many points until the one that fails; 0: none will
 * @fired: name of the last point that failed, or NULL
 */
static struct {
	spinlock_t lock;	/* the members below */
	struct pid *who;
	bool is_thread;
	unsigned long countdown;
	const char *fired;
} mockgpu_fail = {
	.lock = __SPIN_LOCK_UNLOCKED(mockgpu_fail.lock),
};

static struct pid *mockgpu_fail_current(bool is_thread)
{
	return is_thread ? task_pid(current) : task_tgid(current);
}

static void mockgpu_fail_arm(unsigned long countdown, bool is_thread)
{
	struct pid *who = get_pid(mockgpu_fail_current(is_thread));

	spin_lock(&mockgpu_fail.lock);
	swap(mockgpu_fail.who, who);
	mockgpu_fail.is_thread = is_thread;
	mockgpu_fail.countdown = countdown;
	mockgpu_fail.fired = NULL;
	spin_unlock(&mockgpu_fail.lock);
	put_pid(who);
}

static bool mockgpu_fail_count(const char *point)
{
	bool fail = false;

	if (!READ_ONCE(mockgpu_fail.countdown))
		return false;
	spin_lock(&mockgpu_fail.lock);
	if (mockgpu_fail.countdown &&
	    mockgpu_fail.who == mockgpu_fail_current(mockgpu_fail.is_thread)) {
		WRITE_ONCE(mockgpu_fail.countdown, mockgpu_fail.countdown - 1);
		fail = !mockgpu_fail.countdown;
		if (fail)
			mockgpu_fail.fired = point;
	}
	spin_unlock(&mockgpu_fail.lock);
	return fail;
}

/**
 * mockgpu_should_fail - whether what comes next shall fail on purpose
 * @point: a short constant name for it
 *
 * Context: a process, may hold any lock of the driver.
 * Return: true when it shall; the caller then acts as if it had failed.
 */
bool mockgpu_should_fail(const char *point)
{
	if (mockgpu_fail_count(point))
		return true;
#ifdef CONFIG_FAULT_INJECTION
	return should_fail(&mockgpu_fail_attr, 1);
#else
	return false;
#endif
}

/* "<points left> <name of the point that failed, or ->" */
static ssize_t mockgpu_fail_nth_read(struct file *file, char __user *to,
				     size_t count, loff_t *pos)
{
	char text[64];
	int len;

	spin_lock(&mockgpu_fail.lock);
	len = scnprintf(text, sizeof(text), "%lu %s\n", mockgpu_fail.countdown,
			mockgpu_fail.fired ?: "-");
	spin_unlock(&mockgpu_fail.lock);
	return simple_read_from_buffer(to, count, pos, text, len);
}

static ssize_t mockgpu_fail_nth_write(struct file *file, const char __user *from,
				      size_t count, loff_t *pos)
{
	unsigned long countdown;
	int ret;

	ret = kstrtoul_from_user(from, count, 0, &countdown);
	if (ret)
		return ret;
	mockgpu_fail_arm(countdown, false);
	return count;
}

static const struct file_operations mockgpu_fail_nth_fops = {
	.owner = THIS_MODULE,
	.read = mockgpu_fail_nth_read,
	.write = mockgpu_fail_nth_write,
	.llseek = default_llseek,
};

/**
 * mockgpu_fail_debugfs_init - make fail_nth and fail/
 * @root: the device's debugfs folder
 *
 * fail_nth: writing n lets the n-th point fail that the writing process (not
 * another one) reaches from then on, 0 disarms. Reading gives how many points
 * are left and the name of the one that failed, or "-".
 */
void mockgpu_fail_debugfs_init(struct dentry *root)
{
	debugfs_create_file("fail_nth", 0600, root, NULL, &mockgpu_fail_nth_fops);
#ifdef CONFIG_FAULT_INJECTION
	fault_create_debugfs_attr("fail", root, &mockgpu_fail_attr);
#endif
}

/**
 * mockgpu_fail_init - before anything else is done at loading
 *
 * Another thread of the loading process may open the device before loading ends: that is
 * no step of loading.
 */
void mockgpu_fail_init(void)
{
	mockgpu_fail_arm(fail_load, true);
}

/**
 * mockgpu_fail_fini - after everything else is undone
 */
void mockgpu_fail_fini(void)
{
	put_pid(mockgpu_fail.who);
}
