#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""docs_commands.py TABLE PAGE...: list the commands in the pages of documentation.

A command is a line of an indented block, or `lab/run ... -- ...` in a sentence. A line that ends
in a backslash goes on in the next one. Prints for each command, once, a line of fields with tabs
between them: HOW, PAGE:LINE of all places, COMMAND, REASON. HOW is "run", or what a row of TABLE
(lab/commands) says. Of lines that are run as one script COMMAND has all, with "; ".

Prints "wrong", a place and a reason instead for a line that is no command of ours and in no row,
and for a row that is about no line. Run from the top of the sources.
"""
import fnmatch
import re
import sys

# What is run as it stands if no row says otherwise.
OURS = re.compile(r"(sudo )?([A-Z_]+=\S+ )*(lab/|make\b|crosvm-integration/|build/host/)")
INLINE = re.compile(r"`(lab/run [^`]* -- [^`]+)`")
# The output that pages show of our programs.
OUTPUT = re.compile(r"# |ok \d|not ok \d")
HOWS = re.compile(r"(output|no|run|root=[\w.]+|block=[\w.]+)(,(ends=\d+|within=\d+|says=\S+))*$")


def rows_of(table):
    """Yield (HOW, PATTERN, REASON, place) for each row of the table."""
    for number, line in enumerate(open(table), 1):
        line = line.rstrip("\n")
        if not line or line.startswith("#"):
            continue
        how, _, rest = line.partition(" ")
        pattern, _, reason = rest.strip().partition(" # ")
        place = f"{table}:{number}"
        if not HOWS.match(how):
            print(f"wrong\t{place}\tno such HOW: {how}")
        elif how != "output" and not reason:
            print(f"wrong\t{place}\ta row without a reason")
        else:
            yield how, pattern.strip(), reason, place


def plain(line):
    """Return a line of a block without its indentation, its comment and a shell's prompt."""
    return re.sub(r"\s+# .*$", "", line.strip()).removeprefix("$ ")


def blocks_of(page):
    """Yield the indented blocks of a page: lists of (number, line), continued lines joined."""
    block, before = [], ""
    for number, line in enumerate(open(page), 1):
        line = line.rstrip("\n")
        if line.startswith("```"):
            print(f"wrong\t{page}:{number}\tindent a block by four blanks, so that it is found")
        if line.startswith("    ") and (block or not before):
            if block and block[-1][1].endswith("\\"):
                block[-1] = (block[-1][0], block[-1][1][:-1] + plain(line))
            else:
                block.append((number, plain(line)))
        elif block:
            yield block
            block = []
        before = line
    if block:
        yield block


def script(lines):
    """Return the lines of a shell script as one."""
    return "; ".join(lines).replace("&; ", "& ")


class Listing:
    """The commands so far, and which rows were of use."""

    def __init__(self, table):
        self.rows = list(rows_of(table))
        self.used = set()
        self.places = {}

    def row(self, line):
        """Return the HOW and the reason of the first row about a line, or of none."""
        for how, pattern, reason, place in self.rows:
            if fnmatch.fnmatchcase(line, pattern):
                self.used.add(place)
                return how, reason
        return ("run" if OURS.match(line) else ""), ""

    def add(self, how, place, command):
        self.places.setdefault((*how, command), []).append(place)

    def add_line(self, place, line):
        how = self.row(line)
        if how[0]:
            self.add(how, place, line)
        elif not OUTPUT.match(line):
            print(f"wrong\t{place}\tneither a command of ours nor in lab/commands: {line}")

    def add_block(self, page, block):
        """Add the lines of a block, from one on that a row calls so as one script or output."""
        for at, (number, line) in enumerate(block):
            how = self.row(line)
            if how[0] == "output" and at == 0 or how[0].startswith("block="):
                self.add(how, f"{page}:{number}", script(text for _, text in block[at:]))
                return
            self.add_line(f"{page}:{number}", line)

    def add_page(self, page):
        for block in blocks_of(page):
            self.add_block(page, block)
        for number, line in enumerate(open(page), 1):
            if not line.startswith("    "):
                for command in INLINE.findall(line):
                    self.add_line(f"{page}:{number}", command)

    def show(self):
        for (how, reason, command), places in self.places.items():
            print("\t".join((how, ",".join(places), command, reason)))
        for _, pattern, _, place in self.rows:
            if place not in self.used:
                print(f"wrong\t{place}\ta row about no line: {pattern}")


def main():
    listing = Listing(sys.argv[1])
    for page in sys.argv[2:]:
        listing.add_page(page)
    listing.show()


main()
