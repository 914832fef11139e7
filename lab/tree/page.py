# SPDX-License-Identifier: GPL-2.0-only
"""page.py RESULTS WORK: print the page of a run. lab/page says what is on it.

Reads from WORK, where lab/page has put them: matrix.json and table (see matrix.jq), records
(see records_of in lab/sh/verdicts.sh), changes.json (see compare.jq), if there is something to
compare with, and facts, lines of a name and a value with a tab between them. Each object of
matrix.json and records has its cell's folder below RESULTS. From RESULTS come the files that
the page links to: results, consoles, logs, and what a failed test printed.
"""
import json
import os
import re
import sys
from collections import Counter, defaultdict

from page_html import (PAGE_WORDS, badge, document, fold, join, link, row, runs_of,
                       runs_text, strip, table, tag, word_of)
import page_kernels

HERE = os.path.dirname(os.path.abspath(__file__))
# Lines of a program's output that the page shows of a failure, and failures of a program.
LINES, FAILURES = 30, 5


class Run:
    """All that is known of a run."""

    def __init__(self, results, work):
        self.results = results
        self.matrix = self.load(work + "/matrix.json")
        self.table = self.load(work + "/table")
        self.records = self.load(work + "/records")
        self.changes = self.load(work + "/changes.json")
        self.facts = dict(line.split("\t", 1) for line in self.lines(work + "/facts"))
        self.tests = [record for record in self.records if record["what"] == "test"]
        self.folders = sorted({record["folder"] for record in self.records} |
                              {entry["folder"] for entry in self.matrix if entry["folder"]},
                              key=version_key)
        differences = self.changes["differences"] if self.changes else ()
        self.changed = {change_key(change, change.get("series")): change for change in differences}

    @staticmethod
    def load(path):
        """A file of JSON, or None."""
        if not os.path.exists(path):
            return None
        with open(path, encoding="utf-8") as source:
            return json.load(source)

    @staticmethod
    def lines(path):
        """The lines of a file that may have any bytes, or of none."""
        if not os.path.isfile(path):
            return []
        with open(path, encoding="utf-8", errors="replace") as source:
            return source.read().split("\n")[:-1]

    def has(self, path):
        """Whether the results have that file, and something in it."""
        path = os.path.join(self.results, path)
        return os.path.isfile(path) and os.path.getsize(path) > 0

    def tap_of(self, record):
        """The path of the file that a result comes from."""
        return os.path.join(record["folder"], record["program"] + ".tap")

    def change_of(self, record):
        """What has changed about a result, or None. Of two kernels that are compared B has."""
        if record["folder"].startswith("A/"):
            return None
        return self.changed.get(change_key(record, record["series"])) or \
            self.changed.get(change_key(record, None))


def change_key(record, series):
    """What compare.jq tells results apart by; two kernels are compared without their series."""
    return tuple(record.get(key) for key in ("arch", "mmu", "program", "what", "test")) + (series,)


def version_key(name):
    """Sorts numbers in names by value: 6.12 after 6.1."""
    return [(part.isdigit(), int(part) if part.isdigit() else 0, part)
            for part in re.findall("[0-9]+|[^0-9]+", name)]


def count(records):
    """How many tests have each verdict."""
    return Counter(word_of(record["verdict"]) for record in records)


def numbers(counts):
    """The counts in words, as 'make test' ends."""
    text = f"{counts['ok'] + counts['known']} passed, {counts['not ok']} failed, {counts['skip']} skipped"
    return text + (f", {counts['known']} of the passed are known refusals" if counts["known"] else "")


def top(run):
    """What was run, when, and how it ended."""
    counts = count(run.tests)
    failed = counts["not ok"]
    return [
        tag("h1", "mockgpu: ", run.facts.get("title", "results")),
        tag("p", badge("not ok" if failed else "ok", numbers(counts))),
        tag("p", "To repeat it: ", tag("code", run.facts.get("command", "?")), class_="dim"),
        tag("p", "The same for programs: ", join_links(run, (
            "matrix.json", "matrix.txt", "matrix.svg", "records.json", "compare.json",
            "compare.txt", "compare.svg")), class_="dim"),
    ]


def join_links(run, names):
    """Links to those files that are there."""
    return join(part for name in names if run.has(name) for part in (link(name, name), " "))


