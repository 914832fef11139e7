# SPDX-License-Identifier: GPL-2.0-only
"""page_kernels: what the pages of a run say about each kernel, in a person's words."""
import functools
import json
import os
import re
from collections import defaultdict

SEVERITY = {"skip": 0, "ok": 1, "reproduced": 2, "not ok": 3}
VENDORS = {"amd": "AMD", "intel": "Intel", "arm": "arm64", "riscv": "riscv64"}
MODES = {"tdp": "", "legacy": "legacy MMU", "shadow": "shadow paging", "ept": "", "vhe": "",
         "nvhe": "nVHE", "pkvm": "pKVM", "gstage": "", "sv57": "", "sv39": ""}


def severity(entry):
    """Sorts results: the worst is the highest."""
    share = entry["mapped"] / entry["total"] if entry["total"] else 0
    return (SEVERITY.get(entry["verdict"], 3), -share)


def buffer_of(test):
    """The buffer of a case, as in matrix.jq: noncompound-o9-read-tails is noncompound-o9."""
    return re.sub("-(read|write|gem|dmabuf)-.*$", "", test)


def is_like_a_gpu(entry):
    """Whether a buffer's pages are made the way amdgpu's are."""
    return bool(re.match("(node-)?(ttm|noncompound)", entry["test"]))


@functools.cache
def vendor_of(run, folder):
    """Whose virtualisation a cell's KVM uses, as the probe or the kernel's log says, or None."""
    path = os.path.join(run.results, folder, "mockgpu-probe.json")
    try:
        with open(path, encoding="utf-8") as source:
            return VENDORS.get(json.load(source).get("kvm"))
    except (OSError, ValueError, AttributeError):
        pass
    for path in sorted(os.listdir(os.path.join(run.results, folder)) if folder else ()):
        for line in run.lines(os.path.join(run.results, folder, path, "dmesg")):
            found = re.search(r"CPU0: (AMD|Intel)", line)
            if found:
                return found[1]
    return None


def machine_of(run, column):
    """The machine of a column of the matrix: its architecture, and its CPU where that is known."""
    if column["arch"] != "x86_64":
        return column["arch"]
    vendor = vendor_of(run, column["folder"]) if column.get("folder") else None
    return "x86-64" + (f", {vendor}" if vendor else "")


def known_say(known):
    """The words on refusals that are known of a kernel."""
    # The buffer of TTM's own pool is the one that is like amdgpu's; else the worst.
    worst = max(known, key=lambda entry: (entry["test"].startswith("ttm"),
                                          is_like_a_gpu(entry), severity(entry)))
    if not is_like_a_gpu(worst):
        return f"KVM refuses pages of {buffer_of(worst['test'])}"
    return ("a guest that touches an amdgpu-like buffer dies: KVM refuses "
            f"{worst['total'] - worst['mapped']} of {worst['total']} pages")


def bad_say(bad):
    """The words on buffers that are not as expected."""
    worst = max(bad, key=severity)
    why = worst.get("why") or worst.get("text")
    return (f"not as expected: {buffer_of(worst['test'])}, {worst['mapped']} of "
            f"{worst['total']} pages mapped" + (f": {why}" if why else ""))


def pages_say(entries):
    """The verdict and the words on a kernel's buffers in some modes."""
    found = defaultdict(list)
    for entry in entries:
        found[entry["verdict"] if entry["total"] else "skip" if entry["verdict"] == "skip" else
              "lost"].append(entry)
    lost = found["lost"]
    if found["not ok"]:
        verdict, words = "not ok", bad_say(found["not ok"])
    elif found["reproduced"]:
        verdict, words = "reproduced", known_say(found["reproduced"])
    elif any(map(is_like_a_gpu, found["ok"])):
        verdict, words = "ok", "a guest can use every page of an amdgpu-like buffer"
    elif found["ok"]:
        verdict, words = "ok", "a guest can use every page that was tried"
    elif lost:
        return "not ok", f"no result: {lost[0]['why']}"
    else:
        why = next((entry["why"] for entry in entries if entry.get("why")), None)
        return "skip", why or "no buffer was tried"
    if not lost:
        return verdict, words
    names = ", ".join(sorted({entry["program"] for entry in lost}))
    return "not ok", f"{words}; without a result ({lost[0]['why']}): {names}"


def modes_say(entries):
    """The verdict and the words on a kernel: the modes that do the same share them."""
    by_mode = defaultdict(list)
    for entry in entries:
        by_mode[entry["mmu"]].append(entry)
    words = defaultdict(list)
    for mode, found in by_mode.items():
        words[pages_say(found)].append(mode)
    verdict = max((said[0] for said in words), key=SEVERITY.get)
    if len(words) == 1:
        return verdict, next(iter(words))[1]
    return verdict, "; ".join(f"{said[1]} ({', '.join(MODES.get(mode) or mode for mode in modes)})"
                              for said, modes in words.items())


def tests_say(tests):
    """How many tests of a kernel failed beside its pages."""
    failed = sum(test["verdict"] == "not ok" for test in tests)
    return f"{failed} of {len(tests)} tests failed" if failed else f"all {len(tests)} tests as expected"


def sentences(run):
    """For each kernel the verdict, its name and what it does."""
    by_kernel, tests = defaultdict(list), defaultdict(list)
    for entry in run.matrix:
        by_kernel[entry["arch"], entry["series"]].append(entry)
    for test in run.tests:
        if test["folder"]:
            tests[test["arch"], test["series"]].append(test)
    for key in set(tests) - set(by_kernel):
        by_kernel[key] = []
    for (arch, series), entries in by_kernel.items():
        found = tests[arch, series]
        verdict, words = modes_say(entries) if entries else ("skip", "no buffer was tried")
        if any(test["verdict"] == "not ok" for test in found):
            verdict = "not ok"
        folders = sorted({entry["folder"] for entry in entries + found if entry["folder"]})
        vendors = {vendor_of(run, folder) for folder in folders} - {None}
        cpu = arch if arch != "x86_64" else "x86-64"
        name = f"{release_of(entries, series)} on {', '.join(sorted(vendors)) or cpu}"
        yield verdict, name, words + (f"; {tests_say(found)}" if found else "")


def release_of(entries, series):
    """The release of a kernel without what Debian adds to it, or its series."""
    names = [entry["release"] for entry in entries
             if entry["release"] not in ("none", "unknown", "")]
    side = series.split(" ")[0] + " " if " " in series else ""
    return side + re.sub(r"\+?(deb|-amd64|-arm64|-riscv64).*", "", names[0]) if names else series
