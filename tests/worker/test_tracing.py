"""A span a step, one trace for each attempt, whoever does which step; and never a URL, SQL, a row or a key."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from forebay.governor.states import Step
from forebay.worker.tracing import Tracing, trace_id_of
from tests.servers.processes import environment
from tests.worker.conftest import BATCH, LANE, FileHost, World, query_run, refusal

RUNS = st.text(min_size=1, max_size=30)


class Spans:
    """What was traced."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.tracing = Tracing(SimpleSpanProcessor(self._exporter))

    @property
    def all(self) -> Sequence[Any]:
        return self._exporter.get_finished_spans()

    @property
    def text(self) -> str:
        return "".join(span.to_json() for span in self.all)


@pytest.fixture
def spans(world: World) -> Iterator[Spans]:
    made = Spans()
    world.rt.traced = made.tracing.step
    yield made
    made.tracing.close()


def test_the_steps_of_an_attempt_are_one_trace_whoever_does_them(
    world: World, spans: Spans, file_host: FileHost
) -> None:
    world.rt.express_bytes = 0
    world.open()
    world.step(Step.SUBMIT, query_run())
    other = Spans()  # another process
    world.rt.traced = other.tracing.step
    world.step(Step.POLL, query_run("succeeded", result=file_host.result()))
    world.step(Step.DOWNLOAD, query_run("succeeded", result=file_host.result()))

    made = [*spans.all, *other.all]
    assert [span.name for span in made] == ["forebay.submit", "forebay.poll", "forebay.download"]
    assert len({span.context.trace_id for span in made}) == 1
    assert len({span.context.span_id for span in made}) == 3
    landed = dict(made[-1].attributes)
    assert landed.pop("forebay.stored_bytes") > 0
    assert landed == {
        "forebay.lane": LANE,
        "forebay.batch": BATCH,
        "forebay.run": f"{BATCH}/0",
        "forebay.attempt": 0,
        "forebay.tries": 1,
        "forebay.state": "ready",
        "forebay.query_run": "qryrun_1",
        "forebay.outcome": "landed",
    }


def test_a_refusal_is_an_error_with_its_class_its_status_and_stripes_request(world: World, spans: Spans) -> None:
    world.open()
    world.step(Step.SUBMIT, refusal(429, reason="endpoint-rate"))

    (span,) = spans.all
    assert span.status.status_code.name == "ERROR"
    assert span.attributes["error.type"] == "quota.rate"
    assert (span.attributes["http.response.status_code"], span.attributes["forebay.request_id"]) == (429, "req_1")


def test_a_step_that_breaks_ends_its_span(world: World, spans: Spans) -> None:
    def broken(_: httpx.Request) -> httpx.Response:
        raise ZeroDivisionError("rk_test_secret")

    world.open()
    world.step(Step.SUBMIT, broken)

    (span,) = spans.all
    assert (span.attributes["error.type"], span.status.status_code.name) == ("ZeroDivisionError", "ERROR")


def test_nothing_secret_is_in_a_span(world: World, spans: Spans, file_host: FileHost) -> None:
    world.open(size=2)
    world.step(Step.SUBMIT, query_run(), refusal(500))
    signed = file_host.result()
    signed["file"]["download_url"]["url"] += "?signature=abcdef&expires=1"
    world.step(Step.POLL, query_run("succeeded", result=signed))

    assert [span.name for span in spans.all] == ["forebay.submit", "forebay.submit", "forebay.poll"]
    assert spans.all[-1].attributes["forebay.outcome"] == "landed"
    for secret in ("signature", "abcdef", file_host.url, "r.zip", "http://", "SELECT", "rk_test_secret"):
        assert secret not in spans.text, spans.text


@given(RUNS, RUNS, st.integers(0, 9), RUNS, RUNS, st.integers(0, 9))
def test_each_attempt_of_each_run_has_a_trace_of_its_own(
    lane: str, run: str, attempt: int, other_lane: str, other_run: str, other_attempt: int
) -> None:
    one, other = trace_id_of(lane, run, attempt), trace_id_of(other_lane, other_run, other_attempt)
    same = (lane, run, attempt) == (other_lane, other_run, other_attempt)
    plain = "\n" not in lane + run + other_lane + other_run
    assert 0 < one < 2**128
    assert not plain or (one == other) == same


@pytest.mark.parametrize(("endpoint", "loaded"), [("", False), ("http://127.0.0.1:1", True)])
def test_only_a_worker_that_sends_traces_loads_what_makes_them(
    valkey_url: str, tmp_path: Path, endpoint: str, loaded: bool
) -> None:
    code = (
        "import sys; from forebay.worker.app import runtime; runtime(); print('forebay.worker.tracing' in sys.modules)"
    )
    settings = {"FOREBAY_REDIS_URL": valkey_url, "STRIPE_API_KEY": "rk_test_1", "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(**settings),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert (done.returncode, done.stdout) == (0, f"{loaded}\n"), done.stderr
