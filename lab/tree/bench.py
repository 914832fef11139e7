# SPDX-License-Identifier: GPL-2.0-only
"""bench.py DIR: make the tables and plots of lab/bench.

Reads DIR/KERNEL/: environment, create.json (mockgpu-bench), kvm.json (mockgpu-kvm-bench),
blob.json (mockgpu-vram-bench) and ROUTE.tap (run-qemu's case bench); what is missing is left
out. Writes DIR/benchmark.md and, for gnuplot, DIR/benchmark/*.gp, whose plots have the same
names with .svg.
"""
import json
import os
import re
import sys

# The goals, for memory in 2 MiB entries against a memfd with huge pages.
GOAL_SOURCE, GOAL_RATIO = "noncompound-huge", 1.05
HUGE = 2 << 20
ROUTES = {"vhost-user": "QEMU, vhost-user (vhost-gpu)",
          "virtio-gpu-gl": "QEMU's own virtio-gpu-gl",
          "both-gpus": "virtio-gpu-gl, as a multiple of vhost-user beside it"}
TITLE = "# What buffers cost"
INTRO = """\
Made by `make bench`, which measures all of it again; do not edit it here. Counts stand first:
they do not depend on the machine. Times are ratios of two times of the same round, the median of
all rounds with the lowest and the highest in brackets. Each round starts with another kind of
memory."""
DISTORTS = """\
## What emulation distorts

Under QEMU's TCG, as in a lab cell on a machine without nested virtualisation, a page fault of the
guest costs some 15 to 60 us instead of about 1, since an exit from the guest and a walk of two page
tables are done by software, and 4 KiB of memory are zeroed or copied at nearly native speed. So:

* Counts (faults, exits, IPIs) are what they are on hardware.
* Between kinds with equally many faults the ratio is near that of hardware: the kernel's own
  instructions are emulated alike.
* Between kinds with 512 times as many faults the ratio is too large by about the factor by which
  faults are slower. It says which is better, not how much.
* Map and unmap in QEMU are round trips between four processes on two emulated CPUs; their spread is
  the scheduler's."""


def load_lines(path):
    """The objects of a file with one on each line, or none."""
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as source:
        return [json.loads(line) for line in source if line.strip()]


def load_one(path):
    """The object of a file that may span lines, or {}."""
    if not os.path.exists(path) or not os.path.getsize(path):
        return {}
    with open(path, encoding="utf-8") as source:
        return json.load(source)


def load_tap(path):
    """What run-qemu's case bench printed: a dictionary for each of its lines."""
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8", errors="replace") as source:
        lines = [line for line in source if re.match(r"# bench: kib=", line)]
    lines = [dict(word.split("=", 1) for word in line.split()[2:]) for line in lines]
    # Where two devices were measured the one is told as a multiple of the other.
    return [line for line in lines if "device" not in line or "vhost-user_us" in line]


def told(line):
    """A ratio of run-qemu's case bench, with its range."""
    return f"{line['ratio']} ({line['least']} to {line['most']})" if "least" in line else line["ratio"]


class Kernel:
    """The results of a kernel."""

    def __init__(self, path):
        self.name = os.path.basename(path)
        with open(path + "/environment", encoding="utf-8") as source:
            self.environment = dict(line.rstrip("\n").split("\t", 1) for line in source)
        self.create = load_one(path + "/create.json")
        self.kvm = load_lines(path + "/kvm.json")
        self.blob = load_lines(path + "/blob.json")
        self.routes = {route: load_tap(f"{path}/{route}.tap") for route in ROUTES}

    def points(self, bench, step):
        """The results of a step of mockgpu-kvm-bench."""
        return [point for point in self.kvm
                if point["bench"] == bench and point["step"] == step]


def table(head, rows):
    """A table in Markdown, the first column to the left."""
    return "\n".join(["| " + " | ".join(head) + " |", "|---" + "|---:" * (len(head) - 1) + "|"] +
                     ["| " + " | ".join(row) + " |" for row in rows])


