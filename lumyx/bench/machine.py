"""What kind of machine this is."""

import os
import platform
import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Machine:
    """The processor, its cores that may be used, the memory and the system."""

    processor: str
    cores: int
    memory_bytes: int
    system: str

    def __str__(self) -> str:
        return (
            f"{self.processor}, {self.cores} core{'' if self.cores == 1 else 's'}, "
            f"{self.memory_bytes / 2**30:.0f} GB of memory, {self.system}"
        )


def read() -> Machine:
    """Return this machine's kind."""
    cpu = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return Machine(
        processor=cpu[1].strip() if cpu else platform.machine(),
        cores=len(os.sched_getaffinity(0)),
        memory_bytes=memory,
        system=f"{platform.system()} {platform.release().split('-')[0]}, "
        f"Python {platform.python_version()}",
    )


def load_average() -> float:
    """Return how many processes wanted to run, over the last minute."""
    return os.getloadavg()[0]