def kernels(run):
    """A line for each kernel in a person's words."""
    lines = []
    for verdict, name, words in page_kernels.sentences(run):
        lines.append(tag("li", badge(verdict, name), " ", words))
    return [tag("h2", "Kernels"), tag("ul", *lines, class_="lines")]


CHANGES = {"worse": ("▼ worse", 0), "better": ("▲ better", 1), "other": ("◆ different", 2),
           "new": ("+ new", 3)}


def mark(change):
    """The sign of a change."""
    return tag("span", CHANGES[change["class"]][0], class_="change") if change else ""


def side(verdict):
    """One side of a change in words."""
    if verdict is None:
        return "none"
    pages = f"{verdict['mapped']}/{verdict['total']} " if verdict.get("total") else ""
    return badge(verdict["verdict"], pages + verdict["verdict"])


def changes(run):
    """What differs from the last run, or between two kernels."""
    if not run.changes:
        return []
    found = sorted(run.changes["differences"], key=lambda change: CHANGES[change["class"]][1])
    names = ", ".join(f"{run.changes[key]} {words}" for key, words in (
        ("worse", "worse"), ("better", "better"), ("other", "otherwise different"),
        ("new", "new"), ("same", "the same")))
    rows = [row(mark(change), change.get("series", ""), change["mmu"], change["program"],
                change["test"], side(change["a"]), side(change["b"]),
                (change["b"] or change["a"]).get("why", "")) for change in found]
    head = ("", "kernel", "mode", "program", "test", run.changes["a"]["name"],
            run.changes["b"]["name"], "why")
    return [tag("h2", run.facts.get("changes", "Changes"), id="changes"), tag("p", names),
            fold(f"{len(rows)} differences", table(head, rows), is_open=len(rows) <= 20)
            if rows else ""]


def said(run, path):
    """What a program printed before each failure."""
    before, found = [], []
    for line in run.lines(os.path.join(run.results, path)):
        before.append(line)
        if line.startswith("not ok"):
            found.append("\n".join(before[-LINES:]))
        if re.match("(not )?ok", line):
            before = []
    return found[:FAILURES]


def is_lost(record):
    """Whether a failure only says that a program gave no result."""
    return record["test"] == "all of it" and record.get("why")


def failures(run):
    """Each program that failed: why, what it printed, how to run it again."""
    groups, lost = defaultdict(list), defaultdict(list)
    for record in run.tests:
        if record["verdict"] == "not ok":
            groups[run.tap_of(record)].append(record)
    for path, failed in list(groups.items()):
        if all(map(is_lost, failed)):
            lost[failed[0]["folder"] or "the lab itself", failed[0]["why"]].append((path, failed[0]))
            del groups[path]
    parts = [failure(run, path, failed, len(groups) <= 3) for path, failed in groups.items()]
    for (folder, why), found in lost.items():
        names = join(part for path, record in found for part in (link(path, record["program"]), " "))
        logs = {path for _, record in found for path in logs_of(run, record["folder"], record["program"])}
        parts.append(tag("div", tag("h3", badge("not ok", f"{folder}: {why}")), tag("p", names),
                         tag("p", join_links(run, sorted(logs)), class_="dim")))
    return [tag("h2", "Failures", id="failures"), *parts] if parts else []


def failure(run, path, failed, is_open):
    """One program that failed."""
    names = tag("ul", *(tag("li", record["test"], ": " if record.get("why") else "",
                            record.get("why", ""), " ", mark(run.change_of(record)))
                        for record in failed))
    printed = join(tag("pre", text) for text in said(run, path))
    again = "\n".join(line.strip() for line in
                      run.lines(os.path.join(run.results, path[:-4] + ".again")))
    return tag("div", tag("h3", badge("not ok", path[:-4])), names,
               fold("what it printed", printed, is_open=is_open) if printed else "",
               tag("pre", again) if again else "", files_of(run, failed[0]))


def files_of(run, record):
    """Links to the files of a test: its results, and its cell's console and logs."""
    names = [run.tap_of(record), os.path.join(record["folder"], record["program"] + ".explain")]
    names += logs_of(run, record["folder"], record["program"])
    return tag("p", join_links(run, names), class_="dim")


