# SPDX-License-Identifier: GPL-2.0-only
"""page_html: elements of HTML for page.py. What comes out is well-formed XML, too."""
import html
import re
from urllib.parse import quote

# Characters that neither HTML nor XML allows, and the colours of a terminal.
FORBIDDEN = re.compile("\x1b\\[[0-9;]*[A-Za-z]|[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
EMPTY = {"meta", "rect", "br"}

# A verdict's sign, so that colours are not all that tells them apart, and its words.
SIGNS = {"ok": "✓", "known": "◐", "not ok": "✗", "skip": "–"}
WORDS = {"ok": "ok", "known": "known refusal", "not ok": "not ok", "skip": "skipped"}


class Html(str):
    """Text that is HTML already."""


def escape(text):
    """The text as HTML."""
    return text if isinstance(text, Html) else Html(html.escape(FORBIDDEN.sub("", str(text))))


def join(parts):
    """Several elements or texts as one."""
    return Html("".join(escape(part) for part in parts))


def tag(name, /, *inside, **attributes):
    """An element. In names of attributes _ stands for -, class_ is class; None is left out."""
    words = "".join(f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
                    for key, value in attributes.items() if value is not None)
    if name in EMPTY:
        return Html(f"<{name}{words}/>")
    return Html(f"<{name}{words}>{join(inside)}</{name}>")


def link(path, text):
    """A link to a file beside the page."""
    return tag("a", text, href=quote(path))


def fold(summary, *inside, is_open=False, **attributes):
    """A part that opens when somebody clicks on its summary."""
    return tag("details", tag("summary", summary), *inside, open="open" if is_open else None,
               **attributes)


def word_of(verdict):
    """One word for a verdict, as classes of the style sheet have it."""
    return "known" if verdict == "reproduced" else verdict or "skip"


def badge(verdict, text=None):
    """A verdict as a coloured sign with words."""
    verdict = word_of(verdict)
    return tag("span", SIGNS[verdict], " ", WORDS[verdict] if text is None else text,
               class_="v " + verdict.replace(" ", ""))


def table(head, rows, **attributes):
    """A table that scrolls on its own where the screen is too narrow for it."""
    attributes.setdefault("class_", "scroll")
    top = [tag("thead", tag("tr", *(tag("th", cell, scope="col") for cell in head)))] if head else []
    return tag("div", tag("table", *top, tag("tbody", *rows)), tabindex="0", **attributes)


def row(name, *cells):
    """A row of a table, with its heading."""
    return tag("tr", tag("th", name, scope="row"), *(tag("td", cell) for cell in cells))


# What became of a page: struct judgement in test-app/lib/verdict/judge.h.
PAGE_WORDS = {"m": "mapped", "w": "mapped, wrong data", "r": "refused (EFAULT)",
              "e": "not emulated", "n": "no result"}


def runs_of(pages):
    """The runs of pages: "1m511r" is [(1, "m"), (511, "r")]; None if it is something else."""
    if not pages or not re.fullmatch("([0-9]+[mwren])+", pages):
        return None
    return [(int(count), letter) for count, letter in re.findall("([0-9]+)(.)", pages)]


def runs_text(runs):
    """The runs in words, the first ones only where there are many."""
    words, page = [], 0
    for count, letter in runs[:6]:
        last = f"–{page + count - 1}" if count > 1 else ""
        words.append(f"{page}{last} {PAGE_WORDS[letter]}")
        page += count
    if len(runs) > 6:
        words.append("and so on")
    return ", ".join(words)


# Mapped pages fill the strip, refused ones its lower half, pages without a result less of it.
PAGE_TOPS = {"m": 0, "w": 0, "r": 0.5, "e": 0.8, "n": 0.8}


def strip(runs, class_="strip"):
    """The pages of a buffer as a strip, the first one on the left."""
    total, page, parts = sum(count for count, _ in runs), 0, []
    for count, letter in runs:
        top = PAGE_TOPS[letter]
        parts.append((letter != "r", tag("rect", x=page, y=top, width=count,
                                         height=round(1 - top, 1), class_="p" + letter)))
        page += count
    # A single page among a thousand has an outline, which refused ones must not hide.
    parts = [part for _, part in sorted(parts, key=lambda part: part[0])]
    return tag("svg", *parts, class_=class_, viewBox=f"0 0 {total} 1",
               preserveAspectRatio="none", role="img", aria_label=runs_text(runs))


def document(title, style, *body):
    """A whole page that loads nothing."""
    head = tag("head", tag("meta", charset="utf-8"),
               tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
               tag("meta", name="color-scheme", content="light dark"),
               tag("title", title), tag("style", Html(style)))
    return "<!DOCTYPE html>\n" + tag("html", head, tag("body", *body), lang="en") + "\n"
