// SPDX-License-Identifier: GPL-2.0-only
/*
 * mockgpu-probe on memory of other drivers: vgem, udmabuf, the system heap, a file; on memory of
 * another process, and on a VMM: this one is both. And what it says where there is no such memory.
 * The program is the one beside this one.
 */

#include <fcntl.h>
#include <libgen.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include <xf86drm.h>

#include "kselftest_harness.h"

#include "bar.h"
#include "behaviour.h"
#include "bo.h"
#include "buffer.h"
#include "clock.h"
#include "exporter.h"
#include "guest/arch.h"
#include "judge.h"
#include "sysfs.h"
#include "vmm.h"

#define FIT 0
#define NOT_FIT 1
#define WRONG_USAGE 2
#define CANNOT_TELL 4

/* What the probe has printed, and its exit status. */
struct answer {
	char text[4096];
	int status;
};

/* The folder of this program; looked up once, since a mount namespace changes what is read. */
static const char *own_folder(void)
{
	static char self[256];
	static const char *folder;

	if (!folder && readlink("/proc/self/exe", self, sizeof(self) - 1) > 0)
		folder = dirname(self);
	return folder ? folder : "";
}

static struct answer ask(const char *option, const char *value)
{
	struct answer answer = { .status = -1 };
	char command[512];
	FILE *pipe;

	snprintf(command, sizeof(command), "%s/mockgpu-probe %s %s %s 2>&1", own_folder(),
		 strcmp(option, "--vm") ? "--quiet" : "", option, value);
	pipe = popen(command, "r");
	if (!pipe)
		return answer;
	answer.text[fread(answer.text, 1, sizeof(answer.text) - 1, pipe)] = '\0';
	answer.status = pclose(pipe);
	if (WIFEXITED(answer.status))
		answer.status = WEXITSTATUS(answer.status);
	return answer;
}

static void expect(struct __test_metadata *_metadata, const struct answer *answer, int status,
		   const char *words)
{
	EXPECT_EQ(status, answer->status)
		TH_LOG("%s", answer->text);
	EXPECT_NE(NULL, strstr(answer->text, words))
		TH_LOG("%s", answer->text);
}

/* One line, which a person can act on. */
static void expect_line(struct __test_metadata *_metadata, const struct answer *answer, int status,
			const char *words)
{
	const char *end = strchr(answer->text, '\n');

	expect(_metadata, answer, status, words);
	EXPECT_TRUE(end && !end[1])
		TH_LOG("%s", answer->text);
}

/* Their pages are single and have a reference each, which every kernel maps. */
TEST(vgem)
{
	int fd = exporter_vgem_open();
	struct answer answer;
	char *node;

	if (fd == -ENOENT || fd == -ENODEV)
		SKIP(return, "this kernel has no vgem");
	ASSERT_LE(0, fd);
	node = drmGetDeviceNameFromFd2(fd);
	ASSERT_NE(NULL, node);
	answer = ask("--device", node);
	expect(_metadata, &answer, FIT, "can map memory of vgem into guests");
	free(node);
	close(fd);
}

TEST(udmabuf)
{
	struct answer answer;

	if (access("/dev/udmabuf", F_OK))
		SKIP(return, "this kernel has no udmabuf");
	answer = ask("--source", "udmabuf");
	expect(_metadata, &answer, FIT, "can map memory of udmabuf into guests");
}

/* Compound pages, whose tails have no reference count of their own. */
TEST(heap)
{
	struct answer answer;

	if (access("/dev/dma_heap/system", F_OK))
		SKIP(return, "this kernel has no system heap");
	answer = ask("--source", "heap:system");
	if (judge_refusal_known() && answer.status == NOT_FIT)
		expect(_metadata, &answer, NOT_FIT,
		       "pages give EFAULT, as those without a reference count do before 6.13");
	else
		expect(_metadata, &answer, FIT, "can map memory of heap into guests");
}

/* A BAR by the kernel's own file, which maps all of it at once: no driver, no struct pages. */
TEST(bar_of_a_pci_device)
{
	static const char *const files[] = { "resource2", "resource2_wc" };
	struct answer answer;
	char source[200];
	size_t i;

	if (!find_slot())
		SKIP(return, "this machine has no PCI device 1af4:1110 (ivshmem-plain)");
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(source, sizeof(source), "file:" DEVICES "%s/%s", slot, files[i]);
		answer = ask("--source", source);
		expect(_metadata, &answer, FIT, "can map memory of file into guests");
	}
}

