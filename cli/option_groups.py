"""Makes options of a command's parameters that are groups of options: of a dataclass, each field is one.

So a set of options that several commands share is written once, as a value that has methods and can be passed on.
`main.py` applies it to each command as it hands it to Typer, which reads signatures.
"""

import dataclasses
import inspect
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any


def ungrouped(command: Callable[..., int]) -> Callable[..., int]:
    """Makes a command of `command` that has every group's fields as parameters of its own."""

    @wraps(command)
    def with_options(**options: Any) -> int:
        return command(**_arguments(command, options))

    with_options.__signature__ = inspect.Signature([*_flat(command)])  # type: ignore[attr-defined]
    with_options.__annotations__ = {each.name: each.annotation for each in _flat(command)}
    return with_options


def _flat(function: Callable[..., Any]) -> Iterator[inspect.Parameter]:
    for parameter in _parameters(function):
        if _is_group(parameter.annotation):
            yield from _flat(parameter.annotation)
        else:
            yield parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)


def _arguments(function: Callable[..., Any], options: dict[str, Any]) -> dict[str, Any]:
    return {
        parameter.name: parameter.annotation(**_arguments(parameter.annotation, options))
        if _is_group(parameter.annotation)
        else options[parameter.name]
        for parameter in _parameters(function)
    }


def _is_group(annotation: Any) -> bool:
    return dataclasses.is_dataclass(annotation)


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    return list(inspect.signature(function, eval_str=True).parameters.values())
