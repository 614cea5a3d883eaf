"""The header of each script of a lane and the Python function that calls it say the same of arguments and reply."""

import inspect
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from types import NoneType
from typing import Any, get_args

import pytest

from forebay.governor.contract import Retry
from forebay.governor.durations import Took
from forebay.governor.keys import LaneKeys
from forebay.governor.lane_scripts import LaneScripts
from forebay.governor.scripts import Argument
from tests.governor.lua_headers import OF_A_LANE, arguments, header

#: What a function sends for an argument that stands for all the rest.
RESTS: dict[str, tuple[Any, list[Argument]]] = {
    "fields": ({"one": 1, "left out": None, "two": "2"}, ["one", 1, "two", "2"]),
    "gates": (["auth", "cap"], ["auth", "cap"]),
    "took": (Took(3.0, 9.1), [3.0, 9.1]),
    "sent": ([(3, 1), (4, 0)], [3, 1, 4, 0]),
    "ends": ([("qr_a", 5), ("qr_b", None)], ["qr_a", 5, "qr_b", None]),
    "runs": ([Retry(3, 1, "qr"), Retry(4, 0)], [3, 1, "qr", 4, 0, None]),
}


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
    assert functions == OF_A_LANE


@pytest.mark.parametrize("name", OF_A_LANE)
class TestEach:
    def test_has_the_headers_arguments_as_parameters(self, name: str) -> None:
        assert parameters(name) == [each.removesuffix("…") for each in arguments(name)]
        assert not any(each.endswith("…") for each in arguments(name)[:-1])

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
            plain = {
                "1, or 0 if": bool,
                "how many": int,
                "a new fence": int,
                "the key": str,
                "the id": str,
                "nothing": None,
            }
            assert kind is next(plain[word] for word in plain if said.startswith(word))