/* A file with a hole on a full tmpfs: EFAULT for KVM_RUN, but because there is no memory. */
TEST(a_full_tmpfs_is_no_fault_of_kvm)
{
	char folder[] = "/tmp/probe_source_test.XXXXXX", path[64], source[80];
	struct answer answer;
	int fd;

	ASSERT_NE('\0', own_folder()[0]);
	ASSERT_NE(NULL, mkdtemp(folder));
	/* Of this process and the probe only; it ends with them. */
	ASSERT_EQ(0, unshare(CLONE_NEWNS));
	ASSERT_EQ(0, mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	ASSERT_EQ(0, mount("tmpfs", folder, "tmpfs", 0, "size=64k"));
	snprintf(path, sizeof(path), "%s/file", folder);
	snprintf(source, sizeof(source), "file:%s", path);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ftruncate(fd, 32 << 10));
	answer = ask("--source", source);
	expect(_metadata, &answer, FIT, "can map memory of file into guests");
	ASSERT_EQ(0, ftruncate(fd, 128 << 10));
	answer = ask("--source", source);
	expect(_metadata, &answer, NOT_FIT, "its file system is full (see df): no fault of KVM");
	close(fd);
	ASSERT_EQ(0, umount(folder));
	rmdir(folder);
}

TEST(a_file_keeps_its_contents)
{
	char path[] = "/tmp/probe_source_test.XXXXXX", source[64];
	char before[3 * 4096 + 7], after[sizeof(before)];
	int fd = mkstemp(path);
	struct answer answer;
	size_t i;

	ASSERT_LE(0, fd);
	for (i = 0; i < sizeof(before); i++)
		before[i] = i * 31;
	ASSERT_EQ(sizeof(before), write(fd, before, sizeof(before)));
	snprintf(source, sizeof(source), "file:%s", path);
	answer = ask("--source", source);
	expect(_metadata, &answer, FIT, "can map memory of file into guests");
	ASSERT_EQ(sizeof(after), pread(fd, after, sizeof(after), 0));
	EXPECT_EQ(0, memcmp(before, after, sizeof(before)));
	unlink(path);
	close(fd);
}

/* A buffer of the driver in this process, and the verdict that its pages deserve. */
FIXTURE(process) {
	struct mockgpu_bo bo;
	char pid[16];
	struct vmm *vm;
	int drm;
};

FIXTURE_SETUP(process)
{
	const struct drm_mockgpu_bo_create want = {
		.size = 2 << 20, .kind = MOCKGPU_KIND_NONCOMPOUND, .order = 9,
	};
	const char *unsafe = behaviour_unsafe_buffer(&want);

	self->drm = mockgpu_open(NULL, 0);
	ASSERT_LE(0, self->drm);
	if (unsafe)
		SKIP(return, "%s", unsafe);
	snprintf(self->pid, sizeof(self->pid), "%d", getpid());
	ASSERT_EQ(0, vm_buffer_make(self->drm, &want, &self->bo));
	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
}

FIXTURE_TEARDOWN(process)
{
	vmm_destroy(self->vm);
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->bo));
	close(self->drm);
}

/* A process that ends with status 0 once this one is stopped. */
static pid_t watch_for_stop(void)
{
	pid_t pid = getpid(), watcher = fork();
	char path[32], line[128];

	if (watcher)
		return watcher;
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	for (;;) {
		if (!sysfs_read(path, line, sizeof(line)) && strstr(line, ") T "))
			_exit(0);
		clock_pause(1);
	}
}

