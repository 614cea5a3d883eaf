"""`submit --key` and `run --key`: once, however often the command is given."""

from pathlib import Path

import pytest
import redis

from tests.cli.conftest import Forebay


def test_the_same_key_is_the_same_batch(deployed: redis.Redis, queries: list[str], forebay: Forebay) -> None:
    first = forebay("submit", *queries, "--key", "daily-2026-11-27")
    again = forebay("submit", *queries, "--key", "daily-2026-11-27", "--class", "backfill")
    followed = forebay("run", *queries, "--key", "daily-2026-11-27", "--timeout", "0.1", "--json")

    assert first.out.startswith("daily-2026-11-27-k")
    assert (again.code, again.out) == (0, first.out)
    assert "accepted already" in again.err
    assert "--again" not in again.err
    assert followed.events[0]["batch"] == first.out.strip()
    assert forebay("ls", "--json").events[-1]["batches"] == 1


def test_other_content_under_a_key_ends_with_2(deployed: redis.Redis, queries: list[str], forebay: Forebay) -> None:
    first = forebay("submit", *queries, "--key", "daily").out.strip()
    Path("q/fees.sql").write_text("SELECT max(amount) FROM fees")

    said = forebay("submit", *queries, "--key", "daily", "--json")

    assert said.code == 2
    assert said.events == [
        {
            "error": {
                "class": "key",
                "message": f"the key 'daily' is that of batch {first}, which asks something else; "
                "nothing was submitted",
                "next": "take another key, or ask for what was asked under this one",
            }
        }
    ]


@pytest.mark.usefixtures("spec", "deployed")
def test_a_batch_of_the_spec_has_a_key_and_a_window_needs_none(forebay: Forebay) -> None:
    first = forebay("submit", "close", "--key", "month end")
    assert first.out.startswith("close-month-end-k"), first.err
    assert forebay("submit", "close", "--key", "month end").out == first.out

    said = forebay("submit", "daily", "--window", "2026-10-01", "--key", "month end")
    assert said.code == 2
    assert "a window of an extract such as daily is made once anyway" in said.err


def test_what_is_no_key_is_refused_in_a_sentence(deployed: redis.Redis, queries: list[str], forebay: Forebay) -> None:
    said = forebay("submit", *queries, "--key", "")

    assert said.code == 2
    assert "a key is a line of text" in said.err


@pytest.mark.parametrize("key", ["rk_live_tell", "sk_test_tell", "sk_org_live_tell"])
def test_a_key_of_stripes_names_no_batch(deployed: redis.Redis, queries: list[str], forebay: Forebay, key: str) -> None:
    said = forebay("submit", *queries, "--key", key)

    assert said.code == 2
    assert "this is a key of Stripe's" in said.err
    assert "tell" not in said.out + said.err
    assert forebay("ls", "--json").events[-1]["batches"] == 0
