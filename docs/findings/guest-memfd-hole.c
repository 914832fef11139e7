// SPDX-License-Identifier: GPL-2.0-only
/* How long a hole in guest_memfd takes while a thread touches it: guest-memfd-hole.md. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define SIZE (16l << 20)

static volatile char *map;
static volatile int stop;

static void *touch(void *unused)
{
	while (!stop)
		for (long i = 0; i < SIZE; i += 4096)
			map[i] = 1;
	return unused;
}

static void *wait_10_s(void *unused)
{
	sleep(10);
	stop = 1;
	return unused;
}

int main(void)
{
	struct kvm_create_guest_memfd create = { .size = SIZE, .flags = 3 }; /* MMAP, INIT_SHARED */
	int vm = ioctl(open("/dev/kvm", O_RDWR), KVM_CREATE_VM, 0);
	int fd = ioctl(vm, KVM_CREATE_GUEST_MEMFD, &create);
	pthread_t thread;
	time_t begin;

	map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return 1;
	pthread_create(&thread, NULL, touch, NULL);
	pthread_create(&thread, NULL, wait_10_s, NULL);
	sleep(1);
	begin = time(NULL);
	fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, SIZE);
	printf("%ld s, %s\n", (long)(time(NULL) - begin),
	       stop ? "until nobody touched it any more" : "by itself");
	return 0;
}
