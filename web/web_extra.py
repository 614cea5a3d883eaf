"""Says what of the extra `web` is not installed: its code comes with every Forebay, what it runs on does not."""

from importlib.util import find_spec

#: What `forebay[web]` brings.
NEEDED = ("jinja2", "markupsafe", "uvicorn")
WAY_OUT = "pip install 'forebay[web]'"


def missing() -> str:
    """Says in one sentence what is not there; empty when nothing is missing."""
    absent = [name for name in NEEDED if find_spec(name) is None]
    return f"forebay web needs {', '.join(absent)}" if absent else ""
