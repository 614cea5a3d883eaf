"""Docstrings begin with a verb, what others use has one, and fields are documented by what stands below them."""

import ast
import re
import tokenize
from collections.abc import Iterator

import pytest

from tests.source import ROOT, Function, classes, functions, modules, support

#: A verb in the third person: Reads, Says, POSTs. What a command does is an imperative, as `--help` shows it.
THIRD_PERSON = re.compile(r"[A-Z]+[a-z]*s")
#: Words that end in the same way and are no verbs, or mostly not.
NO_VERBS = {
    "Accounts", "Across", "Ages", "Always", "As", "Batches", "Bytes", "Chunks", "Columns", "Commands", "Connections",
    "Failures", "Files", "Ids", "Items", "Its", "Keys", "Lines", "Options", "Outside", "Pairs", "Parts", "Queries",
    "Redis", "Seconds", "Sentences", "Signals", "Slots", "Tables", "This", "Unless", "Values", "Windows",
}  # fmt: skip
#: Words with which no docstring of a function or a module begins, wherever it stands.
QUESTIONS = {"From", "How", "Up", "What", "When", "Where", "Whether", "Which", "Who", "Whoever", "Whom", "Whose", "Why"}
#: Where functions are commands, and where they are keys, each described by its type first.
COMMANDS, KEYS, PACKAGE = "cli/commands/", "governor/keys.py", "src/forebay/__init__.py"
KEY_TYPES = {"HASH", "KEYS", "LIST", "SET", "STRING", "ZSET"}
#: Functions that need no words: the module's docstring says what they run.
PLAIN = {"main"}


@pytest.mark.parametrize("path", modules())
def test_what_others_use_has_a_docstring(path: str) -> None:
    module = modules()[path]

    assert not module.body or ast.get_docstring(module), "the module has none"
    assert [node.name for node in _public(module) if ast.get_docstring(node) is None] == []


@pytest.mark.parametrize("path", [*modules(), *support()])
def test_docstrings_of_modules_and_functions_begin_with_a_verb(path: str) -> None:
    module = (modules() | support())[path]
    docstrings = filter(None, map(ast.get_docstring, (module, *functions(module))))

    assert [text for text in docstrings if not _is_verb(text.split()[0].strip("`,:."), path)] == []


@pytest.mark.parametrize("path", modules())
def test_fields_are_documented_by_a_literal_below_them(path: str) -> None:
    fields = [
        field
        for node in ast.walk(modules()[path])
        if isinstance(node, ast.ClassDef)
        for field in node.body
        if isinstance(field, ast.AnnAssign)
    ]
    comments = _comments(path)
    beside = [comments.get(field.end_lineno or 0, "") for field in fields]
    above = [comments.get(field.lineno - 1, "") for field in fields]

    assert [text for text in beside if text and not text.startswith(("# type:", "# noqa:"))] == []
    assert [text for text in above if text.startswith("#:")] == []


def _is_verb(word: str, path: str) -> bool:
    if path.startswith((COMMANDS, "tests/")) or path == PACKAGE:
        return word not in QUESTIONS
    if path == KEYS and word in KEY_TYPES:
        return True
    return THIRD_PERSON.fullmatch(word) is not None and word not in NO_VERBS


def _public(module: ast.Module) -> Iterator[ast.ClassDef | Function]:
    yield from (node for node in classes(module) if not node.name.startswith("_"))
    for node in module.body:
        if isinstance(node, Function) and not node.name.startswith("_") and node.name not in PLAIN:
            yield node


def _comments(path: str) -> dict[int, str]:
    """The comments of a file by their lines."""
    with tokenize.open(ROOT / path) as file:
        return {
            token.start[0]: token.string
            for token in tokenize.generate_tokens(file.readline)
            if token.type == tokenize.COMMENT
        }
