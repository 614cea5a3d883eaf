"""How a bench has Forebay told of ends, and what nobody can pass who is told so."""

import json
from pathlib import Path

import pytest

from bench.entry import Entry
from bench.peers.job import Job
from bench.saturation import job_of
from bench.scenario import SCENARIOS
from bench.telling import SECRET, Telling, Way

URL = "http://127.0.0.1:9/webhooks/stripe/default"


@pytest.mark.parametrize(
    ("text", "way", "delay_s", "label"),
    [
        ("looks", Way.LOOKS, 0.0, "looks alone"),
        ("events:1", Way.EVENTS, 1.0, "events at 1 s"),
        (" webhooks:0.3", Way.WEBHOOKS, 0.3, "webhooks at 0.3 s"),
    ],
)
def test_it_is_said_in_a_word_and_a_delay(text: str, way: Way, delay_s: float, label: str) -> None:
    telling = Telling.parse(text)
    assert (telling.way, telling.delay_s, telling.label) == (way, delay_s, label)


@pytest.mark.parametrize("text", ["", "looks:1", "events", "events:soon", "pigeons:3"])
def test_what_says_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Telling.parse(text)


def test_the_ceiling_is_what_a_run_and_the_wait_for_its_event_leave() -> None:
    assert Telling.parse("events:1").ceiling(20, looking=0.91) == pytest.approx(20 / 21)
    assert Telling.parse("webhooks:0.3").ceiling(30, looking=0.78) == pytest.approx(30 / 30.3)
    assert Telling.parse("looks").ceiling(20, looking=0.91) == 0.91


def test_the_sandbox_hears_of_delay_and_faults() -> None:
    telling = Telling.parse("events:2", missing=0.01, late=0.5, late_s=15)
    options = telling.sandbox_options(URL)
    assert options[-2:] == ["--event-delay", "fixed:2"]
    assert json.loads(options[options.index("--faults") + 1]) == [
        {"name": "event_missing", "probability": 0.01},
        {"name": "event_late", "probability": 0.5, "delay_s": 15},
    ]
    assert telling.label == "events at 2 s, 1% missing, 50% 15 s later"
    assert "--webhook" not in options


def test_webhooks_are_sent_signed_and_the_list_is_there_beside_them() -> None:
    options = Telling.parse("webhooks:0.3").sandbox_options(URL)
    assert dict(zip(options[::2], options[1::2], strict=True)) == {
        "--webhook": URL,
        "--webhook-secrets": SECRET,
        "--webhook-delay": "fixed:0.3",
        "--event-delay": "fixed:1",
    }


def test_looks_alone_have_no_list_and_no_faults() -> None:
    assert Telling.parse("looks", missing=0.1, late=1, late_s=15).sandbox_options(URL) == ["--events", "forbidden"]


def test_a_contender_is_told_what_its_entry_says(tmp_path: Path) -> None:
    entry = Entry(contender="forebay", scenario=SCENARIOS["A"].quick(), telling=Telling.parse("webhooks:0.3"))
    job = job_of(entry, "http://127.0.0.1:1", "redis://127.0.0.1:2", tmp_path, 3)
    job.save(tmp_path / "job.json")

    read = Job.load(tmp_path / "job.json")

    assert read == job
    assert read.telling.way is Way.WEBHOOKS
