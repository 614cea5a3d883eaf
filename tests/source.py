"""Reads the source as text and as syntax trees, for the tests that hold over all of it."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
#: The folders that `pip install` installs, and beside them what measures it.
FOLDERS = (
    "cli",
    "config",
    "events",
    "governor",
    "landing",
    "metrics",
    "queryrun",
    "runtime",
    "sandbox",
    "scheduler",
    "store",
    "web",
    "worker",
)
#: The client: a distribution of its own, which the wheel has too, under its own name.
CLIENT = "client/forebay_client"
#: Ours for orchestrators: each a distribution of its own on the client alone, which no wheel of ours has.
INTEGRATIONS = ("integrations/airflow/airflow_provider_forebay", "integrations/dagster/dagster_forebay")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def modules() -> dict[str, ast.Module]:
    """Parses each Python file of the source, by its path from the root."""
    files = [ROOT / "src/forebay/__init__.py"]
    folders = (*FOLDERS, CLIENT, *INTEGRATIONS, "bench")
    files += [file for folder in folders for file in sorted((ROOT / folder).rglob("*.py"))]
    return {file.relative_to(ROOT).as_posix(): ast.parse(file.read_text()) for file in files}


@cache
def support() -> dict[str, ast.Module]:
    """Parses what tests share: models, drivers, servers."""
    files = [file for file in sorted((ROOT / "tests").rglob("*.py")) if not file.name.startswith("test_")]
    return {file.relative_to(ROOT).as_posix(): ast.parse(file.read_text()) for file in files}


def classes(module: ast.Module) -> Iterator[ast.ClassDef]:
    """Yields the classes that stand at the top of `module`."""
    return (node for node in module.body if isinstance(node, ast.ClassDef))


def functions(module: ast.Module) -> Iterator[Function]:
    """Yields every function of `module`: methods and inner ones too."""
    return (node for node in ast.walk(module) if isinstance(node, Function))
