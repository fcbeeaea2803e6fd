"""Which machine a figure was measured on."""

import os
import platform
from pathlib import Path


def this_machine() -> str:
    """Describe this machine as facts do: cores, processor and system."""
    return f"{os.cpu_count()} cores, {processor()}, {platform.system()} {platform.machine()}"


def processor() -> str:
    """Return the name of the processor; where the system does not give it, its architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
