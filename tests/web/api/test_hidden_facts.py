"""What is hidden is in no field and in no text of a reading, whoever quotes it."""

from __future__ import annotations

from typing import Any

import pytest

from forebay.config.document.web_access import Hidden
from forebay.web.api.hidden_facts import problem_without_hidden, without_hidden
from forebay.web.api.readings import RequestProblem
from tests.scheduler.batches.test_history import manifest

SQL = "SELECT secret_column FROM charges"
PLACE = "s3://lake/finance/daily/acct_1.csv"
RUN = {
    "sql": SQL,
    "result": PLACE,
    "reason": "sql: Column 'secret_column' cannot be resolved",
    "trouble_of_destination": f"the destination {PLACE} cannot be read: https://minio:9000/lake says 403",
    "failure": {"class": "sql", "message": "Column 'secret_column' cannot be resolved", "attempt": 0},
    "attempts": ({"class": "sql", "message": "near 'secret_column'"}, {"class": "sink", "message": f"{PLACE}: denied"}),
    "story": [{"what": "attempt 1 failed", "detail": "sql: near 'secret_column'"}],
    "failures": [{"error_class": "sql", "message": "near 'secret_column'", "count": 3}],
    "causes": [{"message": f"retrying: {PLACE}: denied"}, {"message": f"it was sent as {SQL}, says somebody"}],
    "name": "daily",
}


@pytest.mark.parametrize(
    ("hidden", "of_sql", "of_urls"), [((), True, True), ((Hidden.SQL,), False, True), ((Hidden.URLS,), True, False)]
)
def test_nothing_quotes_what_is_hidden_and_all_else_stays(
    hidden: tuple[Hidden, ...], of_sql: bool, of_urls: bool
) -> None:
    shown = without_hidden(RUN, hidden)

    assert ("secret_column" in str(shown)) == of_sql
    assert ("lake" in str(shown), "minio" in str(shown)) == (of_urls, of_urls)
    assert shown["name"] == "daily" and shown["failures"][0]["count"] == 3
    assert shown["attempts"][1]["class"] == "sink" and "denied" in shown["attempts"][1]["message"]


def test_a_place_without_a_scheme_is_known_by_the_field_that_names_it() -> None:
    facts: dict[str, Any] = {"output": "/srv/results", "next": [{"how": "look into /srv/results/b1"}]}
    assert without_hidden(facts, [Hidden.URLS]) == {"output": None, "next": [{"how": "look into (hidden)/b1"}]}


@pytest.mark.parametrize(
    "said",
    [
        "/srv/results is no folder that this user can write to: denied",
        "run 3: the destination '/srv/results/b1' cannot be read",
    ],
)
def test_a_folder_of_this_machine_is_a_place_whoever_quotes_it(said: str) -> None:
    facts = {"trouble": said, "next": "forebay retry b1 acct_1/fees --failed, at 25/s"}

    shown = without_hidden(facts, [Hidden.URLS])

    assert "results" not in shown["trouble"] and shown["next"] == facts["next"]
    problem = problem_without_hidden(RequestProblem(status=503, kind="store", message=said), [Hidden.URLS])
    assert "results" not in problem.message


def test_a_manifest_says_what_landed_and_not_where() -> None:
    landed = manifest("fees", "acct_1", 12, 3)
    stored = landed.object.model_copy(update={"key": "finance/b1/fees.csv", "url": "file:///lake/finance/b1/fees.csv"})
    replaced = landed.model_copy(update={"object": stored, "replaces": ("finance/b0/fees.csv",), "sql": SQL})
    facts: dict[str, Any] = {"key": "daily-1", "manifests": [{"manifests": [replaced.model_dump(mode="json")]}]}

    shown = without_hidden(facts, [Hidden.URLS])

    (read,) = shown["manifests"][0]["manifests"]
    assert "finance" not in str(shown) and (read["object"]["key"], read["replaces"]) == (None, None)
    assert (read["object"]["bytes"], read["object"]["sha256"]) == (stored.bytes, stored.sha256)
    assert (read["sql"], shown["key"]) == (SQL, "daily-1"), "a caller's key leads nowhere"


def test_an_error_names_no_place_either() -> None:
    problem = RequestProblem(status=503, kind="store", message=f"{PLACE} does not answer", way_out=f"look at {PLACE}")
    assert "lake" not in str(problem_without_hidden(problem, [Hidden.URLS]))
    assert problem_without_hidden(problem, []) == problem
