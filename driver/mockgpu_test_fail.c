// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fault injection, to test that error paths leave nothing behind.
 *
 * Wherever the driver allocates memory or calls TTM, GEM or dma-buf, it asks
 * mockgpu_should_fail() first. There are two ways to make that return true: fail_nth in
 * debugfs picks one point, on every kernel; with CONFIG_FAULT_INJECTION_DEBUG_FS the
 * kernel's fault attributes are in fail/ (see
 * Documentation/fault-injection/fault-injection.rst). Use the kernel's own failslab for
 * allocations inside of the frameworks.
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

#include "mockgpu_test_fail.h"

static unsigned long fail_load;
module_param(fail_load, ulong, 0444);
MODULE_PARM_DESC(fail_load, "for tests: make the n-th step of loading the module fail (default 0: none)");

#ifdef CONFIG_FAULT_INJECTION
static DECLARE_FAULT_ATTR(mockgpu_fail_attr);
#endif

/*
 * @who: the process or thread whose points are counted, or NULL
 * @is_thread: @who is one thread, not a whole process
 * @countdown: number of points up to the one that fails; 0: none fails
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
 * mockgpu_should_fail - whether the next operation must fail on purpose
 * @point: a short constant name for it
 *
 * Context: process context, with any lock of the driver held.
 * Return: true when it must: act as if it had failed.
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
 * mockgpu_fail_debugfs_init - create fail_nth and fail/
 * @root: debugfs folder of the device
 *
 * Writing n to fail_nth makes the n-th point fail that the writing process reaches from
 * then on; other processes are not affected. 0 disarms it. Reading returns how many
 * points are left and the name of the point that failed, or "-".
 */
void mockgpu_fail_debugfs_init(struct dentry *root)
{
	debugfs_create_file("fail_nth", 0600, root, NULL, &mockgpu_fail_nth_fops);
#ifdef CONFIG_FAULT_INJECTION
	fault_create_debugfs_attr("fail", root, &mockgpu_fail_attr);
#endif
}

/**
 * mockgpu_fail_init - set up fault injection, before everything else
 *
 * Counts for the loading thread only: another thread of its process may open the device
 * before loading ends, which is no step of loading.
 */
void mockgpu_fail_init(void)
{
	mockgpu_fail_arm(fail_load, true);
}

/**
 * mockgpu_fail_fini - shut down fault injection, after everything else
 */
void mockgpu_fail_fini(void)
{
	put_pid(mockgpu_fail.who);
}
