// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "number.h"
#include "option.h"

int option_status = 2;

error_t option_refuse(const struct argp_state *state, const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "%s: ", state->name);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	return OPTION_REFUSED;
}

static const char *option_name(const struct argp_state *state, int key)
{
	const struct argp_option *option = state->root_argp->children->argp->options;

	while (option->key != key)
		option++;
	return option->name;
}

error_t option_number(const struct argp_state *state, int key, const char *text, uint64_t min,
		      uint64_t max, uint64_t *number)
{
	if (!number_parse(text, number) && *number >= min && *number <= max)
		return 0;
	return option_refuse(state, "--%s '%s': not a number from %" PRIu64 " to %" PRIu64,
			     option_name(state, key), text, min, max);
}

error_t option_size(const struct argp_state *state, int key, const char *text, uint64_t *size)
{
	if (!size_parse(text, size) && *size && *size % getpagesize() == 0)
		return 0;
	return option_refuse(state,
			     "--%s '%s': not a size of whole pages: a number, or with K, M, G or T",
			     option_name(state, key), text);
}

/* What every program understands, and arguments that the program's own parser left. */
static error_t option_common(int key, char *text, struct argp_state *state)
{
	switch (key) {
	case ARGP_KEY_INIT:
		/* argp's own hint would be a line more. */
		state->err_stream = NULL;
		return 0;
	case ARGP_KEY_ARG:
		return option_refuse(state, "unexpected argument '%s'", text);
	case 'h':
		argp_state_help(state, state->out_stream, ARGP_HELP_STD_HELP);
		return 0;
	case 'V':
		fprintf(state->out_stream, "%s\n", argp_program_version);
		exit(0);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp option_common_argp = {
	.options = (const struct argp_option[]) {
		{ "help", 'h', NULL, 0, "print this help", -1 },
		{ "version", 'V', NULL, 0, "print the version", -1 },
		{}
	},
	.parser = option_common,
};

/*
 * getopt() prints to stderr what it does not understand, as option_refuse() does: that is
 * collected, and gets its hint.
 */
void option_parse(const struct argp *argp, int argc, char **argv, unsigned int flags,
		  void *input)
{
	const struct argp_child children[] = {
		{ .argp = argp }, { .argp = &option_common_argp }, {}
	};
	const struct argp all = { .children = children };
	FILE *standard_error = stderr;
	char *words = NULL;
	size_t size;
	int ret;

	stderr = open_memstream(&words, &size);
	if (!stderr)
		abort();
	if (argc)
		argv[0] = program_invocation_short_name;
	ret = argp_parse(&all, argc, argv, ARGP_NO_HELP | flags, NULL, input);
	fclose(stderr);
	stderr = standard_error;
	if (ret) {
		fprintf(stderr, "%.*s: see %s --help\n", (int)strcspn(words, "\n"), words,
			program_invocation_short_name);
		exit(option_status);
	}
	free(words);
}
