"""Loads `lua/*.lua`, puts the shared parts in front of those of a lane, and runs them by EVALSHA.

EVALSHA and not Redis Functions: the code is then versioned with the release, so two releases can run side by
side during a deploy, and nothing has to be loaded on each primary beforehand.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from redis.commands.core import Script
from redis.exceptions import RedisClusterException, RedisError

from forebay.governor.errors import GovernorError, RedisUnavailable
from forebay.governor.keys import LAYOUT
from forebay.governor.redis_client import Client
from forebay.governor.redis_errors import translated, translation

#: What scripts take. Redis knows neither None nor bool: scripts get an empty string for None and False, 1 for True.
Argument = str | bytes | int | float | None

#: The parts that scripts of a lane begin with, each using those before it.
SHARED = (
    *("hashes", "lane", "clock", "bell", "gates", "budgets", "limit", "fair"),
    *("feed", "query_runs", "slots", "moves", "durations"),
)

_ERRORS = (RedisError, RedisClusterException)

#: The folder of scripts that have keys of their own, and share nothing.
STANDALONE = "standalone/"


#: What stands around a script of a lane, so that it may end anywhere: `shared/hashes.lua` has a last word then.
_BEFORE, _BEHIND = "local function operation()", "end\nlocal reply = operation()\nwrite_back()\nreturn reply"
#: How statements of the shared parts define their names, and how those end that have more lines.
_DEFINES = re.compile(r"^local (?:function (?P<function>\w+)|(?P<names>[\w, ]+))", flags=re.MULTILINE)
_ENDS = re.compile(r"end\b|[})]")


@cache
def source(name: str) -> str:
    """Gives the whole text of one script, as Redis gets it: of the shared parts only what it uses.

    A script makes all its functions anew each time that it runs, and to make those of all parts takes the server longer
    than most scripts need for what they do.
    """
    folder = files("forebay.governor") / "lua"

    def text(part: str) -> str:
        return folder.joinpath(f"{part}.lua").read_text("utf-8")

    if name.startswith(STANDALONE):
        return text(name)
    whole = "\n".join([_BEFORE, text(name), _BEHIND])
    for statement in reversed([one for part in SHARED for one in statements(text(f"shared/{part}"))]):
        if _is_used(statement, whole):
            whole = statement + whole
    return whole.replace("$LAYOUT", str(LAYOUT))


def statements(text: str) -> list[str]:
    """Cuts a part into its statements at the margin, each with the comment before it."""
    found, comment = [""], ""
    for line in text.splitlines(keepends=True):
        if line.startswith("--") or not line.strip():
            comment += line
        elif line[0].isspace() or _ENDS.match(line):
            found[-1] += comment + line
            comment = ""
        else:
            found.append(comment + line)
            comment = ""
    return found[1:]


def _is_used(statement: str, later: str) -> bool:
    """Says whether a statement names something for what comes later, or does something by itself."""
    defines = _DEFINES.search(statement)
    names = (defines["function"] or defines["names"]).split(",") if defines else []
    return not names or any(re.search(rf"\b{name.strip()}\b", later) for name in names)


class Scripts:
    """The scripts, bound to one Redis client. Thread safe, as the client is."""

    def __init__(self, client: Client) -> None:
        self._client: Any = client
        self._loaded: dict[str, Script] = {}

    @translated()
    def run(self, name: str, keys: Sequence[str], args: Iterable[Argument]) -> Any:
        """Runs `lua/<name>.lua`.

        Raises `RedisUnavailable` when it is unknown whether the script ran: every script may be sent again.
        """
        return self._script(name)(keys=keys, args=[_sent(arg) for arg in args])

    def run_each(
        self, name: str, calls: Sequence[tuple[Sequence[str], Iterable[Argument]]]
    ) -> list[Any | GovernorError]:
        """Runs `lua/<name>.lua` with keys and arguments of several lanes, by one round trip.

        Gives each one's reply, or what it raised. Raises `RedisUnavailable` where none of them was answered.
        """
        if len(calls) == 1:
            return [self._run_alone(name, *calls[0])]
        with translated(), self._client.pipeline(transaction=False) as pipeline:
            for keys, args in calls:
                self.queue(pipeline, name, keys, args)
            replies = pipeline.execute(raise_on_error=False)
        answers = [translation(reply) if isinstance(reply, _ERRORS) else reply for reply in replies]
        if all(isinstance(answer, RedisUnavailable) for answer in answers):
            raise answers[0]
        return answers

    def _run_alone(self, name: str, keys: Sequence[str], args: Iterable[Argument]) -> Any | GovernorError:
        try:
            return self.run(name, keys, args)
        except RedisUnavailable:
            raise
        except GovernorError as error:
            return error

    def queue(self, pipeline: Any, name: str, keys: Sequence[str], args: Iterable[Argument]) -> None:
        """Adds a run of `lua/<name>.lua` to a pipeline; its reply is among those of the pipeline."""
        self._script(name)(keys=keys, args=[_sent(arg) for arg in args], client=pipeline)

    def _script(self, name: str) -> Script:
        return self._loaded.get(name) or self._loaded.setdefault(name, self._client.register_script(source(name)))


def _sent(arg: Argument) -> str | bytes | int | float:
    return ("1" if arg else "") if arg is None or isinstance(arg, bool) else arg
