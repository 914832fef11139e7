// SPDX-License-Identifier: GPL-2.0-only
/*
 * mockgpu-vram-bench: measure how long it takes to map a blob into a guest, to touch it
 * there for the first time and to unmap it.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "array.h"
#include "tools/bench/bench.h"
#include "clock.h"
#include "mockgpu_version.h"
#include "option.h"
#include "vgpu/protocol.h"
#include "gpu-vm/gpu_vm.h"

const char *argp_program_version = "mockgpu-vram-bench " MOCKGPU_VERSION;

static const char bench_doc[] =
	"A guest's virtio-gpu driver maps a blob (RESOURCE_MAP_BLOB), writes to each\n"
	"of its pages and unmaps it, in the app's own VMM, in both memslot layouts,\n"
	"with blobs of 4 KiB, 2 MiB and 64 MiB. Every round uses blobs of mockgpu and\n"
	"of a memfd, whose pages are already allocated. Only times of the same round\n"
	"are compared.\n"
	"\vExit status: 0 measured, 1 a measurement failed, 2 wrong usage, 4 nothing to\n"
	"measure (no module mockgpu, no KVM, no permission).";

static const struct argp_option bench_option_list[] = {
	{ "rounds", 'r', "N", 0, "number of rounds, 1 to 101 (default 5)", 0 },
	{ "json", 'j', NULL, 0, "print one JSON object per line for machines", 0 },
	{}
};

struct bench_options {
	uint64_t rounds;
	bool json;
};

#define BENCH_BLOB 1
#define BENCH_ROUNDS 5

enum vram_bench_step {
	VRAM_BENCH_MAP,
	VRAM_BENCH_TOUCH,
	VRAM_BENCH_UNMAP,
	VRAM_BENCH_STEPS,
};

static const char * const bench_steps[VRAM_BENCH_STEPS] = { "map", "touch", "unmap" };
static const char * const bench_layouts[] = { "slot", "arena" };
static const uint64_t bench_sizes[] = { 4ull << 10, 2ull << 20, 64ull << 20 };

/* The others are compared with the first one. */
static const struct {
	const char *name;
	uint64_t blob_id;
} sources[] = {
	{ "memfd", VGPU_BLOB_ID_MEMFD },
	{ "ttm", VGPU_BLOB_ID(VGPU_SOURCE_MOCKGPU, MOCKGPU_KIND_TTM, 0, 0) |
		 VGPU_BLOB_ID_FAULTING(MOCKGPU_FAULT_PREFAULT) },
	{ "noncompound", VGPU_BLOB_ID(VGPU_SOURCE_MOCKGPU, MOCKGPU_KIND_NONCOMPOUND, 9, 0) |
			 VGPU_BLOB_ID_FAULTING(MOCKGPU_FAULT_PREFAULT) },
	{ "noncompound-huge", VGPU_BLOB_ID(VGPU_SOURCE_MOCKGPU, MOCKGPU_KIND_NONCOMPOUND, 9, 0) |
			      VGPU_BLOB_ID_FAULTING(MOCKGPU_FAULT_HUGE) },
};

#define BENCH_SOURCES ARRAY_SIZE(sources)

/**
 * struct measurement - one size in one layout
 * @size: bytes
 * @layout: the layout
 * @rounds: number of rounds
 * @us: microseconds, by source, step and round
 */
struct measurement {
	uint64_t size;
	enum gpu_vm_layout layout;
	unsigned int rounds;
	double us[BENCH_SOURCES][VRAM_BENCH_STEPS][BENCH_ROUNDS_MAX];
};

/* Allocate every page, through a mapping that the guest does not use. */
static int bench_populate(struct vgpu_blob *blob)
{
	volatile char *memory = vgpu_blob_access(blob);
	uint64_t i;

	if (!memory)
		return -ENOMEM;
	for (i = 0; i < vgpu_blob_size(blob); i += GUEST_PAGE_SIZE)
		memory[i] = 0;
	return 0;
}

/* Measure a blob that exists; 0 or -errno. */
static int bench_measure_blob(struct gpu_vm *gpu_vm, uint64_t size, double *us[VRAM_BENCH_STEPS])
{
	double at[VRAM_BENCH_STEPS + 1];
	unsigned int step;
	int ret;

	at[0] = clock_now() * 1e6;
	if (gpu_vm_map_blob(gpu_vm, BENCH_BLOB, 0) != VIRTIO_GPU_RESP_OK_MAP_INFO)
		return -EIO;
	at[1] = clock_now() * 1e6;
	ret = bench_guest_touch(vmm_vcpu_get(gpu_vm->vm, 0), GPU_VM_GPA, size / GUEST_PAGE_SIZE);
	at[2] = clock_now() * 1e6;
	if (gpu_vm_unmap_blob(gpu_vm, BENCH_BLOB) != VIRTIO_GPU_RESP_OK_NODATA)
		return -EIO;
	at[3] = clock_now() * 1e6;
	for (step = 0; step < VRAM_BENCH_STEPS; step++)
		*us[step] = at[step + 1] - at[step];
	return ret;
}

static int bench_measure(struct gpu_vm *gpu_vm, struct measurement *measurement,
			 unsigned int source, unsigned int round)
{
	double *us[VRAM_BENCH_STEPS];
	unsigned int step;
	int ret;

	for (step = 0; step < VRAM_BENCH_STEPS; step++)
		us[step] = &measurement->us[source][step][round];
	if (gpu_vm_create_blob(gpu_vm, BENCH_BLOB, sources[source].blob_id, measurement->size) !=
	    VIRTIO_GPU_RESP_OK_NODATA)
		return -EIO;
	ret = bench_populate(vgpu_blob_find(gpu_vm->gpu, BENCH_BLOB));
	if (!ret)
		ret = bench_measure_blob(gpu_vm, measurement->size, us);
	if (gpu_vm_unref(gpu_vm, BENCH_BLOB) != VIRTIO_GPU_RESP_OK_NODATA)
		return -EIO;
	return ret;
}

