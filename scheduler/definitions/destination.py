"""Says where results go, as every process of a deployment understands it."""

from pathlib import Path

from forebay.config.connections import Config


def destination(config: Config, to: str | None) -> str:
    """Says where results go. A folder is made absolute: workers stand elsewhere."""
    chosen = to or config.output or "out"
    return chosen if "://" in chosen else str(Path(chosen).expanduser().absolute())
