"""Reads what the header of each Lua script says of it."""

import re
from functools import cache
from importlib.resources import files
from itertools import takewhile

FOLDER = files("forebay.governor") / "lua"


def _names(folder: str) -> list[str]:
    paths = FOLDER.joinpath(folder).iterdir()
    return sorted(f"{folder}{path.name.removesuffix('.lua')}" for path in paths if path.name.endswith(".lua"))


#: The scripts of a lane, and those with keys of their own.
OF_A_LANE, STANDALONE = _names(""), _names("standalone/")


def text(name: str) -> str:
    return FOLDER.joinpath(f"{name}.lua").read_text("utf-8")


def code(name: str) -> str:
    """A script without its comments."""
    return re.sub(r"^\s*--.*\n", "", text(name), flags=re.MULTILINE)


@cache
def header(name: str) -> dict[str, str]:
    """The parts of a script's header by their words, each on one line."""
    lines = takewhile(lambda line: line.startswith("--"), text(name).splitlines())
    parts = re.split(r" (KEYS|ARGV|Returns|Cost|Atomic) +", " ".join(line[2:].strip() for line in lines))
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def arguments(name: str) -> list[str]:
    """The names in a header's ARGV; the one that stands for all the rest ends with …"""
    plain = header(name)["ARGV"]
    while "(" in plain:
        plain = re.sub(r"\([^()]*\)", "", plain)
    return [] if plain == "none" else [each.strip() for each in plain.split(",")]
