// SPDX-License-Identifier: GPL-2.0-only
/* The host that is probed: its kernel, its KVM, its mockgpu module. */

#include <string.h>
#include <sys/utsname.h>

#include "armhost.h"
#include "probe.h"
#include "sysfs.h"

static bool probe_is_on(const char *value)
{
	return value[0] == 'Y' || value[0] == '1';
}

static void probe_look_at_kvm(struct probe_host *host)
{
	char npt[8], ept[8], tdp_mmu[8];
	bool two_dimensional;

	sysfs_read("/sys/module/kvm_amd/parameters/npt", npt, sizeof(npt));
	sysfs_read("/sys/module/kvm_intel/parameters/ept", ept, sizeof(ept));
	sysfs_read("/sys/module/kvm/parameters/tdp_mmu", tdp_mmu, sizeof(tdp_mmu));
	host->vendor = npt[0] ? "amd" : ept[0] ? "intel" : "?";
	two_dimensional = probe_is_on(npt[0] ? npt : ept);
	if (!npt[0] && !ept[0])
		host->mmu = "?";
	else if (!two_dimensional)
		host->mmu = "shadow";
	else
		host->mmu = probe_is_on(tdp_mmu) ? "tdp" : "legacy";
	snprintf(host->params, sizeof(host->params), "%s=%s tdp_mmu=%s",
		 npt[0] ? "npt" : "ept", npt[0] ? npt : ept[0] ? ept : "?",
		 tdp_mmu[0] ? tdp_mmu : "?");
}

static void probe_look_at_arm(struct probe_host *host, const struct armhost *arm)
{
	host->vendor = "arm";
	host->mmu = arm->mode;
	host->refuses_cacheable = arm->refuses;
	snprintf(host->params, sizeof(host->params), "FWB=%d DIC=%d cacheable_pfnmap=%d",
		 arm->fwb, arm->dic, arm->cacheable);
}

void probe_host_look_at_vm(struct probe_host *host, struct vmm *vm)
{
	struct armhost arm;

	if (!armhost_look(vm, &arm))
		probe_look_at_arm(host, &arm);
}

void probe_host_look(struct probe_host *host)
{
	struct utsname name;

	memset(host, 0, sizeof(*host));
	if (!uname(&name)) {
		snprintf(host->release, sizeof(host->release), "%s", name.release);
		snprintf(host->arch, sizeof(host->arch), "%s", name.machine);
	}
	probe_look_at_kvm(host);
	probe_host_look_at_vm(host, NULL);
	sysfs_read("/sys/module/mockgpu/version", host->module, sizeof(host->module));
	if (!host->module[0])
		snprintf(host->module, sizeof(host->module), "?");
}
