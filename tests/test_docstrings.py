"""What stands in words beside the code: docstrings begin with a verb, and fields are documented below themselves."""

import ast
import tokenize
from collections.abc import Iterator

import pytest

from tests.source import ROOT, Function, classes, functions, modules, support

#: Words that a docstring of a module or a function does not begin with: after them comes no verb.
NO_VERBS = {"from", "how", "up", "what", "when", "where", "whether", "which", "who", "whoever", "whom", "whose", "why"}
#: Functions that need no words: the module's docstring says what they run.
PLAIN = {"main"}
#: Still to be gone through.
UNTIDY = {
    "cli/deployment.py",
    "cli/embedded/attach.py",
    "cli/embedded/backlog.py",
    "cli/exits.py",
    "cli/submitting/named.py",
    "cli/submitting/planned.py",
    "governor/governor.py",
    "governor/view.py",
    "worker/app.py",
    "worker/bootstep.py",
    "worker/pump.py",
    "worker/runtime.py",
}
TIDY = [path for path in modules() if path not in UNTIDY]


@pytest.mark.parametrize("path", TIDY)
def test_what_others_use_has_a_docstring(path: str) -> None:
    module = modules()[path]

    assert not module.body or ast.get_docstring(module), "the module has none"
    assert [node.name for node in _public(module) if ast.get_docstring(node) is None] == []


@pytest.mark.parametrize("path", [*TIDY, *support()])
def test_docstrings_of_modules_and_functions_begin_with_a_verb(path: str) -> None:
    module = (modules() | support())[path]
    docstrings = filter(None, map(ast.get_docstring, (module, *functions(module))))

    assert [text for text in docstrings if text.split()[0].strip("`,:").lower() in NO_VERBS] == []


@pytest.mark.parametrize("path", TIDY)
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
