"""Checks what must hold between the parts of a spec: names that are used exist, and fit where they are used.

Called by `load_spec.py` for a spec whose parts are each in order. Nothing outside of the file is read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date

from forebay.config.document.definitions import BatchSpec, DefinitionSpec
from forebay.config.document.result_places import layout_problem, write_conflict
from forebay.config.document.spec import Spec
from forebay.config.near_miss import did_you_mean, near_miss
from forebay.config.yaml_lines import Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """What is wrong, and at which part of the document."""

    location: Location
    text: str


def complaints(spec: Spec) -> Iterator[Complaint]:
    """Yields all that is wrong between the parts, in no order."""
    yield from _default_connection(spec)
    yield from _groups(spec)
    for name in spec.extracts.keys() & spec.batches.keys():
        text = f"the name '{name}' is taken by an extract; `forebay run {name}` has to mean one thing"
        yield Complaint(location=("batches", name), text=text)
    yield from _former_names(spec)
    yield from _prices(spec)
    for section, definitions in (("extracts", spec.extracts), ("batches", spec.batches)):
        for name, definition in definitions.items():
            yield from _definition(spec, (section, name), definition)


def _default_connection(spec: Spec) -> Iterator[Complaint]:
    name = spec.defaults.connection
    if name is not None and name not in spec.connections:
        yield _unknown(("defaults", "connection"), "connection", name, spec.connections)


def _prices(spec: Spec) -> Iterator[Complaint]:
    """Complains of two currencies, of connections that are none, and of two prices for one QueryRun."""
    taken: set[tuple[date, str | None]] = set()
    for number, rule in enumerate(spec.prices):
        at: Location = ("prices", number)
        if rule.currency != spec.prices[0].currency:
            text = f"is in {rule.currency}, and the first one in {spec.prices[0].currency}; they cannot be summed up"
            yield Complaint(location=(*at, "currency"), text=text)
        for name in rule.connections or ():
            if name not in spec.connections:
                yield _unknown((*at, "connections"), "connection", name, spec.connections)
        whose = {(rule.since, name) for name in rule.connections or (None,)}
        if whose & taken:
            yield Complaint(location=(*at, "from"), text=f"there is another price from {rule.since} on")
        taken |= whose


def _former_names(spec: Spec) -> Iterator[Complaint]:
    """Complains of a past that is not one extract's alone."""
    taken: dict[str, str] = {}
    for name, former_names in spec.former_names.items():
        for former in former_names:
            at: Location = ("extracts", name, "renamed_from")
            if former in spec.extracts or former in spec.batches:
                yield Complaint(location=at, text=f"'{former}' is in the spec, so nothing was renamed from it")
            elif former in taken:
                yield Complaint(location=at, text=f"'{former}' is what '{taken[former]}' was renamed from")
            taken.setdefault(former, name)


def _groups(spec: Spec) -> Iterator[Complaint]:
    """Complains of a name that is left out and was never in: it is a slip, unless a file may have it."""
    for name, group in spec.accounts.items():
        for index, account in enumerate(group.exclude):
            if group.file is None and account not in group.accounts:
                at: Location = ("accounts", name, "exclude", index)
                yield Complaint(location=at, text=f"'{account}' is not in 'list'{near_miss(account, group.accounts)}")


def _definition(spec: Spec, at: Location, definition: DefinitionSpec) -> Iterator[Complaint]:
    if definition.accounts is not None and definition.accounts not in spec.accounts:
        yield _unknown((*at, "accounts"), "group of accounts", definition.accounts, spec.accounts)
    yield from _connection(spec, at, definition)
    yield from _places(spec, at, definition)
    if isinstance(definition, BatchSpec):
        for key in definition.matrix.keys() & definition.params.keys():
            text = f"the name '{key}' stands in 'params', too; each name has one value"
            yield Complaint(location=(*at, "matrix", key), text=text)


def _places(spec: Spec, at: Location, definition: DefinitionSpec) -> Iterator[Complaint]:
    """Complains of results that would have one place, and of places that do not go with how they are written."""
    if problem := layout_problem(definition, spec.defaults):
        yield Complaint(location=(*at, "layout") if definition.layout else at, text=problem)
    if problem := write_conflict(definition, spec.defaults):
        yield Complaint(location=(*at, "write") if definition.write else at, text=problem)


def _connection(spec: Spec, at: Location, definition: DefinitionSpec) -> Iterator[Complaint]:
    name = definition.connection or spec.defaults.connection
    if name is None and len(spec.connections) > 1:
        known = ", ".join(spec.connections)
        yield Complaint(location=at, text=f"name a 'connection' here or in 'defaults': {known}")
    elif definition.connection is not None and definition.connection not in spec.connections:
        yield _unknown((*at, "connection"), "connection", definition.connection, spec.connections)
    used = next(iter(spec.connections)) if name is None else name
    if used in spec.connections and "{account}" in spec.connections[used].key:
        yield from _key_for_each_account(used, at, definition)


def _key_for_each_account(connection: str, at: Location, definition: DefinitionSpec) -> Iterator[Complaint]:
    if definition.accounts is None:
        text = f"the connection '{connection}' has a key for each account, so 'accounts' must name a group"
        yield Complaint(location=at, text=text)
    if definition.fan_out == "organization":
        text = f"the connection '{connection}' has a key for each account, and none for the whole organization"
        yield Complaint(location=(*at, "fan_out"), text=text)


def _unknown(at: Location, kind: str, name: str, known: Collection[str]) -> Complaint:
    hint = did_you_mean(name, known) if known else f"; the spec has no {kind}"
    return Complaint(location=at, text=f"there is no {kind} '{name}'{hint}")
