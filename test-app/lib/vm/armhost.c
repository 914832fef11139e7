// SPDX-License-Identifier: GPL-2.0-only
/* What decides on arm64 whether KVM accepts a driver's memory, see armhost.h. */

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "armhost.h"
#include "behaviour.h"
#include "klog.h"
#include "vmm.h"

/* Not in the headers before 6.17. Only a VM knows this capability, /dev/kvm does not. */
#define ARMHOST_CAP_CACHEABLE 243

#define ARMHOST_CTR_DIC (1ull << 29)

static bool armhost_has_dic(void)
{
#ifdef __aarch64__
	uint64_t ctr;

	/* If the CPUs differ, the kernel answers for all of them. */
	__asm__("mrs %0, ctr_el0" : "=r"(ctr));
	return ctr & ARMHOST_CTR_DIC;
#else
	return false;
#endif
}

/* Messages of kvm_init() in arch/arm64/kvm/arm.c: up to 6.12 "Hyp" means nVHE. */
static const char *armhost_mode(const char *log)
{
	if (strstr(log, ": Protected hVHE mode initialized") ||
	    strstr(log, ": Protected nVHE mode initialized"))
		return "pkvm";
	if (strstr(log, ": VHE mode initialized"))
		return "vhe";
	if (strstr(log, "VHE mode initialized") || strstr(log, ": Hyp mode initialized"))
		return "nvhe";
	return "?";
}

static void armhost_read_log(struct armhost *host)
{
	char *log = klog_read();

	host->mode = "?";
	if (log) {
		host->mode = armhost_mode(log);
		host->fwb = strstr(log, "detected: Stage-2 Force Write-Back");
	}
	free(log);
}

int armhost_look(struct vmm *vm, struct armhost *host)
{
	struct utsname name;

	*host = (struct armhost){ .mode = "?" };
	if (uname(&name) || strcmp(name.machine, "aarch64"))
		return -EOPNOTSUPP;
	armhost_read_log(host);
	host->dic = armhost_has_dic();
	if (!vm)
		return 0;
	host->cacheable = vmm_check(vm, ARMHOST_CAP_CACHEABLE);
	host->refuses = behaviour_seen(BEHAVIOUR_REFUSES_CACHEABLE) > 0;
	return 0;
}
