"""Describes exchanges with a server as values, and carries out dialogues that are made of them: no I/O of its own.

A dialogue is a generator: it yields what is to be sent or how long to rest, is resumed with what came of it, and
returns what the caller asked for. All of the client's logic is such dialogues, so the sync and the async client differ
in the few lines that send and sleep (`wires.py`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from forebay_client.errors import ForebayError

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange(Generic[T]):
    """One request, and how its answer is read."""

    method: str
    path: str
    """Below `/api/v1`, quoted."""
    read: Callable[[Any], T]
    """From the JSON that came to what the caller gets."""
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    repeatable: bool = True
    """Sent twice it does what it does once, so it may be sent again when its answer was lost."""
    held_s: float = 0.0
    """So long the server may hold it back on purpose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """A moment in which nothing is asked."""

    seconds: float


Step = Exchange[Any] | Rest
Dialogue = Generator[Step, Any, T]


def ask(exchange: Exchange[T]) -> Dialogue[T]:
    """Makes one exchange, within a dialogue."""
    answer: T = yield exchange
    return answer


def carry_out(dialogue: Dialogue[T], send: Callable[[Exchange[Any]], Any], rest: Callable[[float], object]) -> T:
    """Carries a dialogue out by functions that block."""
    try:
        step = next(dialogue)
        while True:
            try:
                came = rest(step.seconds) if isinstance(step, Rest) else send(step)
            except ForebayError as error:
                step = dialogue.throw(error)
            else:
                step = dialogue.send(came)
    except StopIteration as end:
        result: T = end.value
        return result


async def carry_out_async(
    dialogue: Dialogue[T],
    send: Callable[[Exchange[Any]], Awaitable[Any]],
    rest: Callable[[float], Awaitable[object]],
) -> T:
    """Carries a dialogue out by functions that are awaited."""
    try:
        step = next(dialogue)
        while True:
            try:
                came = await (rest(step.seconds) if isinstance(step, Rest) else send(step))
            except ForebayError as error:
                step = dialogue.throw(error)
            else:
                step = dialogue.send(came)
    except StopIteration as end:
        result: T = end.value
        return result
