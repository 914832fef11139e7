#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""syzlang.py DESCRIPTION HEADER...: compare a syzkaller description with the headers.

Prints a line per ioctl, structure, member or enumerator of the headers that the description lacks,
has in another order, with another size or another direction. Knows no more of syzlang and C than
these files use.
"""
import re
import sys

# Enumerators that the description leaves out, see its first comment.
LEFT_OUT = {"MOCKGPU_INJECT_WARN", "MOCKGPU_VRAM_NONE", "MOCKGPU_VRAM_RAM", "MOCKGPU_VRAM_BAR",
            "MOCKGPU_VRAM_CUTOFF", "MOCKGPU_BAR_PAGES_NONE", "MOCKGPU_BAR_PAGES_GENERIC",
            "MOCKGPU_BAR_PAGES_P2PDMA", "MOCKGPU_BAR_PAGES_COHERENT",
            "MOCKGPU_VRAM_RANGE", "MOCKGPU_VRAM_BUDDY"}
# How the kernel's directions are called there.
DIRECTION = {"IOWR": "inout", "IOW": "in", "IOR": "out"}


def without_comments(text):
    return re.sub(r"/\*.*?\*/", "", text, flags=re.S)


def read_headers(names):
    """Return the structures, {name: [(member, bytes)]}, the ioctls, {name: (direction, structure)},
    and the enumerators."""
    text = without_comments("".join(open(name).read() for name in names)).replace("\\\n", " ")
    size = {"__u32": 4, "__u64": 8}
    structs = {}
    for name, body in re.findall(r"^struct (\w+) \{(.*?)^\};", text, re.S | re.M):
        members = []
        for kind, member, count in re.findall(r"(\w[\w ]*?)\s+(\w+)(?:\[(\d+)\])?;", body):
            one = size.get(kind) or sum(s for _, s in structs[kind.removeprefix("struct ")])
            members.append((member, one * int(count or 1)))
        structs[name] = members
    ioctls = {name: (DIRECTION[way], struct) for name, way, struct in
              re.findall(r"#define (DRM_IOCTL_\w+)\s+DRM_(IO\w+)\(.*?, struct (\w+)\)", text)}
    enums = {word for body in re.findall(r"^enum \w+ \{(.*?)\}", text, re.S | re.M)
             for word in re.findall(r"^\s*(\w+) =", body, re.M)}
    return structs, ioctls, enums


def size_of(kind, resources, structs):
    """Return the bytes of a member of that type, or None."""
    array = re.fullmatch(r"array\[(.*), (\d+)\]", kind)
    if array:
        return size_of(array[1], resources, structs) * int(array[2])
    if kind in structs:
        return sum(size_of(one, resources, structs) for _, one in structs[kind])
    if kind.startswith(("ptr64[", "vma64")):
        return 8
    while kind in resources:
        kind = resources[kind]
    width = re.search(r"\bint(\d+)\b", kind)
    if width:
        return int(width[1]) // 8
    return {"fd": 4, "drm_gem_handle": 4, "drm_syncobj": 4}.get(kind)


def read_description(name):
    """Return its structures, {name: [(member, bytes)]}, its ioctls, {name: (direction, structure)},
    and all of its words."""
    text = re.sub(r"^#.*", "", open(name).read(), flags=re.M)
    resources = dict(re.findall(r"^resource (\w+)\[(\w+)\]", text, re.M))
    kinds = {}
    for struct, body in re.findall(r"^(\w+) \{(.*?)^\}", text, re.S | re.M):
        kinds[struct] = [(member, kind.strip()) for member, kind in
                         re.findall(r"^\t(\w+)\s+(.*?)(?:\t\(\w+\))?$", body, re.M)]
    structs = {struct: [(member, size_of(kind, resources, kinds)) for member, kind in members]
               for struct, members in kinds.items()}
    ioctls = {cmd: (way, struct) for cmd, way, struct in
              re.findall(r"cmd const\[(\w+)\], arg ptr\[(\w+), (\w+)\]\)", text)}
    return structs, ioctls, set(re.findall(r"\w+", text))


def findings(description, headers):
    structs, ioctls, enums = read_headers(headers)
    if not structs or not ioctls or not enums:
        yield "found nothing in " + " ".join(headers)
    known_structs, known_ioctls, words = read_description(description)
    for name, call in ioctls.items():
        if known_ioctls.get(name) != call:
            yield f"{name}: {known_ioctls.get(name)} instead of {call}"
    for name, members in structs.items():
        if known_structs.get(name) != members:
            yield f"struct {name}: {known_structs.get(name)} instead of {members}"
    for name in sorted(enums - LEFT_OUT - words):
        yield f"lacks {name}"
    for name in sorted(known_ioctls):
        if name.startswith("DRM_IOCTL_MOCKGPU_") and name not in ioctls:
            yield f"{name} is not in the headers"


def main():
    if len(sys.argv) < 3:
        sys.exit("syzlang.py: use syzlang.py DESCRIPTION HEADER...")
    for line in findings(sys.argv[1], sys.argv[2:]):
        print(f"{sys.argv[1]}: {line}")


main()
