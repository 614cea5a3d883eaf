"""Traces steps for OpenTelemetry (extra `otel`): a span a step, and one trace for each attempt of a run.

The trace's id follows from lane, run and attempt, so whichever process does the next step puts its span into the same
trace, and no message has to carry anything. Spans are of our own making: what instruments HTTP by itself would export
signed URLs, and what instruments Celery would make a trace of each hint. Nothing here names a URL, SQL or a row.

Loaded by `worker/app.py` alone, and only where the environment says where traces go (OTEL_EXPORTER_OTLP_ENDPOINT).
"""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import Status, StatusCode

from forebay.config.release_number import __version__
from forebay.governor.states import Step
from forebay.worker.steps.turn import Turn

#: What a process is called whose environment does not name it (OTEL_SERVICE_NAME).
_SERVICE = "forebay-worker"


def trace_id_of(lane: str, run: str, attempt: int) -> int:
    """Gives the id of the trace of an attempt; never 0, which is none."""
    digest = hashlib.sha256(f"{lane}\n{run}\n{attempt}".encode()).digest()
    return int.from_bytes(digest[:16], "big") or 1


class _DerivedIds(RandomIdGenerator):
    """Gives the trace that a thread has chosen."""

    def __init__(self) -> None:
        self.chosen = threading.local()

    def generate_trace_id(self) -> int:
        chosen: int | None = getattr(self.chosen, "trace_id", None)
        return chosen or super().generate_trace_id()


class Tracing:
    """Makes the spans of a process. Thread safe."""

    def __init__(self, processor: SpanProcessor) -> None:
        """Takes what gets the spans."""
        self._ids = _DerivedIds()
        named = Resource.create()
        if str(named.attributes.get(SERVICE_NAME, "")).startswith("unknown_service"):
            named = named.merge(Resource({SERVICE_NAME: _SERVICE}))
        self._provider = TracerProvider(id_generator=self._ids, resource=named)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("forebay", __version__)

    @contextmanager
    def step(self, step: Step, turn: Turn) -> Iterator[None]:
        """Makes a span of a step, which ends with the block and says then what came of it."""
        custody = turn.custody
        self._ids.chosen.trace_id = trace_id_of(turn.lane, custody.run, custody.attempt)
        try:
            span = self._tracer.start_span(f"forebay.{step}", context=Context())
        finally:
            self._ids.chosen.trace_id = None
        span.set_attributes(
            {
                "forebay.lane": turn.lane,
                "forebay.batch": custody.flow,
                "forebay.run": custody.run,
                "forebay.attempt": custody.attempt,
                "forebay.tries": custody.tries,
            }
        )
        try:
            yield
        finally:
            span.set_attribute("forebay.state", str(turn.custody.state))
            if turn.custody.query_run:
                span.set_attribute("forebay.query_run", turn.custody.query_run)
            span.set_attributes(turn.came_to)
            if "error.type" in turn.came_to:
                span.set_status(Status(StatusCode.ERROR))
            span.end()

    def close(self) -> None:
        """Sends what waits to be sent."""
        self._provider.shutdown()


def open_tracing() -> Tracing:
    """Sends spans where OTEL_EXPORTER_OTLP_ENDPOINT and its like say, in a thread of its own."""
    return Tracing(BatchSpanProcessor(OTLPSpanExporter()))
