"""Groups of options: a command takes a value, and its user writes each field as an option."""

import inspect
from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from forebay.cli.option_groups import ungrouped


@dataclass(frozen=True, slots=True, kw_only=True)
class _Size:
    width: Annotated[int, typer.Option(help="How wide.")] = 1
    height: Annotated[int, typer.Option("--tall", help="How tall.")] = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    things: Annotated[list[str], typer.Argument()]
    size: _Size = _Size()


def _invoke(*arguments: str) -> tuple[int, list[object]]:
    got: list[object] = []

    def command(order: _Order, *, fast: Annotated[bool, typer.Option("--fast")] = False) -> int:
        """Take an order."""
        got.extend((order, fast))
        return 7

    app = typer.Typer()
    app.command()(ungrouped(command))
    result = CliRunner().invoke(app, list(arguments), standalone_mode=False)
    return result.return_value, got


def test_each_field_is_an_option_and_the_command_gets_the_value() -> None:
    order = _Order(things=["a", "b"], size=_Size(width=5, height=6))

    assert _invoke("a", "--width", "5", "b", "--tall", "6", "--fast") == (7, [order, True])


def test_what_is_not_written_has_its_default() -> None:
    assert _invoke("a") == (7, [_Order(things=["a"]), False])


def test_options_stand_in_the_order_in_which_they_are_declared() -> None:
    def command(order: _Order, *, fast: bool) -> int:
        """Take an order."""
        return 0

    assert list(inspect.signature(ungrouped(command)).parameters) == ["things", "width", "height", "fast"]
    assert ungrouped(command).__doc__ == "Take an order."


def test_two_options_of_one_name_are_a_mistake_of_ours() -> None:
    def command(size: _Size, width: int) -> int:
        return 0

    with pytest.raises(ValueError, match="duplicate parameter name: 'width'"):
        ungrouped(command)
