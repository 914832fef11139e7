// SPDX-License-Identifier: GPL-2.0-only
/* What KVM on riscv64 says about itself, see riscvhost.h. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "klog.h"
#include "riscvhost.h"

/*
 * riscv_kvm_init() in arch/riscv/kvm/main.c: "using Sv57x4 G-stage page table format", and since
 * 7.x "highest G-stage page table mode is Sv57x4".
 */
#define RISCVHOST_LINE "G-stage page table"
#define RISCVHOST_FORMAT "Sv"

int riscvhost_gstage(char *text, size_t size)
{
	const char *format = NULL;
	struct utsname name;
	char *log, *line;

	snprintf(text, size, "?");
	if (uname(&name) || strcmp(name.machine, "riscv64"))
		return -EOPNOTSUPP;
	log = klog_read();
	for (line = log ? strtok(log, "\n") : NULL; line && !format; line = strtok(NULL, "\n"))
		format = strstr(line, RISCVHOST_LINE) ? strstr(line, RISCVHOST_FORMAT) : NULL;
	if (format)
		snprintf(text, size, "%.*s", (int)strcspn(format, " "), format);
	free(log);
	return 0;
}
