// SPDX-License-Identifier: GPL-2.0-only
/*
 * What can be told of a VMM that runs: its VMs, its mappings that a driver's fault handler fills,
 * and what KVM does with them. KVM tells no other process its memslots, and the kernel none which
 * pages such a mapping has (/proc/PID/pagemap shows a hole), so mappings are judged as a whole.
 */

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "arch.h"
#include "array.h"
#include "behaviour.h"
#include "buffer.h"
#include "probe.h"
#include "process.h"
#include "sysfs.h"

/**
 * struct vm_look - what is known of the VMM
 * @vms: how many VMs it has
 * @vcpus: how many vCPUs, in all of them
 * @mappings: how many mappings a driver's fault handler fills
 * @refuses: KVM refuses their pages without a reference count
 */
struct vm_look {
	unsigned int vms;
	unsigned int vcpus;
	unsigned int mappings;
	bool refuses;
};

/* Count its descriptors of KVM; 0 or -errno. */
static int vm_count(pid_t pid, struct vm_look *look)
{
	char path[64], link[64];
	struct dirent *entry;
	DIR *fds;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	fds = opendir(path);
	if (!fds)
		return -errno;
	while ((entry = readdir(fds))) {
		ssize_t length = readlinkat(dirfd(fds), entry->d_name, link, sizeof(link) - 1);

		link[length > 0 ? length : 0] = '\0';
		look->vms += !strcmp(link, "anon_inode:kvm-vm");
		look->vcpus += !strncmp(link, "anon_inode:kvm-vcpu", strlen("anon_inode:kvm-vcpu"));
	}
	closedir(fds);
	return 0;
}

/*
 * The driver whose device file is mapped, or the device, if that has none or that of all faux
 * devices; NULL for no device file.
 */
static const char *owner_of(const struct vma *vma)
{
	static const char *const links[] = { "device/driver", "device" };
	static char owner[256];
	struct stat file;
	char path[96];
	ssize_t length;
	size_t i;

	if (vma->path[0] != '/' || stat(vma->path, &file) || !S_ISCHR(file.st_mode))
		return NULL;
	for (i = 0; i < ARRAY_SIZE(links); i++) {
		snprintf(path, sizeof(path), "/sys/dev/char/%u:%u/%s", major(file.st_rdev),
			 minor(file.st_rdev), links[i]);
		length = readlink(path, owner, sizeof(owner) - 1);
		if (length < 0)
			continue;
		owner[length] = '\0';
		if (strcmp(basename(owner), "faux_driver"))
			return basename(owner);
	}
	return NULL;
}

/* Rings of io_uring and perf, and the vDSO's data, are no memory of a guest. */
static bool is_a_drivers(const struct vma *vma)
{
	static const char *const others[] = {
		"[", "anon_inode:[io_uring]", "anon_inode:[perf_event]",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(others); i++) {
		if (!strncmp(vma->path, others[i], strlen(others[i])))
			return false;
	}
	return vma_has(vma, "pf") || vma_has(vma, "mm");
}

static void vm_print_mapping(const struct vma *vma)
{
	const char *owner = owner_of(vma);

	printf("  %" PRIx64 "-%" PRIx64 "  %s  %" PRIu64 " KiB  %s  %s%s%s%s\n", vma->start,
	       vma->end, vma->access, (vma->end - vma->start) / 1024,
	       vma_has(vma, "pf") ? "VM_PFNMAP" : "VM_MIXEDMAP",
	       vma->path[0] ? vma->path : "no name", owner ? ", of " : "", owner ?: "",
	       vma->access[1] == 'w' ? "" : ", which a guest cannot write to");
}

/* Print the mappings of drivers; 0 or -errno. */
static int vm_print_mappings(pid_t pid, struct vm_look *look)
{
	FILE *vmas = vma_walk(pid);
	struct vma vma;
	int ret = 0;

	if (!vmas)
		return -errno;
	while (vma_next(vmas, &vma)) {
		if (!is_a_drivers(&vma))
			continue;
		if (!look->mappings++)
			printf("Mappings that a driver's fault handler fills:\n");
		vm_print_mapping(&vma);
	}
	if (ferror(vmas))
		ret = -EACCES;
	fclose(vmas);
	return ret;
}

static void vm_print_refusal(struct vm_look *look)
{
	const bool asked = !vm_buffer_unusable();
	const int seen = asked ? behaviour_seen(BEHAVIOUR_REFUSES_TAILS) : -ENODEV;
	const bool known = behaviour_known(BEHAVIOUR_REFUSES_TAILS);

	look->refuses = seen < 0 ? known : seen;
	printf("KVM of this kernel %s pages without a reference count, like those of TTM (%s).\n",
	       look->refuses ? "refuses" : "maps",
	       seen >= 0 ? "just tried with the module mockgpu" :
	       "as is known of such kernels; the module mockgpu would try it");
}

static void vm_print_advice(pid_t pid, const struct vm_look *look)
{
	printf("Whether one of these mappings is refused, its pages tell when they are tried:\n"
	       "  mockgpu-probe --source pid:%d:0xADDRESS    (stops the process, restores the contents)\n"
	       "To see the address that fails:\n"
	       "  cd /sys/kernel/tracing; echo 1 >events/kvm/%s/enable; echo 1 >events/kvm/kvm_userspace_exit/enable\n"
	       "  grep -B 1 'reason error' trace_pipe\n", pid, ARCH_FAULT_EVENT);
	if (look->refuses)
		printf("What to do: docs/bad-address.md, \"A driver's memory\".\n");
}

int probe_vm(const struct probe_host *host, pid_t pid, char *why, size_t size)
{
	struct vm_look look = { .vms = 0 };
	char path[64], name[64];
	int ret = vm_count(pid, &look);

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	sysfs_read(path, name, sizeof(name));
	if (ret) {
		snprintf(why, size, "process %d: %s%s", pid, ret == -ENOENT ? "there is none" :
			 strerror(-ret), ret == -EACCES ? ": be root or its owner" : "");
		return ret;
	}
	if (!look.vms) {
		snprintf(why, size, "process %d, %s, has no VM of KVM", pid, name);
		return -ENODEV;
	}
	printf("%s (%d): %u VM%s, %u vCPU%s, on %s, KVM %s %s\n", name, pid, look.vms,
	       look.vms == 1 ? "" : "s", look.vcpus, look.vcpus == 1 ? "" : "s", host->release,
	       host->vendor, host->mmu);
	ret = vm_print_mappings(pid, &look);
	if (ret) {
		snprintf(why, size, "the mappings of process %d: %s", pid, strerror(-ret));
		return ret;
	}
	if (!look.mappings) {
		printf("It has no mapping that a driver's fault handler fills.\n");
		return 0;
	}
	vm_print_refusal(&look);
	vm_print_advice(pid, &look);
	return look.refuses;
}
