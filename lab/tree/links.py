#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""links.py FILE...: print each link of these pages to a file or a heading that is not there.

Looks at links to files of this repository, with or without a heading, not at those to other
machines. GitHub's rule makes the name of a heading: lower case, blanks become hyphens, and
what is neither letter, digit, hyphen nor underscore goes.

Exit status: 0.
"""
import pathlib
import re
import sys

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def prose(text):
    """The lines outside of code: neither indented by four, nor between fences, nor in `...`."""
    fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            fenced = not fenced
        elif not fenced and not line.startswith("    "):
            yield number, re.sub(r"`[^`]*`", "", line)


def headings(path):
    """The names of a page's headings."""
    names = set()
    for _, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
        if line.startswith("#"):
            title = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", line.lstrip("#").strip())
            names.add(re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-"))
    return names


def wrong(page, target):
    """Why a link of a page leads nowhere, or None."""
    file, _, heading = target.partition("#")
    path = page.parent / file if file else page
    if not path.exists():
        return f"no file {file}"
    if heading and path.suffix == ".md" and heading not in headings(path):
        return f"no heading {heading} in {path.name}"
    return None


for name in sys.argv[1:]:
    page = pathlib.Path(name)
    for number, line in prose(page.read_text(encoding="utf-8")):
        for target in LINK.findall(line):
            why = None if re.match(r"[a-z]+:", target) else wrong(page, target)
            if why:
                print(f"{name}:{number}: {why}")
