"""Each script's header, its code and the Python function that calls it say the same of arguments and reply."""

import inspect
import re
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from functools import cache
from importlib.resources import files
from itertools import takewhile
from types import NoneType
from typing import Any, get_args

import pytest

from forebay.governor.contract import Retry
from forebay.governor.keys import LaneKeys
from forebay.governor.lane_scripts import LaneScripts
from forebay.governor.scripts import Argument

FOLDER = files("forebay.governor") / "lua"
NAMES = sorted(file.name.removesuffix(".lua") for file in FOLDER.iterdir() if file.is_file())

#: What a function sends for an argument that stands for all the rest.
RESTS: dict[str, tuple[Any, list[Argument]]] = {
    "fields": ({"one": 1, "left out": None, "two": "2"}, ["one", 1, "two", "2"]),
    "gates": (["auth", "cap"], ["auth", "cap"]),
    "runs": ([Retry(3, 1, "qr"), Retry(4, 0)], [3, 1, "qr", 4, 0, None]),
}


@cache
def header(name: str) -> dict[str, str]:
    """The parts of a script's header by their words, each on one line."""
    text = FOLDER.joinpath(f"{name}.lua").read_text("utf-8")
    lines = [line.removeprefix("--").strip() for line in takewhile(lambda line: line[:2] == "--", text.splitlines())]
    parts = re.split(r"\b(ARGV|Returns|Cost|Atomic)  +", " ".join(lines).replace("Returns ", "Returns  "))
    return dict(zip(parts[1::2], map(str.strip, parts[2::2]), strict=True))


def arguments(name: str) -> list[str]:
    """The names in the header's ARGV; the one that stands for all the rest ends with …"""
    plain = header(name)["ARGV"]
    while "(" in plain:
        plain = re.sub(r"\([^()]*\)", "", plain)
    return [each.strip() for each in plain.split(",")]


def parameters(name: str) -> list[str]:
    return list(inspect.signature(getattr(LaneScripts, name)).parameters)[1:]


def reply_type(name: str) -> Any:
    """What a function returns, without None, and whether None is in it."""
    annotation = inspect.signature(getattr(LaneScripts, name)).return_annotation
    kinds = get_args(annotation) or (annotation,)
    (kind,) = [each for each in kinds if each not in (None, NoneType)] or [None]
    return kind, NoneType in kinds


class Recorded:
    """Stands where the scripts are run, and takes what they would get."""

    def __init__(self) -> None:
        self.sent: tuple[str, list[Argument]] | None = None

    def run(self, name: str, keys: list[str], args: Iterable[Argument]) -> list[int]:
        self.sent = name, list(args)
        raise StopIteration


def test_each_script_has_a_function_and_each_function_a_script() -> None:
    functions = [name for name, _ in inspect.getmembers(LaneScripts, inspect.isfunction) if not name.startswith("_")]
    assert functions == NAMES


@pytest.mark.parametrize("name", NAMES)
class TestEach:
    def test_says_what_it_takes_gives_costs_and_why(self, name: str) -> None:
        assert list(header(name)) == ["ARGV", "Returns", "Cost", "Atomic"]

    def test_has_the_headers_arguments_as_parameters(self, name: str) -> None:
        assert parameters(name) == [each.removesuffix("…") for each in arguments(name)]
        assert not any(each.endswith("…") for each in arguments(name)[:-1])

    def test_gives_its_arguments_those_names_in_one_line(self, name: str) -> None:
        named = [each for each in arguments(name) if not each.endswith("…")]
        code = re.sub(r"^\s*--.*$", "", FOLDER.joinpath(f"{name}.lua").read_text("utf-8"), flags=re.MULTILINE)
        if len(named) == 1:
            assert re.search(rf"\b{named[0]}\b.* = ARGV\[1\]", code)
        elif named:
            every = "" if len(named) == len(arguments(name)) else f", 1, {len(named)}"
            assert f"local {', '.join(named)} = unpack(ARGV{every})\n" in code
        assert set(re.findall(r"ARGV\[\d+\]", code)) <= ({"ARGV[1]"} if len(named) == 1 else set())

    def test_sends_each_argument_in_its_place(self, name: str) -> None:
        scripts, recorded = LaneScripts.__new__(LaneScripts), Recorded()
        scripts._keys, scripts._scripts = LaneKeys("acme:live").fixed, recorded  # type: ignore[assignment]
        given: dict[str, Any] = {}
        expected: list[Argument] = []
        for each in arguments(name):
            value, sent = RESTS[each.removesuffix("…")] if each.endswith("…") else (each, [each])
            given[each.removesuffix("…")] = value
            expected += sent
        with pytest.raises(StopIteration):
            getattr(scripts, name)(**given)
        assert recorded.sent == (name, expected)

    def test_returns_what_the_header_says(self, name: str) -> None:
        said = header(name)["Returns"]
        kind, may_be_none = reply_type(name)
        assert may_be_none == ("false if" in said)
        if said.startswith("{"):
            names = [field.name for field in fields(kind)] if is_dataclass(kind) else list(kind._fields)
            assert said[1 : said.index("}")].split(", ") == names
        else:
            plain = {"1, or 0 if": bool, "how many": int, "the key": str, "nothing": None}
            assert kind is next(plain[word] for word in plain if said.startswith(word))