def spread(ratio):
    """A ratio with its range."""
    return f"{ratio['median']:.2f} ({ratio['min']:.2f} to {ratio['max']:.2f})"


def ratio_of(point):
    """The time of a point in words: its ratio, the base, or why there is none."""
    if "error" in point:
        return "refused (EFAULT)" if point["error"] == "EFAULT" else point["error"]
    return spread(point["ratio"]) if "ratio" in point else "1"


def count_of(point, name):
    """A count of a point, or a dash."""
    return f"{point[name]:,}" if name in point else "-"


def environments(kernels):
    """How it was measured."""
    names = {"release": "kernel", "date": "date", "cpu": "machine", "qemu": "emulator",
             "load": "load before", "rounds": "rounds"}
    return table([""] + [kernel.name for kernel in kernels],
                 [[names[name]] + [kernel.environment.get(name, "-") for kernel in kernels]
                  for name in names])


def goals(kernels):
    """The goals, with what was measured."""
    faults, times = [], []
    for kernel in kernels:
        points = [point for point in kernel.points("touch", "touch")
                  if point["source"] == GOAL_SOURCE]
        point = points[0] if points else {"error": "not measured"}
        wanted = point.get("bytes", 0) // HUGE
        faults.append(mark(count_of(point, "faults"), point.get("faults") == wanted, point))
        times.append(mark(ratio_of(point), point.get("ratio", {}).get("median", 9) <= GOAL_RATIO,
                          point))
    return "## The goals\n\n" + table(
        ["first touch in 2 MiB entries"] + [kernel.name for kernel in kernels],
        [["one fault for each 2 MiB: 512 for 1 GiB"] + faults,
         [f"at most {GOAL_RATIO} times memfd-huge"] + times])


def mark(text, is_met, point):
    """A result with the word whether the goal is met."""
    return text if "error" in point else f"{text} {'met' if is_met else '**missed**'}"


def kvm_rows(kernels, bench, step, counts):
    """Rows of a step: level, source, and for each kernel its counts and ratio."""
    unit = "buffers" if bench == "grow" else "vCPUs"
    rows = {}
    for kernel in kernels:
        for point in kernel.points(bench, step):
            row = rows.setdefault((point[unit], point["source"]), {})
            row[kernel.name] = [count_of(point, name) for name in counts] + [ratio_of(point)]
    empty = ["-"] * (len(counts) + 1)
    return [(level, source, [cell for kernel in kernels for cell in row.get(kernel.name, empty)])
            for (level, source), row in rows.items()]


def kvm_head(kernels, counts):
    """The head of their columns."""
    return [f"{kernel.name}: {name}" for kernel in kernels for name in (*counts, "time")]


def touch(kernels):
    """The first touch."""
    size = max((point["bytes"] >> 20 for kernel in kernels
                for point in kernel.points("touch", "touch")), default=0)
    counts = ("faults", "exits", "ipis")
    rows = kvm_rows(kernels, "touch", "touch", counts)
    return rows and f"""## The first touch of {size} MiB in a guest

`mockgpu-kvm-bench --only touch`: the host has the memory mapped, the guest writes once to each page.
Time as a multiple of memfd-huge's. `ttm`, `split` and `memfd` are mapped in 4 KiB entries, the
others in 2 MiB entries.

""" + table(["memory"] + kvm_head(kernels, counts),
            [[source] + cells for _, source, cells in rows]) + picture("touch")


def zap(kernels):
    """Zap and refault."""
    size = max((point["bytes"] >> 20 for kernel in kernels
                for point in kernel.points("zap", "zap")), default=0)
    parts = []
    if not size:
        return ""
    for step, text, counts in (
            ("zap", "The zap itself, while the vCPUs write to the memory:", ("ipis",)),
            ("refault", "All vCPUs touch all of it again:", ("faults", "exits"))):
        parts.append(text + "\n\n" + table(
            ["vCPUs", "memory"] + kvm_head(kernels, counts),
            [[str(level), source] + cells
             for level, source, cells in kvm_rows(kernels, "zap", step, counts)]))
    return f"""## Zap and refault of {size} MiB

`mockgpu-kvm-bench --only zap`. Time as a multiple of memfd's (4 KiB pages, `MADV_DONTNEED` of its
mapping), with as many vCPUs.

""" + "\n\n".join(parts) + picture("zap")


