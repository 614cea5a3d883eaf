"""Says what of the extra `parquet` is not installed: its code comes with every Forebay, what it runs on does not."""

from importlib.util import find_spec

from forebay.landing.errors import ExtraMissing

#: What `forebay[parquet]` brings.
NEEDED = ("pyarrow",)
WAY_OUT = "pip install 'forebay[parquet]'"


def missing() -> str:
    """Says in one sentence what is not there; empty when nothing is missing."""
    absent = [name for name in NEEDED if find_spec(name) is None]
    return f"format parquet needs {', '.join(absent)}" if absent else ""


def require_parquet() -> None:
    """Raises ExtraMissing where this worker has not got it."""
    if problem := missing():
        raise ExtraMissing(f"{problem}, which this worker has not: {WAY_OUT} where the workers run")
