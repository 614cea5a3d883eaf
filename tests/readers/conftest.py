"""Lands results, and gives the readers that are not installed everywhere."""

import os
import shutil
from importlib import import_module
from typing import Any

import pytest

from tests.landing.conftest import folder
from tests.landing.formats.conftest import stored

__all__ = ["folder", "frames", "polars", "stored"]


def missing(name: str) -> None:
    """Skips a test whose reader is not there, and says so. `make readers` skips none: there it fails."""
    end = pytest.fail if os.environ.get("FOREBAY_TEST_READERS") == "all" else pytest.skip
    end(f"this machine has no {name}: `make readers` runs this test, or fails")


def tool(name: str) -> None:
    """Says that a test needs a program of the machine's."""
    if shutil.which(name) is None:
        missing(name)


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        return missing(name)


@pytest.fixture(scope="session")
def frames() -> Any:
    """Gives pandas."""
    return _library("pandas")


@pytest.fixture(scope="session")
def polars() -> Any:
    """Gives polars."""
    return _library("polars")