def grow(kernels):
    """One more buffer."""
    steps = ("create", "map", "touch", "unmap")
    rows = {}
    for kernel in kernels:
        for step in steps:
            for point in kernel.points("grow", step):
                row = rows.setdefault((point["buffers"], point["source"]), {})
                row[kernel.name, step] = grow_cell(point)
    return rows and """## One buffer more

`mockgpu-kvm-bench --only grow`: the last of many buffers of 64 KiB, each in a memslot of its own.
Microseconds; in brackets the ratio to a memfd's beside as many others.

""" + table(["buffers", "memory"] + [f"{kernel.name}: {step}" for kernel in kernels
                                     for step in steps],
            [[str(level), source] + [row.get((kernel.name, step), "-") for kernel in kernels
                                     for step in steps]
             for (level, source), row in rows.items()]) + picture("grow")


def grow_cell(point):
    """A step's time and ratio."""
    if "error" in point:
        return point["error"]
    ratio = f" ({point['ratio']['median']:.2f})" if "ratio" in point else ""
    return f"{point['us']['median']:.0f}{ratio}"


def create(kernels):
    """What mockgpu-bench measured."""
    sources = [source for kernel in kernels for source in kernel.create.get("sources", ())]
    names = list(dict.fromkeys(source["name"] for source in sources if source["mockgpu"]))
    others = list(dict.fromkeys(source["name"] for source in sources if not source["mockgpu"]))
    rows = []
    for name in names:
        for other in others:
            rows.append([name, other] + [create_cell(kernel, name, other) for kernel in kernels])
    size = max((kernel.create.get("bytes", 0) >> 20 for kernel in kernels), default=0)
    return rows and f"""## Creation of {size} MiB

`mockgpu-bench`: create a buffer, map it, write once to each page. All kinds hand out zeroed pages;
`ttm` is TTM's pool alone. Ratios of the totals.

""" + table(["memory", "times"] + [kernel.name for kernel in kernels],
            rows) + picture("create")


def create_cell(kernel, name, other):
    """The ratio of two sources, or why there is none."""
    for source in kernel.create.get("sources", ()):
        if source["name"] == name:
            ratio = source.get("ratios", {}).get(other)
            return spread(ratio) if ratio else source.get("error", "-")
    return "-"


def blob(kernels):
    """What a blob costs in the app's VMM and in QEMU."""
    steps = ("map", "touch", "unmap")
    rows = {}
    for kernel in kernels:
        for line in kernel.blob:
            row = rows.setdefault(("app, " + line["layout"], line["bytes"] >> 10,
                                   line["source"]), {})
            for step in steps:
                row[kernel.name, step] = (spread(line[step + "_ratio"])
                                          if line["source"] != "memfd"
                                          else f"{line[step + '_us']:.0f} us")
        for route, lines in kernel.routes.items():
            for line in lines:
                row = rows.setdefault((ROUTES[route], int(line["kib"]), line["source"]), {})
                row[kernel.name, line["step"]] = told(line)
    return rows and """## A virtio-gpu blob: map, touch, unmap

`mockgpu-vram-bench` in the app's own VMM (a memslot for each blob, or one arena), and
`crosvm-integration/run-qemu -r ROUTE bench` in QEMU with a guest's own driver. Ratios to a memfd of
the same size in the same place; with both devices in one guest (`-r both-gpus`), of the one to the
other with the same memory.

""" + table(["VMM", "KiB", "memory"] + [f"{kernel.name}: {step}" for kernel in kernels
                                        for step in steps],
            [[vmm, str(size), source] + [row.get((kernel.name, step), "-") for kernel in kernels
                                         for step in steps]
             for (vmm, size, source), row in rows.items()])


def picture(name):
    """The link to a plot."""
    return f"\n\n![{PLOTS[name][0]}](benchmark/{name}.svg)"


