"""Says what of the sandbox's extra is not installed: its code comes with every Forebay, what it runs on does not."""

from importlib.util import find_spec

#: What `forebay[sandbox]` brings.
NEEDED = ("duckdb", "uvicorn")
WAY_OUT = "pip install 'forebay[sandbox]'"


def missing() -> str:
    """Says in one sentence what is not there; empty when nothing is missing."""
    absent = [name for name in NEEDED if find_spec(name) is None]
    return f"the sandbox needs {', '.join(absent)}" if absent else ""
