"""What `import forebay` gives: the client's names, lazily, and nothing that costs before it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import forebay
import forebay_client
from tests.servers.processes import environment


def test_it_names_what_the_client_names_and_the_release() -> None:
    assert sorted(forebay.__all__) == sorted([*forebay_client.__all__, "__version__"])
    assert dir(forebay) == sorted(forebay.__all__)


@pytest.mark.parametrize("name", [name for name in forebay_client.__all__ if name not in ("Client", "AsyncClient")])
def test_each_is_the_clients_own(name: str) -> None:
    assert getattr(forebay, name) is getattr(forebay_client, name)


def test_its_clients_are_clients() -> None:
    assert issubclass(forebay.Client, forebay_client.Client)
    assert issubclass(forebay.AsyncClient, forebay_client.AsyncClient)


def test_what_is_not_there_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="module 'forebay' has no attribute 'Klient'"):
        _ = forebay.Klient


def test_importing_it_loads_nothing_that_the_standard_library_has_not() -> None:
    program = (
        "import forebay, sys; print({'httpx', 'redis', 'pydantic', 'forebay_client', 'forebay.cli'} & {*sys.modules})"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment(), timeout=60, check=True
    )

    assert said.stdout == "set()\n"