def logs_of(run, folder, program=None):
    """The logs of the cells in a folder, or of the cell that ran the program."""
    found = []
    for name in sorted(os.listdir(os.path.join(run.results, folder)) if folder else ()):
        cell = os.path.join(folder, name)
        words = " ".join(run.lines(os.path.join(run.results, cell, "programs"))).split()
        if words and (program in (None, name) or program in words):
            found += [os.path.join(cell, log) for log in ("output", "console", "dmesg")]
    return [path for path in found if run.has(path)]


CONTROLS = ("compound-", "split-", "reserved-")
GROUPS = {"x86_64": "x86-64", "arm64": "arm64", "riscv64": "riscv64"}


def matrix(run):
    """Page kinds and kernels: the buffers like a GPU's first, the controls folded."""
    columns = run.table["columns"]
    rows = run.table["rows"]
    controls = [line for line in rows if line["name"].startswith(CONTROLS)]
    others = [line for line in rows if line not in controls]
    others.sort(key=lambda line: (not line["name"].startswith("ttm"),
                                  "noncompound" not in line["name"]))
    parts = [tag("h2", "What a guest can map, by page kind, kernel and mode of KVM", id="matrix"),
             legend()]
    if run.table["head"]:
        parts.append(tag("p", badge("not ok", run.table["head"])))
    parts.append(matrix_table(run, columns, others))
    if controls:
        words = f"{len(controls)} controls: buffers of the same layout with other pages"
        bad = any(cell.get("verdict") == "not ok" for line in controls for cell in line["cells"])
        parts.append(fold(words, matrix_table(run, columns, controls), is_open=bad))
    lines = tag("ul", *(tag("li", line) for line in run.table["lines"]), class_="lines")
    many = len(run.table["lines"])
    return parts + [fold(f"{many} remarks", lines) if many > 5 else lines]


def legend():
    """What the signs mean."""
    return tag("p", badge("ok"), " all pages mapped, data right in both directions ",
               badge("reproduced"), " exactly the pages refused that this kernel is known to refuse ",
               badge("not ok"), " anything else, or no result ", badge("skip"), " not run", class_="dim")


def matrix_table(run, columns, lines):
    """The table, with a heading over the columns of each machine."""
    machines = []
    for column in columns:
        name = page_kernels.machine_of(run, column)
        if machines and machines[-1][0] == name:
            machines[-1][1] += 1
        else:
            machines.append([name, 1])
    head = tag("thead",
               tag("tr", tag("td"), *(tag("th", name, colspan=width, class_="group", scope="colgroup")
                                      for name, width in machines)),
               tag("tr", tag("td"), *(tag("th", column["name"].removeprefix(column["arch"] + " "),
                                          scope="col") for column in columns)))
    body = [tag("tr", tag("th", line["name"], scope="row"),
                *(tag("td", matrix_cell(run, cell)) for cell in line["cells"])) for line in lines]
    return tag("div", tag("table", head, tag("tbody", *body), class_="matrix"), class_="scroll",
               tabindex="0")


def matrix_cell(run, cell):
    """One cell, with a sign if it was something else in the last run."""
    if cell.get("text", "-") == "-":
        return tag("span", "–", class_="dim")
    change = run.change_of({**cell, "what": "pages"}) if "test" in cell else None
    return join((badge(cell["verdict"], cell["text"]), " ", mark(change)))


def strips(run):
    """The pages of each buffer, by cell, program and buffer: of several cases the worst."""
    groups = defaultdict(list)
    for entry in run.matrix:
        if entry["folder"] and entry["total"]:
            groups[entry["folder"], entry["program"], page_kernels.buffer_of(entry["test"])].append(entry)
    by_folder = defaultdict(list)
    for (folder, program, name), entries in groups.items():
        worst = max(entries, key=page_kernels.severity)
        by_folder[folder].append((program, name, len(entries), worst))
    key = [tag("span", strip([(1, letter)], "strip key"), " ", words, " ")
           for letter, words in PAGE_WORDS.items()]
    parts = [tag("h2", "Page by page", id="pages"), tag("p", *key, class_="dim")]
    for folder in sorted(by_folder, key=version_key):
        rows = [strip_row(*found) for found in sorted(by_folder[folder], key=strip_order)]
        head = ("buffer", "its pages, from the first to the last", "why", "program")
        parts.append(fold(folder, table(head, rows, class_="scroll wide"), explained(run, folder)))
    return parts if by_folder else []


