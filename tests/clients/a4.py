"""Drives `stripe==16.1.0a4`, Stripe's client in an environment of its own: one process a session, JSON both ways."""

import contextlib
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-clients" / "bin" / "python"

KEY = "sk_test_a4"


class Refused(Exception):
    """Raised when the client raised: `kind` is its class, and the rest is what that exception has."""

    def __init__(self, raised: dict[str, Any]) -> None:
        super().__init__(f"{raised['class']}: {raised['message']}")
        self.kind: str = raised["class"]
        self.code: str | None = raised["code"]
        self.status: int | None = raised["http_status"]
        self.headers: dict[str, str] = raised["headers"]
        self.request_id: str | None = raised["request_id"]
        self.body: Any = raised["json_body"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An object that the client made of a reply."""

    kind: str
    """The class that it made, as `stripe.v2.data._query_run.QueryRun`."""
    fields: dict[str, Any]


class A4:
    """The client. Each method is one of `tests/clients/a4_process.py`."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def ask(self, do: str, **request: Any) -> Any:
        """Has something done there; `Refused` if the client raised."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps({"do": do, **request}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"the client's process ended: {self._process.wait()}"
        answer = json.loads(line)
        if "raised" in answer:
            raise Refused(answer["raised"])
        return answer["answer"]

    def described(self, path: str) -> dict[str, Any]:
        """Describes a type of the client's, see `tests/clients/sdk_types.py`."""
        found: dict[str, Any] = self.ask("described", path=path)
        return found

    def call(self, url: str, method: str, *arguments: Any, key: str = KEY, **options: Any) -> Shown:
        """Calls a method of the client for one object; `options` are those of the client itself."""
        shown = self.ask("call", url=url, key=key, options=options, method=method, arguments=arguments)
        return Shown(kind=shown["class"], fields=shown["fields"])

    def pages(self, url: str, method: str, *arguments: Any, key: str = KEY) -> list[Shown]:
        """Calls a method of the client for a list, and follows it to its end."""
        shown = self.ask("call", url=url, key=key, options={}, method=method, arguments=arguments)
        return [Shown(kind=each["class"], fields=each["fields"]) for each in shown]


@contextlib.contextmanager
def client_process() -> Iterator[A4]:
    """Starts it, and ends it by ending its input."""
    process = subprocess.Popen(
        [str(PYTHON), "-m", "tests.clients.a4_process"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield A4(process)
        finally:
            process.kill()