/* It is stopped while the guest writes there, and has its contents back afterwards. */
TEST_F(process, a_mapping_keeps_its_contents)
{
	struct answer answer;
	char source[64];
	pid_t watcher;
	int status;

	watcher = watch_for_stop();
	guest_fill(self->bo.map, bo_npages(&self->bo), 1);
	snprintf(source, sizeof(source), "pid:%s:%#lx", self->pid, (unsigned long)self->bo.map);
	answer = ask("--source", source);
	if (judge_refusal_known() && answer.status == NOT_FIT)
		expect(_metadata, &answer, NOT_FIT,
		       "511 of 512 pages give EFAULT, as those without a reference count do");
	else
		expect(_metadata, &answer, FIT, "can map memory of pid into guests");
	kill(watcher, SIGTERM);
	ASSERT_EQ(watcher, waitpid(watcher, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, guest_differences(self->bo.map, bo_npages(&self->bo), 1));
}

TEST_F(process, a_vmm_and_its_mappings)
{
	char mapping[128];
	struct answer answer;

	ASSERT_EQ(0, vmm_create(&self->vm, 2));
	answer = ask("--vm", self->pid);
	snprintf(mapping, sizeof(mapping), "  %lx-%lx  rw-s  2048 KiB  VM_PFNMAP  /dev/dri/",
		 (unsigned long)self->bo.map, (unsigned long)self->bo.map + (2 << 20));
	expect(_metadata, &answer, judge_refusal_known() ? NOT_FIT : FIT, mapping);
	EXPECT_NE(NULL, strstr(answer.text, ", of mockgpu\n"));
	EXPECT_NE(NULL, strstr(answer.text, "1 VM, 2 vCPUs, on "));
	EXPECT_NE(NULL, strstr(answer.text, judge_refusal_known() ?
			       "KVM of this kernel refuses pages" :
			       "KVM of this kernel maps pages"));
	EXPECT_NE(NULL, strstr(answer.text, "(just tried with the module mockgpu)"))
		TH_LOG("%s", answer.text);
	/* A control: with a VM, and without such memory. */
	ASSERT_EQ(0, mockgpu_bo_destroy(&self->bo));
	answer = ask("--vm", self->pid);
	expect(_metadata, &answer, FIT, "It has no mapping that a driver's fault handler fills.");
}

TEST_F(process, no_such_memory)
{
	struct answer answer;
	char source[64];
	void *hole = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, hole);
	snprintf(source, sizeof(source), "pid:%s:%#lx", self->pid, (unsigned long)hole);
	answer = ask("--source", source);
	expect_line(_metadata, &answer, CANNOT_TELL, "is no file that is mapped shared");
	munmap(hole, 4096);
	answer = ask("--source", source);
	expect_line(_metadata, &answer, CANNOT_TELL, "nothing is mapped there");
	/* What maps it has no descriptor any more. */
	snprintf(source, sizeof(source), "pid:%s:%#lx", self->pid, (unsigned long)self->bo.map);
	close(self->drm);
	answer = ask("--source", source);
	expect_line(_metadata, &answer, CANNOT_TELL, "no open file that can be mapped so");
	self->bo.handle = 0;
	self->drm = -1;
	answer = ask("--vm", self->pid);
	expect_line(_metadata, &answer, CANNOT_TELL, "has no VM of KVM");
}

TEST(no_such_memory)
{
	static const struct {
		const char *option, *value;
		int status;
		const char *words;
	} bad[] = {
		{ "--device", "/dev/null", CANNOT_TELL, "/dev/null is no DRM node: give one" },
		{ "--device", "/nonexistent", CANNOT_TELL, "/nonexistent: No such file" },
		{ "--device", "/dev/null -s udmabuf", WRONG_USAGE, "exclude each other" },
		{ "--source", "smoke", WRONG_USAGE, "no such source: 'smoke'" },
		{ "--source", "heap:", WRONG_USAGE, "no such source: 'heap:'" },
		{ "--source", "heap:none", CANNOT_TELL, "heap:none gives no dma-buf: No such" },
		{ "--source", "pid:1", WRONG_USAGE, "no such source: 'pid:1'" },
		{ "--source", "pid:0:4096", WRONG_USAGE, "no such source: 'pid:0:4096'" },
		{ "--source", "pid:1:0", CANNOT_TELL, "pid:1:0: nothing is mapped there" },
		{ "--vm", "0", WRONG_USAGE, "--vm" },
		{ "--vm", "smoke", WRONG_USAGE, "--vm" },
		{ "--vm", "1 --json", WRONG_USAGE, "--vm goes with no other option" },
		{ "--vm", "2147483647", CANNOT_TELL, "process 2147483647: there is none" },
		{ "--source", "file:/nonexistent", CANNOT_TELL, "/nonexistent: No such file" },
		{ "--source", "file:/dev/null", CANNOT_TELL, "/dev/null has no page" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct answer answer = ask(bad[i].option, bad[i].value);

		expect_line(_metadata, &answer, bad[i].status, bad[i].words);
	}
}

int main(int argc, char **argv)
{
	const char *unusable = vmm_unusable();

	if (unusable)
		ksft_exit_skip("%s\n", unusable);
	return test_harness_run(argc, argv);
}
