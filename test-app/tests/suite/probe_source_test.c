// SPDX-License-Identifier: GPL-2.0-only
/*
 * mockgpu-probe on memory of other drivers: vgem, udmabuf, the system heap, a file. And what it
 * says where there is no such memory. The program is the one beside this one.
 */

#include <fcntl.h>
#include <libgen.h>
#include <sys/wait.h>

#include <xf86drm.h>

#include "kselftest_harness.h"

#include "exporter.h"
#include "judge.h"
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

static struct answer ask(const char *option, const char *value)
{
	struct answer answer = { .status = -1 };
	char command[512], self[256] = "";
	FILE *pipe;

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return answer;
	snprintf(command, sizeof(command), "%s/mockgpu-probe --quiet %s %s 2>&1", dirname(self),
		 option, value);
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