def explained(run, folder):
    """Why a guest cannot access the first page that failed."""
    path = os.path.join(folder, "mockgpu-probe.explain")
    if not run.has(path):
        return ""
    return fold("the first page that failed, explained",
                tag("pre", "\n".join(run.lines(os.path.join(run.results, path)))),
                tag("p", link(path, path), class_="dim"))


def strip_order(found):
    """The worst first, then the buffers like a GPU's."""
    program, name, _, worst = found
    return (worst["verdict"] != "not ok", name.startswith(CONTROLS), not name.startswith("ttm"),
            program, version_key(name))


def strip_row(program, name, cases, worst):
    """One buffer."""
    runs = runs_of(worst.get("pages"))
    pages = join((strip(runs), runs_text(runs))) if runs else \
        tag("span", f"{worst['mapped']} of {worst['total']} pages mapped", class_="dim")
    words = f"{worst['mapped']}/{worst['total']} {worst['verdict']}"
    several = f", {cases} cases, the worst" if cases > 1 else ""
    return row(join((name, several)), pages,
               join((badge(worst["verdict"], words), " ", worst.get("why") or worst.get("text", ""))),
               program)


SECONDS = re.compile("# ([^ ]+) ended with [0-9]+ after ([0-9]+) s$")


def seconds_of(run, path):
    """How long a program ran, or None."""
    for line in reversed(run.lines(os.path.join(run.results, path))):
        found = SECONDS.match(line)
        if found:
            return int(found[2])
    return None


def programs(run):
    """What ran in each cell, how it ended and how long it took, with the files."""
    by_path = defaultdict(list)
    for record in run.tests:
        by_path[record["folder"], record["program"]].append(record)
    by_folder, took = defaultdict(list), []
    for (folder, program), records in sorted(by_path.items()):
        counts, path = count(records), run.tap_of(records[0])
        seconds = seconds_of(run, path)
        if seconds:
            took.append((seconds, path))
        worst = "not ok" if counts["not ok"] else "skip" if counts["skip"] == len(records) else "ok"
        shown = "?" if seconds is None else f"{seconds} s"
        by_folder[folder].append(row(link(path, program), badge(worst, numbers(counts)), shown))
    parts = [tag("h2", "Programs, times and files", id="programs")]
    longest = ", ".join(f"{path[:-4]} {seconds} s" for seconds, path in sorted(took, reverse=True)[:10])
    parts.append(tag("p", "Longest: ", longest, class_="dim"))
    for folder in sorted(by_folder, key=version_key):
        release = " ".join(run.lines(os.path.join(run.results, folder, "release"))) if folder else ""
        logs = join_links(run, logs_of(run, folder))
        parts.append(fold(join((folder or "the lab itself", " ", release)),
                          table(("program", "results", "time"), by_folder[folder]),
                          tag("p", logs, class_="dim") if folder else ""))
    return parts


def skips(run):
    """The skips by reason."""
    groups = defaultdict(list)
    for record in run.tests:
        if record["verdict"] == "skip":
            groups[record.get("why") or "no reason"].append(record)
    rows = [row(str(len(found)), why, ", ".join(sorted({record["program"] for record in found})))
            for why, found in sorted(groups.items(), key=lambda item: -len(item[1]))]
    return [tag("h2", "Skipped, by reason", id="skips"),
            fold(f"{len(rows)} reasons", table(("tests", "reason", "programs"), rows))] if rows else []


def versions(run):
    """The versions of everything."""
    rows = [row(name, value) for name, value in run.facts.items()
            if name not in ("title", "command", "changes")]
    rows += [row(f"kernel of {folder}", release) for folder in run.folders if folder
             for release in run.lines(os.path.join(run.results, folder, "release"))]
    return [tag("h2", "Versions", id="versions"), table((), rows)]


def main(results, work):
    """Print the page."""
    run = Run(results, work)
    with open(HERE + "/page.css", encoding="utf-8") as source:
        style = source.read()
    parts = []
    for part in (top, kernels, changes, failures, matrix, strips, programs, skips, versions):
        parts += part(run)
    sys.stdout.reconfigure(encoding="utf-8")
    print(document("mockgpu: " + run.facts.get("title", "results"), style, tag("main", *parts)), end="")


if __name__ == "__main__":
    main(*sys.argv[1:])
