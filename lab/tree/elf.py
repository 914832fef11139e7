# SPDX-License-Identifier: GPL-2.0-only
"""Reads a kernel's ELF file: its segments, and where the PVH boot protocol enters it
(Documentation of Xen, misc/pvh.pandoc)."""
import struct

PT_LOAD = 1
PT_NOTE = 4
XEN_ELFNOTE_PHYS32_ENTRY = 18


def segments(elf, wanted):
    """Yield (offset, physical address, size in the file) of the segments of a type."""
    table, = struct.unpack_from("<Q", elf, 32)
    entry_size, entries = struct.unpack_from("<HH", elf, 54)
    for number in range(entries):
        kind, _, offset, _, address, size = struct.unpack_from("<IIQQQQ", elf, table + number * entry_size)
        if kind == wanted:
            yield offset, address, size


def pvh_entry(elf):
    """The physical address of the PVH entry, or None."""
    for offset, _, size in segments(elf, PT_NOTE):
        end = offset + size
        while offset + 12 <= end:
            name, desc, note = struct.unpack_from("<III", elf, offset)
            text = offset + 12
            value = text + (name + 3 & ~3)
            if note == XEN_ELFNOTE_PHYS32_ENTRY and elf[text:text + 3] == b"Xen":
                return int.from_bytes(elf[value:value + min(desc, 8)], "little")
            offset = value + (desc + 3 & ~3)
    return None