/*
 * The order changes with each round, because a source may leave something behind that helps
 * or hinders the next one. Round 0 runs twice; the second result counts.
 */
static int bench_rounds(struct gpu_vm *gpu_vm, struct measurement *measurement)
{
	unsigned int i, round, source;
	int ret;

	for (round = 0; round <= measurement->rounds; round++) {
		for (i = 0; i < BENCH_SOURCES; i++) {
			source = (i + round) % BENCH_SOURCES;
			ret = bench_measure(gpu_vm, measurement, source, round ? round - 1 : 0);
			if (!ret)
				continue;
			fprintf(stderr, "mockgpu-vram-bench: %s, %llu KiB, %s: %s\n",
				sources[source].name,
				(unsigned long long)measurement->size >> 10,
				bench_layouts[measurement->layout], strerror(-ret));
			return ret;
		}
	}
	return 0;
}

static struct bench_spread bench_compare_step(const struct measurement *measurement,
					      unsigned int source, unsigned int step)
{
	double ratio[BENCH_ROUNDS_MAX] = { 0 };
	unsigned int i;

	for (i = 0; i < measurement->rounds; i++)
		ratio[i] = measurement->us[source][step][i] / measurement->us[0][step][i];
	return bench_spread(ratio, measurement->rounds);
}

static void print_text(const struct measurement *measurement, unsigned int source)
{
	unsigned int step;

	printf("%-5s %6llu KiB  %-16s", bench_layouts[measurement->layout],
	       (unsigned long long)measurement->size >> 10, sources[source].name);
	for (step = 0; step < VRAM_BENCH_STEPS; step++) {
		struct bench_spread us = bench_spread(measurement->us[source][step],
						      measurement->rounds);
		struct bench_spread ratio = bench_compare_step(measurement, source, step);

		printf("  %8.0f", us.median);
		if (source)
			printf(" %5.2f (%.2f to %.2f)", ratio.median, ratio.min, ratio.max);
	}
	printf("\n");
}

static void print_json(const struct measurement *measurement, unsigned int source)
{
	struct json json = { .out = stdout };
	unsigned int step;
	char name[16];

	json_object(&json, NULL);
	json_string(&json, "layout", bench_layouts[measurement->layout]);
	json_number(&json, "bytes", measurement->size);
	json_string(&json, "source", sources[source].name);
	for (step = 0; step < VRAM_BENCH_STEPS; step++) {
		struct bench_spread us = bench_spread(measurement->us[source][step],
						      measurement->rounds);
		struct bench_spread ratio = bench_compare_step(measurement, source, step);

		snprintf(name, sizeof(name), "%s_us", bench_steps[step]);
		json_decimal(&json, name, us.median, 1);
		snprintf(name, sizeof(name), "%s_ratio", bench_steps[step]);
		bench_json_spread(&json, name, &ratio);
	}
	json_end(&json);
}

static int bench_run_layout(int drm, enum gpu_vm_layout layout, unsigned int rounds, bool json)
{
	static struct measurement measurement;
	unsigned int i, source;
	struct gpu_vm gpu_vm;
	int ret;

	ret = gpu_vm_init(&gpu_vm, drm, layout, VGPU_MAP_BY_MMAP, 1);
	if (ret)
		fprintf(stderr, "mockgpu-vram-bench: no VM: %s\n", strerror(-ret));
	for (i = 0; i < ARRAY_SIZE(bench_sizes) && !ret; i++) {
		fprintf(stderr, "mockgpu-vram-bench: %s, %llu KiB\n", bench_layouts[layout],
			(unsigned long long)bench_sizes[i] >> 10);
		measurement.size = bench_sizes[i];
		measurement.layout = layout;
		measurement.rounds = rounds;
		ret = bench_rounds(&gpu_vm, &measurement);
		for (source = 0; source < BENCH_SOURCES && !ret; source++) {
			if (json)
				print_json(&measurement, source);
			else
				print_text(&measurement, source);
		}
	}
	gpu_vm_fini(&gpu_vm);
	return ret;
}

static int bench_run(unsigned int rounds, bool json)
{
	int drm = bench_open_for_guests();
	struct utsname uts = { 0 };
	int ret;

	if (drm < 0)
		return BENCH_CANNOT;
	uname(&uts);
	setlinebuf(stdout);
	if (!json)
		printf("kernel %s, %u rounds; us: medians, followed by the ratio to memfd's\n"
		       "%-35s  %8s %-23s %8s %-22s %9s\n", uts.release, rounds, "",
		       bench_steps[0], "", bench_steps[1], "", bench_steps[2]);
	ret = bench_run_layout(drm, GPU_VM_SLOTTED, rounds, json);
	if (!ret)
		ret = bench_run_layout(drm, GPU_VM_ARENA, rounds, json);
	close(drm);
	return ret ? BENCH_FAILED : BENCH_DONE;
}

static error_t bench_option(int key, char *text, struct argp_state *state)
{
	struct bench_options *options = state->input;

	switch (key) {
	case 'r':
		return option_number(state, key, text, 1, BENCH_ROUNDS_MAX, &options->rounds);
	case 'j':
		options->json = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = bench_option_list, .parser = bench_option, .doc = bench_doc,
	};
	struct bench_options options = { .rounds = BENCH_ROUNDS };

	option_parse(&argp, argc, argv, 0, &options);
	return bench_run(options.rounds, options.json);
}
