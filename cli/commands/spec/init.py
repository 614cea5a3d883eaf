"""Writes an example of a spec, its queries and its key, which runs against `forebay sandbox`: `forebay init`."""

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated

import typer

from forebay.cli.errors import NotHere
from forebay.cli.exits import Exit
from forebay.cli.output import plain_text, words
from forebay.store.private_folders import make_data_folder

#: Where an editor finds what the spec may say: a path works offline, and from this folder an upgrade can renew it.
SCHEMA = Path(".forebay/spec.schema.json")

#: Written under other names: a package that holds dotfiles confuses the tools that look for them.
_NAMES = {"env": ".env", "gitignore": ".gitignore"}
#: Those that a folder may well have already: ours would only be an example.
_KEPT = frozenset(_NAMES.values())


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where to; made if it is not there.", show_default=False)
    ] = Path(),
) -> int:
    """Write an example of a spec with its queries.

    It runs against `forebay sandbox` as it stands.
    """
    example = dict(_example(files("forebay.cli") / "example", Path()))
    taken = [str(folder / path) for path in example if (folder / path).exists() and str(path) not in _KEPT]
    if taken:
        raise NotHere(
            f"{', '.join(taken)} would be overwritten; nothing was written",
            way_out="forebay init FOLDER writes into another folder",
        )
    _refuse_a_file(folder)
    written: list[Path] = []
    try:
        for path, text in example.items():
            if _write(folder / path, text):
                written.append(path)
        write_schema(folder)
    except OSError as error:
        for path in written:
            (folder / path).unlink(missing_ok=True)
        raise NotHere(
            f"{error.filename or folder} cannot be written: {error.strerror}",
            way_out="forebay init FOLDER writes into another folder",
        ) from error
    for path in written:
        plain_text.say(f"  {words.place(str((folder / path).absolute()))}")
    plain_text.say(*_next_steps(folder, has_key=Path(".env") in written))
    return Exit.OK


def write_schema(folder: Path) -> None:
    """Writes the spec's JSON Schema, as of this Forebay."""
    from forebay.config.document.json_schema import schema_text  # it reads its own source, which takes a moment

    path, text = folder / SCHEMA, schema_text()
    if not path.exists() or path.read_text("utf-8") != text:
        make_data_folder(path.parent)
        path.write_text(text, "utf-8")


def _example(inside: Traversable, below: Path) -> Iterator[tuple[Path, str]]:
    for part in sorted(inside.iterdir(), key=lambda part: part.name):
        path = below / _NAMES.get(part.name, part.name)
        if part.is_dir():
            yield from _example(part, path)
        else:
            yield path, part.read_text("utf-8")


def _refuse_a_file(folder: Path) -> None:
    for path in (folder, *folder.parents):
        if path.exists() and not path.is_dir():
            raise NotHere(f"{path} is a file; name a folder")


def _write(path: Path, text: str) -> bool:
    """Writes what is not there yet; says whether it did."""
    if path.exists():
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600 if path.name == ".env" else 0o666)
    try:
        path.write_text(text, "utf-8")
    except OSError:
        path.unlink()
        raise
    return True


def _next_steps(folder: Path, *, has_key: bool) -> list[str]:
    steps = [
        *([] if folder == Path() else [f"cd {folder}"]),
        *([] if has_key else ["echo SANDBOX_KEY=sk_org_test_sandbox >> .env    # your .env was left as it was"]),
        "forebay sandbox           # a local Stripe; it needs a terminal of its own",
        "forebay schema            # what tables it has, so that names can be checked",
        "forebay validate          # the spec and its SQL",
        "forebay plan month_end    # what it would come to",
        "forebay run month_end     # results land under out/",
    ]
    return ["", "Next:", *(f"  {step}" for step in steps)]
