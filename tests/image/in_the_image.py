"""Writes which lines of a lock are installed into the image, for what makes an SBOM of them (make sbom).

A lock is for every system, and says by markers what only Windows needs; an SBOM that named that would be scanned for
it, too.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement

#: What the Dockerfile's base is, to markers.
IMAGE = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": "3.11.14",
    "python_version": "3.11",
    "sys_platform": "linux",
}


def installed(lock: str) -> Iterator[tuple[Requirement, str]]:
    """Gives each requirement that is installed, with its lines, hashes and all."""
    for block in re.findall(r"^[A-Za-z].*(?:\n +--hash=.*)*", lock, re.MULTILINE):
        requirement = Requirement(block.partition(" \\")[0])
        if requirement.marker is None or requirement.marker.evaluate(IMAGE):
            yield requirement, block


if __name__ == "__main__":
    for _, lines in installed(Path(sys.argv[1]).read_text("utf-8")):
        sys.stdout.write(re.sub(r" ;[^\\\n]*", "", lines, count=1) + "\n")