def plot_touch(kernels):
    """Series of (label, value, lowest, highest)."""
    return {kernel.name: [(point["source"], *bounds(point))
                          for point in kernel.points("touch", "touch") if "error" not in point]
            for kernel in kernels}


def plot_zap(kernels):
    """Refaults, by source and vCPUs."""
    return {kernel.name: [(f"{point['source']}, {point['vCPUs']}", *bounds(point))
                          for point in kernel.points("zap", "refault") if "error" not in point]
            for kernel in kernels}


def bounds(point):
    """A point's ratio, 1 for the base."""
    ratio = point.get("ratio", {"median": 1, "min": 1, "max": 1})
    return ratio["median"], ratio["min"], ratio["max"]


def plot_grow(kernels):
    """The time of map plus unmap of one more, by how many there are."""
    series = {}
    for kernel in kernels:
        unmaps = {(point["source"], point["buffers"]): point
                  for point in kernel.points("grow", "unmap") if "error" not in point}
        for point in kernel.points("grow", "map"):
            other = unmaps.get((point["source"], point["buffers"]))
            if other and "error" not in point:
                both = [point["us"][key] + other["us"][key] for key in ("median", "min", "max")]
                series.setdefault(f"{kernel.name}, {point['source']}", []).append(
                    (str(point["buffers"]), *both))
    return series


def plot_create(kernels):
    """Totals, in milliseconds."""
    return {kernel.name: [(source["name"], *(source["total_ms"][key]
                                             for key in ("median", "min", "max")))
                          for source in kernel.create.get("sources", ()) if "error" not in source]
            for kernel in kernels}


# Title, label of the axis, and what is on it.
PLOTS = {
    "touch": ("first touch, by kind of memory", "times memfd-huge", plot_touch),
    "zap": ("refault after a zap, by kind of memory and vCPUs", "times memfd", plot_zap),
    "grow": ("map and unmap of one more memslot, by number of buffers", "us", plot_grow),
    "create": ("create and touch, by kind of memory", "ms", plot_create),
}


def gnuplot(path, title, axis, series):
    """A script that plots series with their ranges, on a logarithmic axis."""
    labels = list(dict.fromkeys(label for points in series.values() for label, *_ in points))
    names = [name for name in series if series[name]]
    out = [f"set terminal svg size 900,460 background 'white'; set output '{path}.svg'",
           f"set title '{title}'; set ylabel '{axis}'; set logscale y; set grid y",
           "set key outside bottom center horizontal; set offsets 0.5,0.5,0,0",
           "set xtics rotate by -30 (" + ", ".join(f"'{label}' {place}" for place, label
                                                   in enumerate(labels)) + ")"]
    for number, name in enumerate(names):
        shift = (number - (len(names) - 1) / 2) * 0.12
        out.append(f"$data{number} << END")
        out += [f"{labels.index(label) + shift:.2f} {value:.6g} {low:.6g} {high:.6g}"
                for label, value, low, high in series[name]]
        out.append("END")
    out.append("plot " + ", ".join(
        f"$data{number} using 1:2:3:4 with yerrorbars pt {5 + 2 * number} title '{name}'"
        for number, name in enumerate(names)))
    return "\n".join(out) + "\n"


def main(folder):
    """Write all of it."""
    kernels = [Kernel(path) for path in sorted(
        entry.path for entry in os.scandir(folder) if os.path.exists(entry.path + "/environment"))]
    parts = [TITLE, INTRO, environments(kernels), goals(kernels), DISTORTS, touch(kernels),
             zap(kernels), grow(kernels), create(kernels), blob(kernels)]
    with open(folder + "/benchmark.md", "w", encoding="utf-8") as page:
        page.write("\n\n".join(part for part in parts if part) + "\n")
    for name, (title, axis, values) in PLOTS.items():
        series = values(kernels)
        if any(series.values()):
            path = f"{folder}/benchmark/{name}"
            with open(path + ".gp", "w", encoding="utf-8") as script:
                script.write(gnuplot(path, title, axis, series))


if __name__ == "__main__":
    main(sys.argv[1])
