"""Reads which act a path and its fields ask for, and whether who asks may. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from forebay.web.access.identity import Identity
from forebay.web.acts.act import ActKind, Doer, WantedAct
from forebay.web.errors import NothingThere, NotUnderstood

MOST_WHY = 500
_LIMITS = ("cap", "margin", "reserve_interactive", "reserve_scheduled", "creates_per_s", "retrieves_per_s")
#: What may be said beside each.
FIELDS: Mapping[ActKind, tuple[str, ...]] = {
    ActKind.RETRY: ("cause", "account", "name"),
    ActKind.CHANGE_BATCH: ("class",),
    ActKind.BACKFILL_EXTRACT: ("from", "to"),
    ActKind.LIMIT_LANE: (*_LIMITS, "requests_per_s"),
}


def read_act(kind: str, target: str, given: Mapping[str, str], identity: Identity) -> WantedAct:
    """Reads it. Raises `NothingThere`, `NotLetIn`, and `NotUnderstood` for a field that it does not take."""
    if kind not in [*ActKind]:
        raise NothingThere(f"There is nothing to do that is called {kind!r}")
    act = ActKind(kind)
    identity.require(act.role)
    known = FIELDS.get(act, ())
    for name in given:
        if name not in (*known, "why", "shown"):
            raise NotUnderstood(f"{act} takes no {name!r}")
    asked = {name: given[name].strip() for name in known if given.get(name, "").strip()}
    shown = given.get("shown", "")
    if shown and not (shown.isascii() and shown.isdigit() and len(shown) < 12):
        raise NotUnderstood("shown is how many runs it was said to be")
    return WantedAct(kind=act, target=target, asked=asked, shown=int(shown) if shown else None)


def read_doer(given: Mapping[str, str], identity: Identity) -> Doer:
    """Reads who does it and why. Raises `NotUnderstood` where no reason is given: somebody asks for it later."""
    why = " ".join(given.get("why", "").split())
    if not why:
        raise NotUnderstood("say why: it is kept with who did it")
    if len(why) > MOST_WHY:
        raise NotUnderstood(f"say why in no more than {MOST_WHY} characters")
    return Doer(name=identity.name, known_by=identity.known_by, why=why)
