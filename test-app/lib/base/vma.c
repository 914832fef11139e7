// SPDX-License-Identifier: GPL-2.0-only
/* The mappings of a process, see vma.h. */

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "vma.h"

FILE *vma_walk(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/smaps", pid);
	return fopen(path, "re");
}

/* The first line of a VMA in smaps; all other lines begin with a name. */
static bool vma_parse(struct vma *vma, const char *line)
{
	int end = 0;

	*vma = (struct vma){ .start = 0 };
	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64 " %n",
		   &vma->start, &vma->end, vma->access, &vma->offset, &vma->major, &vma->minor,
		   &vma->inode, &end) != 7)
		return false;
	snprintf(vma->path, sizeof(vma->path), "%.*s", (int)strcspn(line + end, "\n"), line + end);
	return true;
}

bool vma_next(FILE *vmas, struct vma *vma)
{
	static const char flags[] = "VmFlags: ";
	bool found = false;
	char line[512];

	while (fgets(line, sizeof(line), vmas)) {
		if (strncmp(line, flags, strlen(flags))) {
			struct vma next;

			if (vma_parse(&next, line)) {
				*vma = next;
				found = true;
			}
			continue;
		}
		/* The kernel leaves a blank behind the last flag. */
		snprintf(vma->flags, sizeof(vma->flags), "%.*s",
			 (int)strcspn(line + strlen(flags), "\n"), line + strlen(flags));
		if (found)
			return true;
	}
	return false;
}

bool vma_has(const struct vma *vma, const char *flag)
{
	char word[8];

	snprintf(word, sizeof(word), "%s ", flag);
	return strstr(vma->flags, word);
}

int vma_find(pid_t pid, uint64_t address, struct vma *vma)
{
	FILE *vmas = vma_walk(pid);
	int ret = -ENOENT;

	if (!vmas)
		return -errno;
	while (ret && vma_next(vmas, vma)) {
		if (address >= vma->start && address < vma->end)
			ret = 0;
	}
	/* Opening it needs no right, reading does. */
	if (ret && ferror(vmas))
		ret = -EACCES;
	fclose(vmas);
	return ret;
}
