"""Describes the types of Stripe's Python client as plain data, which travels between two environments as JSON.

Runs in either: `stripe==16.1.0b1` is a dependency of the tests, `stripe==16.1.0a4` has an environment of its own.
A description is `{"kind": …}`, and by its kind:

    text      values: those that are listed, in their order; open: whether others may come
    integer, number, boolean, any
    list, map  of: the description of what is in it
    object    fields: name → description, which has `optional` beside; required: names, for parameters of a request
"""

import re
import typing
from importlib import import_module
from operator import attrgetter
from typing import Any, ClassVar, Literal, Union

from stripe import StripeObject
from stripe._stripe_object import UntypedStripeObject
from typing_extensions import get_type_hints, is_typeddict  # those of the standard library know not all of the client's

Described = dict[str, Any]
_PLAIN = {str: "text", int: "integer", float: "number", bool: "boolean"}


def described(path: str) -> Described:
    """Describes the class that `path` names, as `stripe.v2.data.QueryRun`: an object, or a request's parameters."""
    module, name = re.split(r"\.(?=[A-Z])", path, maxsplit=1)
    return _described(attrgetter(name)(import_module(module)))


def _described(hint: Any) -> Described:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint in _PLAIN:
        return _text([], open_=True) if hint is str else {"kind": _PLAIN[hint]}
    if origin is Literal:
        return _text(list(arguments), open_=False)
    if origin is list:
        return {"kind": "list", "of": _described(arguments[0])}
    if origin is UntypedStripeObject or hint is UntypedStripeObject:
        return {"kind": "map", "of": _described(arguments[0]) if arguments else {"kind": "any"}}
    if origin is Union or type(hint).__name__ == "UnionType":
        return _union(arguments)
    if isinstance(hint, type) and (is_typeddict(hint) or issubclass(hint, StripeObject)):
        return _object(hint)
    if hint is Any:
        return {"kind": "any"}
    raise TypeError(f"{hint!r} is a type that nothing is written for here")


def _union(arguments: tuple[Any, ...]) -> Described:
    """Reads `X | None` as X that is optional, and `Literal[…] | str` as text of which some values are known."""
    kinds = [_described(argument) for argument in arguments if argument is not type(None)]
    one = kinds[0]
    if len(kinds) == 2 and all(kind["kind"] == "text" for kind in kinds):
        one = _text([*kinds[0]["values"], *kinds[1]["values"]], open_=True)
    elif len(kinds) != 1:
        raise TypeError(f"{arguments!r} is a union that nothing is written for here")
    return {**one, "optional": True} if type(None) in arguments else one


def _object(kind: type) -> Described:
    fields = {
        name: _described(hint)
        for name, hint in get_type_hints(kind).items()
        if not name.startswith("_") and typing.get_origin(hint) is not ClassVar and name != "OBJECT_NAME"
    }
    required = sorted(getattr(kind, "__required_keys__", ()))
    return {"kind": "object", "fields": fields, "required": required}


def _text(values: list[str], *, open_: bool) -> Described:
    return {"kind": "text", "values": values, "open": open_}
