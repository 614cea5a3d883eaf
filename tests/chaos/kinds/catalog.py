"""Lists every kind of fault there is."""

from tests.chaos.kinds import broker, events, people, processes, redis_server, releases, stores, stripe, webhooks
from tests.chaos.kinds.kind import Kind

KINDS: list[Kind] = [
    *processes.KINDS,
    *redis_server.KINDS,
    *broker.KINDS,
    *stripe.KINDS,
    *events.KINDS,
    *webhooks.KINDS,
    *stores.KINDS,
    *people.KINDS,
    *releases.KINDS,
]


def chosen(names: str) -> list[Kind]:
    """Chooses kinds: `all`, `quick`, or names with commas; one may stand for all that begin like it.

    Raises ValueError for a name that is none.
    """
    if names == "all":
        return KINDS
    if names == "quick":
        return [kind for kind in KINDS if kind.quick]
    found = []
    for name in filter(None, names.split(",")):
        fitting = [kind for kind in KINDS if kind.name.startswith(name.strip())]
        if not fitting:
            raise ValueError(f"there is no fault {name!r}; known are {', '.join(kind.name for kind in KINDS)}")
        found += fitting
    return found
