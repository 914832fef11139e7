// SPDX-License-Identifier: GPL-2.0-only
/* The host that is probed: its kernel, its KVM, its mockgpu module. */

#include <string.h>
#include <sys/utsname.h>

#include "armhost.h"
#include "probe.h"
#include "riscvhost.h"
#include "sysfs.h"
#include "x86host.h"

static bool probe_is_on(const char *value)
{
	return value[0] == 'Y' || value[0] == '1';
}

static void probe_look_at_kvm(struct probe_host *host)
{
	const char *vendor = x86host_vendor();
	const char *parameter = strcmp(vendor, "amd") ? "ept" : "npt";
	char paging[8], tdp_mmu[8];

	x86host_read(parameter, paging, sizeof(paging));
	sysfs_read("/sys/module/kvm/parameters/tdp_mmu", tdp_mmu, sizeof(tdp_mmu));
	host->vendor = paging[0] ? vendor : "?";
	if (!paging[0])
		host->mmu = "?";
	else if (!probe_is_on(paging))
		host->mmu = "shadow";
	else
		host->mmu = probe_is_on(tdp_mmu) ? "tdp" : "legacy";
	snprintf(host->params, sizeof(host->params), "%s=%s tdp_mmu=%s", parameter,
		 paging[0] ? paging : "?", tdp_mmu[0] ? tdp_mmu : "?");
}

static void probe_look_at_arm(struct probe_host *host, const struct armhost *arm)
{
	host->vendor = "arm";
	host->mmu = arm->mode;
	host->refuses_cacheable = arm->refuses;
	snprintf(host->params, sizeof(host->params), "FWB=%d DIC=%d cacheable_pfnmap=%d",
		 arm->fwb, arm->dic, arm->cacheable);
}

static void probe_look_at_riscv(struct probe_host *host, const char *gstage)
{
	host->vendor = "riscv";
	host->mmu = "gstage";
	snprintf(host->params, sizeof(host->params), "G stage=%s", gstage);
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
	char gstage[16];

	memset(host, 0, sizeof(*host));
	if (!uname(&name)) {
		snprintf(host->release, sizeof(host->release), "%s", name.release);
		snprintf(host->arch, sizeof(host->arch), "%s", name.machine);
	}
	probe_look_at_kvm(host);
	probe_host_look_at_vm(host, NULL);
	if (!riscvhost_gstage(gstage, sizeof(gstage)))
		probe_look_at_riscv(host, gstage);
	sysfs_read("/sys/module/mockgpu/version", host->module, sizeof(host->module));
	if (!host->module[0])
		snprintf(host->module, sizeof(host->module), "?");
}
