"""What process trees cost, as Linux accounts for it in /proc."""

import os
from pathlib import Path

PROC = Path("/proc")


def cpu_seconds(root: int) -> float:
    """Return the CPU time that a process and everything it ever started have used.

    Children that ended are counted with the parent that waited for them.
    """
    ticks = 0
    for pid in _tree(root):
        fields = _stat(pid)
        if fields:
            # utime, stime, cutime, cstime: fields 14 to 17 of proc(5).
            ticks += sum(int(field) for field in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def memory_bytes(root: int) -> int:
    """Return the resident memory of a process and its descendants."""
    pages = 0
    for pid in _tree(root):
        try:
            pages += int((PROC / str(pid) / "statm").read_text().split()[1])
        except OSError:
            continue
    return pages * os.sysconf("SC_PAGE_SIZE")


def _tree(root: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            fields = _stat(int(entry.name))
            if fields:
                children.setdefault(int(fields[1]), []).append(int(entry.name))
    tree = [root]
    for pid in tree:
        tree += children.get(pid, [])
    return tree


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/pid/stat after the name, which may hold spaces."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
