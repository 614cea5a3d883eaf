"""The fuzzer asks what tests of commands and of the page work with."""

from tests.cli.conftest import deployed, endless, folder, forebay, queries, spec, stripe
from tests.cli.serving.conftest import page

__all__ = ["deployed", "endless", "folder", "forebay", "page", "queries", "spec", "stripe"]
