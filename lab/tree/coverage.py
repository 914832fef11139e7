#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""coverage.py OUT PAGE: make OUT/coverage.md of gcovr's OUT/PART/coverage.json, for lab/coverage.

Keeps the section of PAGE that people have written. Prints the functions that nothing has called and
that this section does not name.
"""
import json
import os
import sys

PARTS = {"driver": "The driver", "app": "The virtio-gpu device model"}
WRITTEN = "## What is not reached, and why"


class File:
    """What of one file of source was run."""

    def __init__(self, found):
        lines = found["lines"]
        branches = [branch for line in lines for branch in line["branches"]]
        self.name = found["file"]
        self.lines = [sum(line["count"] > 0 for line in lines), len(lines)]
        self.branches = [sum(branch["count"] > 0 for branch in branches), len(branches)]
        self.called = {}
        for function in found["functions"]:
            # What gcc has made of a part of a function, or of one for a constant argument.
            name = function["name"].split(".")[0]
            self.called[name] = self.called.get(name, 0) + function["execution_count"]
        self.silent = sorted(name for name, count in self.called.items() if not count)

    def row(self):
        functions = [len(self.called) - len(self.silent), len(self.called)]
        return [self.lines, self.branches, functions]


def files_of(out, part):
    """Return the files of a part that have code."""
    path = os.path.join(out, part, "coverage.json")
    found = [File(each) for each in json.load(open(path))["files"]]
    return sorted((each for each in found if each.lines[1]), key=lambda each: each.name)


def cell(pair):
    done, all_of_it = pair
    return f"{100 * done / all_of_it:.1f} % ({done} of {all_of_it})" if all_of_it else ""


def table(files):
    """Yield the lines of a table of files."""
    yield "| file | lines | branches | functions |"
    yield "|---|---|---|---|"
    rows = [each.row() for each in files]
    for each, row in zip(files, rows):
        yield f"| `{each.name}` | " + " | ".join(map(cell, row)) + " |"
    sums = [[sum(row[n][m] for row in rows) for m in (0, 1)] for n in range(3)]
    yield "| **all** | " + " | ".join(map(cell, sums)) + " |"


def section(out, part):
    """Yield the lines about a part, and the files in it."""
    files = files_of(out, part)
    _, release, seconds, programs, date = open(os.path.join(out, part, "about")).read().split()
    yield f"## {PARTS[part]}"
    yield ""
    yield f"{date}, {release}, {programs} programs in {int(seconds) // 60} minutes."
    yield ""
    yield from table(files)
    yield ""
    silent = [(each.name, name) for each in files for name in each.silent]
    yield f"Functions that nothing has called: {len(silent)}."
    yield ""
    for name in sorted({file for file, _ in silent}):
        yield f"* `{name}`: " + ", ".join(f"`{function}()`" for file, function in silent if file == name)
    if silent:
        yield ""


def written(page):
    """Return what people have written in the page."""
    text = open(page).read() if os.path.exists(page) else ""
    return text[text.index(WRITTEN):] if WRITTEN in text else WRITTEN + "\n"


def main():
    out, page = sys.argv[1:]
    kept = written(page)
    lines = ["# What of the code the suite runs", "",
             "`lab/coverage --publish` has made the tables: gcov's counters, counted by gcovr. A branch is one of",
             "gcc's: a condition has two, and each call of a checked accessor or a lock may have some that no",
             "source shows.", ""]
    for part in PARTS:
        if os.path.exists(os.path.join(out, part, "coverage.json")):
            lines += section(out, part)
            for each in files_of(out, part):
                for name in each.silent:
                    if f"`{name}()`" not in kept:
                        print(f"{each.name}: {name}()")
    with open(os.path.join(out, "coverage.md"), "w") as file:
        file.write("\n".join(lines) + "\n" + kept)


main()
