/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command line of a program, by glibc's argp. For main() only: what is wrong ends the
 * program, with one line on standard error that names it.
 *
 * The program defines argp_program_version; --help and --version are understood without
 * further work.
 */
#ifndef MOCKGPU_OPTION_H
#define MOCKGPU_OPTION_H

#include <argp.h>
#include <errno.h>
#include <stdint.h>

/* What an argp parser returns once it has said what is wrong. */
#define OPTION_REFUSED EINVAL

/* Exit status where the command line is wrong: 2, if main() does not change it. */
extern int option_status;

/**
 * option_parse() - parse the command line
 * @argp: the program's options; its parser leaves all to others that it does not know,
 *	with ARGP_ERR_UNKNOWN
 * @argc: of main()
 * @argv: of main()
 * @flags: ARGP_IN_ORDER or 0
 * @input: for the parser
 */
void option_parse(const struct argp *argp, int argc, char **argv, unsigned int flags,
		  void *input);

/**
 * option_refuse() - what the parser returns when something is wrong
 * @state: of the parser
 * @format: what is wrong, in words that name it, as printf()'s
 *
 * Return: OPTION_REFUSED.
 */
error_t option_refuse(const struct argp_state *state, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * option_number() - the number that an option has as its value
 * @state: of the parser
 * @key: the option's
 * @text: its value, see number_parse()
 * @min: the smallest that it may be
 * @max: the largest
 * @number: gets it
 *
 * Return: 0 or OPTION_REFUSED.
 */
error_t option_number(const struct argp_state *state, int key, const char *text, uint64_t min,
		      uint64_t max, uint64_t *number);

/**
 * option_size() - the size in bytes that an option has as its value
 * @state: of the parser
 * @key: the option's
 * @text: its value, see size_parse(): of whole pages, and not 0
 * @size: gets it
 *
 * Return: 0 or OPTION_REFUSED.
 */
error_t option_size(const struct argp_state *state, int key, const char *text, uint64_t *size);

#endif /* MOCKGPU_OPTION_H */
