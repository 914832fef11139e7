#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""commands.py PAGE...: check that the commands in the pages of documentation can be given.

A command is an indented line that begins with a script of lab or crosvm-integration, with make or
with a built program, after sudo and variables. Prints a line for each whose script, target, option,
program, row of lab/plan or test does not exist. Runs none of them: run from the top of the sources.
"""
import glob
import os
import re
import shlex
import sys

START = re.compile(r"^ {4}((?:sudo )?(?:[A-Z_]+=\S+ )*(?:lab/|make\b|crosvm-integration/|build/host/).*)$")
# Words that cell commands may begin with and that are not ours.
FOREIGN = {"sh", "bash", "env"}


def read(*patterns):
    return "\n".join(open(name, errors="replace").read()
                     for pattern in patterns for name in sorted(glob.glob(pattern, recursive=True))
                     if os.path.isfile(name))


TESTS = read("test-app/tests/**/*.[ch]", "crosvm-integration/**/*.[ch]")
PLAN = {line.split()[0] for line in read("lab/plan").splitlines() if line and line[0] != "#"}
MAKEFILE = read("Makefile")


def header(script):
    """Return a script's help, which is its first comment, with what its folder shares."""
    whole = read(script)
    lines = whole.split("\n")[1:]
    end = next((n for n, line in enumerate(lines) if not line.startswith("#")), len(lines))
    text = "\n".join(lines[:end])
    if os.path.dirname(script) == "crosvm-integration":
        text += read("crosvm-integration/run") + read("crosvm-integration/vmm/*.sh")
    return text + read("lab/sh/options.sh") if "options.sh" in whole else text


def wrong_options(words, text):
    """Yield the options among the words that a help text does not name."""
    for word in words:
        option = re.match(r"(--[a-z][a-z-]*|-[a-zA-Z])(=|$)", word)
        if option and not re.search(r"(?<![\w-])" + re.escape(option[1]) + r"(?![\w-])", text):
            yield f"no option {option[1]}"


def wrong_tool(name, words):
    """Yield what a program of ours does not know: argp's options, or the harness's tests."""
    source = read(f"test-app/tools/{name.removeprefix('mockgpu-')}/*.c")
    for before, word in zip([""] + words, words):
        if source:
            long = re.match(r"--([a-z-]+)", word)
            short = re.match(r"-([a-zA-Z])$", word)
            if long and f'"{long[1]}"' not in source or short and f"'{short[1]}'" not in source:
                yield f"{name} has no option {word}"
        elif before in ("-r", "-t", "-f", "-v"):
            for part in word.split("."):
                if not re.search(rf"\b{part}\b", TESTS) and part != "global":
                    yield f"no test, fixture or variant {part}"


def wrong_program(words):
    """Yield what is wrong with a cell's command."""
    while words and (words[0] == "env" or re.match(r"[A-Z_]+=", words[0])):
        words = words[1:]
    if not words or words[0] in FOREIGN or words[0].startswith("/"):
        return
    if "/" in words[0]:
        yield from wrong_script(words)
    elif words[0] not in PLAN:
        yield f"no program {words[0]}"
    else:
        yield from wrong_tool(words[0], words[1:])


def wrong_script(words):
    """Yield what is wrong with the call of a script."""
    script, rest = words[0], words[1:]
    if not os.access(script, os.X_OK):
        yield f"no script {script}"
        return
    own = rest[:rest.index("--")] if "--" in rest else rest
    yield from wrong_options(own, header(script))
    yield from wrong_program(rest[len(own) + 1:])


def wrong_make(words):
    """Yield what is wrong with a call of make, unless it is for other sources."""
    if "-C" in words or any("/" in word and "=" not in word for word in words):
        return
    for word in words:
        name, _, value = word.partition("=")
        if value or word.endswith("="):
            if not re.search(rf"\b{name}\b", MAKEFILE + read("lab/host", "test-app/Makefile")):
                yield f"make knows no {name}="
        elif not re.search(rf"^[\w -]*\b{re.escape(word)}\b[\w -]*:", MAKEFILE, re.M):
            yield f"make has no target {word}"


def wrong_command(words):
    """Yield what is wrong with one command."""
    while words and (words[0] == "sudo" or re.match(r"[A-Z_]+=", words[0])):
        words = words[1:]
    if not words:
        return
    if words[0] == "make":
        yield from wrong_make(words[1:])
    elif words[0].startswith("build/host/test-app/"):
        yield from wrong_program([os.path.basename(words[0])] + words[1:])
    elif words[0].startswith(("lab/", "crosvm-integration/")):
        yield from wrong_script(words)


def commands(line):
    """Split a line at ; and && and return a list of words for each."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|<>")
    lexer.whitespace_split = True
    parts = [[]]
    for word in lexer:
        if word in (";", "&&"):
            parts.append([])
        else:
            parts[-1].append(word)
    return parts


def main():
    checked = 0
    for page in sys.argv[1:]:
        for number, line in enumerate(open(page), 1):
            found = START.match(line.rstrip("\n"))
            if not found:
                continue
            for words in commands(found[1]):
                checked += 1
                for reason in wrong_command(words):
                    print(f"{page}:{number}: {reason}")
    if not checked:
        print("commands.py: found no command in the pages")


main()
