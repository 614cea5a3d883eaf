"""What somebody does first: the commands that `forebay init` names, as processes, and the sandbox as it comes."""

import csv
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from forebay.cli.commands.trying.demo import USUAL_URL
from forebay.cli.embedded.attach import embedded
from forebay.config.settings import Settings
from tests.cli.conftest import Said, finish, start
from tests.servers.processes import sandbox

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

ACCOUNTS = ("acct_sandbox0001", "acct_sandbox0002", "acct_sandbox0003")
QUERIES = ("balance", "disputes")


@pytest.fixture
def stripe_url(folder: Path) -> Iterator[str]:
    """A sandbox without any option but a free port. What `run` started here is gone when the test is."""
    with sandbox(folder.parent / "sandbox.log") as url:
        yield url
        embedded(Settings(), os.environ).stop()


def forebay(*arguments: str) -> Said:
    return finish(start(*arguments))


def move_to(folder: Path, url: str) -> None:
    """The one thing that is not as it comes: the usual port may be taken on the machine that runs the tests."""
    spec = folder / "forebay.yaml"
    spec.write_text(spec.read_text().replace(USUAL_URL, url))


def test_from_an_empty_folder_to_a_published_month_end(folder: Path, stripe_url: str) -> None:
    made = forebay("init")
    move_to(folder, stripe_url)
    first, *steps = [line.split("#")[0].split()[1:] for line in made.out.splitlines() if line.startswith("  forebay ")]
    said = {step[0]: forebay(*step) for step in steps}

    assert (first, [*said]) == (["sandbox"], ["schema", "validate", "plan", "run"])
    assert {step: answer.code for step, answer in said.items()} == dict.fromkeys(said, 0), said
    assert "nothing to complain of" in said["validate"].out
    assert f"{len(ACCOUNTS) * len(QUERIES)} runs" in said["plan"].out
    assert_all_landed(folder)
    counts = httpx.get(f"{stripe_url}/sandbox/counts").json()
    assert counts["totals"]["runs"] == len(ACCOUNTS) * len(QUERIES)
    assert_show_names_results_within_the_folder_of_the_batch(folder)


def assert_show_names_results_within_the_folder_of_the_batch(folder: Path) -> None:
    """On a terminal there is no room for the part that all have in common, and the other part would be cut."""
    (batch,) = [path.name for path in (folder / "out").iterdir() if path.is_dir()]
    shown = forebay("show", batch).out
    assert f"→ out/{batch}/\n" in shown
    assert re.search(rf"^{ACCOUNTS[0]}/{QUERIES[0]} .* {ACCOUNTS[0]}/{QUERIES[0]}\.csv", shown, re.MULTILINE)


def assert_all_landed(folder: Path) -> None:
    """A result with rows for each account and query, each with its manifest, and none left in quarantine."""
    manifests = [json.loads(path.read_text()) for path in (folder / "out").rglob("*.manifest.json")]
    assert sorted((said["account"], said["name"]) for said in manifests) == [
        (account, query) for account in ACCOUNTS for query in QUERIES
    ]
    for said in manifests:
        with (folder / "out" / said["object"]["key"]).open(newline="") as landed:
            header, *rows = csv.reader(landed)
        assert (header, len(rows)) == (said["csv"]["columns"], said["csv"]["records"])
        assert rows or said["name"] == "disputes", "a month without a movement of its balance"
    assert not list((folder / "out").glob("_quarantine/**/*.csv"))
    told = [json.loads(line) for line in (folder / "notified.jsonl").read_text().splitlines()]
    assert [said["facts"]["outcome"] for said in told] == ["landed"]
