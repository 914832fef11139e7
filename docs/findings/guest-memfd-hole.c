// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does a hole in guest_memfd take seconds while a thread touches it? See guest-memfd-hole.md.
 *
 * Exit status: 0 no (it is a race: try again), 1 yes, 2 cannot tell, 4 this guest_memfd has no
 * mapping.
 */
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
	time_t begin, seconds;

	if (vm < 0) {
		perror("/dev/kvm");
		return 2;
	}
	map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED) {
		printf("no guest_memfd with a mapping\n");
		return 4;
	}
	pthread_create(&thread, NULL, touch, NULL);
	pthread_create(&thread, NULL, wait_10_s, NULL);
	sleep(1);
	begin = time(NULL);
	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, SIZE)) {
		perror("fallocate");
		return 2;
	}
	seconds = time(NULL) - begin;
	printf("%ld s, %s\n", (long)seconds,
	       stop ? "until nobody touched it any more" : "by itself");
	return seconds >= 2;
}
