// SPDX-License-Identifier: GPL-2.0-only
/* What people write, and what machines read: numbers, sizes, options, JSON. */

#include "kselftest_harness.h"

#include <math.h>

#include "array.h"
#include "json.h"
#include "number.h"
#include "option.h"

const char *argp_program_version = "text_test";

TEST(numbers)
{
	static const struct {
		const char *text;
		int ret;
		uint64_t number;
	} cases[] = {
		{ "0", 0, 0 }, { "17", 0, 17 }, { "010", 0, 10 }, { "0x1F", 0, 31 },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE, 0 }, { "", -EINVAL, 0 }, { "-1", -EINVAL, 0 },
		{ "+1", -EINVAL, 0 }, { " 1", -EINVAL, 0 }, { "1 ", -EINVAL, 0 },
		{ "0x", -EINVAL, 0 }, { "0x-1", -EINVAL, 0 }, { "1e3", -EINVAL, 0 },
		{ "4K", -EINVAL, 0 },
	};
	uint64_t number;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		EXPECT_EQ(cases[i].ret, number_parse(cases[i].text, &number))
			TH_LOG("'%s'", cases[i].text);
		if (!cases[i].ret)
			EXPECT_EQ(cases[i].number, number);
	}
}

TEST(sizes)
{
	static const struct {
		const char *text;
		int ret;
		uint64_t size;
	} cases[] = {
		{ "5", 0, 5 }, { "4K", 0, 4096 }, { "0x10M", 0, 16 << 20 }, { "8G", 0, 8ull << 30 },
		{ "16777215T", 0, 16777215ull << 40 }, { "16777216T", -ERANGE, 0 },
		{ "4k", -EINVAL, 0 }, { "4KB", -EINVAL, 0 }, { "K", -EINVAL, 0 },
		{ "-4K", -EINVAL, 0 }, { "", -EINVAL, 0 }, { "1P", -EINVAL, 0 },
	};
	uint64_t size;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		EXPECT_EQ(cases[i].ret, size_parse(cases[i].text, &size))
			TH_LOG("'%s'", cases[i].text);
		if (!cases[i].ret)
			EXPECT_EQ(cases[i].size, size);
	}
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
	uint64_t *number = state->input;

	switch (key) {
	case 'n':
		return option_number(state, key, text, 1, 9, number);
	case 's':
		return option_size(state, key, text, number);
	case 'q':
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The exit status of a program with these arguments; @words gets what it says. */
static int run_program(struct __test_metadata *_metadata, const char *first, const char *second,
		       char *words, size_t size)
{
	static const struct argp_option options[] = {
		{ "number", 'n', "N", 0, "a number", 0 },
		{ "size", 's', "SIZE", 0, "a size", 0 },
		{ "quiet", 'q', NULL, 0, "quiet", 0 },
		{}
	};
	static const struct argp argp = { .options = options, .parser = parse_option };
	char *argv[4] = { "/bin/text_test", (char *)first, (char *)second };
	int fds[2], status, argc = second ? 3 : 2;
	uint64_t number;
	ssize_t length;
	pid_t pid;

	ASSERT_EQ(0, pipe(fds));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		dup2(fds[1], STDOUT_FILENO);
		dup2(fds[1], STDERR_FILENO);
		option_parse(&argp, argc, argv, 0, &number);
		exit(0);
	}
	close(fds[1]);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	length = read(fds[0], words, size - 1);
	ASSERT_LE(0, length);
	words[length] = '\0';
	close(fds[0]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(options_that_are_wrong_are_named_in_one_line)
{
	static const struct {
		const char *first;
		const char *second;
		const char *named;
	} cases[] = {
		{ "--nosuch", NULL, "'--nosuch'" }, { "-x", NULL, "'x'" },
		{ "--number", NULL, "'--number'" }, { "--quiet=1", NULL, "'--quiet'" },
		{ "--number=0", NULL, "--number '0'" }, { "--number=10", NULL, "--number '10'" },
		{ "-n", "many", "--number 'many'" }, { "-s", "5", "--size '5'" },
		{ "--size=0", NULL, "--size '0'" }, { "more", NULL, "'more'" },
	};
	char words[512], *end;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		EXPECT_EQ(2, run_program(_metadata, cases[i].first, cases[i].second, words,
					 sizeof(words)));
		EXPECT_EQ(0, strncmp(words, "text_test: ", 11));
		EXPECT_NE(NULL, strstr(words, cases[i].named)) TH_LOG("%s", words);
		end = strstr(words, ": see text_test --help\n");
		EXPECT_NE(NULL, end) TH_LOG("%s", words);
		EXPECT_EQ(words + strlen(words) - 1, strchr(words, '\n'));
	}
}

TEST(help_and_version)
{
	char words[4096];

	EXPECT_EQ(0, run_program(_metadata, "--version", NULL, words, sizeof(words)));
	EXPECT_STREQ("text_test\n", words);
	EXPECT_EQ(0, run_program(_metadata, "--help", NULL, words, sizeof(words)));
	EXPECT_NE(NULL, strstr(words, "--number=N"));
	EXPECT_NE(NULL, strstr(words, "--version"));
	EXPECT_EQ(0, run_program(_metadata, "-n", "9", words, sizeof(words)));
	EXPECT_STREQ("", words);
}

TEST(json_is_json)
{
	static const char right[] =
		"{\"te\\\"xt\":\"a\\\\b\\u000a\\u00e9\",\"list\":[\n"
		"{\"number\":18446744073709551615,\"address\":\"0x1000\"},\n"
		"{\"ratio\":0.667,\"infinite\":null,\"none\":null,\"yes\":true}\n"
		"],\"empty\":[],\"object\":{}}\n";
	struct json json = {};
	char *text = NULL;
	size_t size;

	json.out = open_memstream(&text, &size);
	ASSERT_NE(NULL, json.out);
	json_object(&json, NULL);
	json_string(&json, "te\"xt", "a\\b\n\xe9");
	json_array(&json, "list");
	json_object(&json, NULL);
	json_number(&json, "number", UINT64_MAX);
	json_address(&json, "address", 4096);
	json_end(&json);
	json_object(&json, NULL);
	json_decimal(&json, "ratio", 2 / 3.0, 3);
	json_decimal(&json, "infinite", INFINITY, 3);
	json_null(&json, "none");
	json_bool(&json, "yes", true);
	json_end(&json);
	json_end(&json);
	json_array(&json, "empty");
	json_end(&json);
	json_object(&json, "object");
	json_end(&json);
	json_end(&json);
	fclose(json.out);
	EXPECT_STREQ(right, text);
	free(text);
}

TEST_HARNESS_MAIN
