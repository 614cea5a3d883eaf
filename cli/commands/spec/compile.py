"""Writes the SQL that definitions come to, as Stripe would get it: `forebay compile`."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import typer

from forebay.cli import options
from forebay.cli.exits import Exit
from forebay.cli.options import DefinitionOptions
from forebay.cli.output import events, plain_text, words
from forebay.cli.submitting import definition_names
from forebay.cli.submitting.expanding import NoWindowYet, expanded, wanted
from forebay.config.connections import Config
from forebay.config.load import load_config
from forebay.config.settings import Settings
from forebay.landing.result_paths import object_stem
from forebay.runtime.open_runtime import open_stores
from forebay.scheduler.definitions.destination import destination
from forebay.scheduler.definitions.expansion import Expansion
from forebay.store.ledger.records import Item

Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="NAME", help="Batches and extracts of the spec; without any all of them.", show_default=False
    ),
]
To = Annotated[
    str | None,
    typer.Option("--to", metavar="FOLDER|URL", help="Writes files there, below the definition's name."),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    """One text that is sent, and for whom."""

    definition: str
    item: Item
    """The first that asks it."""
    accounts: list[str]
    """All that are asked so; none where the connection's own account, or its organization, is."""

    @property
    def stem(self) -> str:
        """Says where its file goes: below an account's name only where each is asked otherwise."""
        own = self.item.account if len(self.accounts) == 1 else None
        return object_stem(self.definition, own, self.item.name)

    @property
    def title(self) -> str:
        whom = self.accounts[0] if len(self.accounts) == 1 else words.counted(len(self.accounts), "account")
        return f"{self.definition}: {self.item.name}" + (f", for {whom}" if self.accounts else "")


def compile(  # noqa: A001 - the command's name
    definition: DefinitionOptions, names: Names = None, to: To = None, *, as_json: options.Json = False
) -> int:
    """Write the SQL of definitions as Stripe would get it; runs nothing.

    Each text once: to standard output, or to files.
    """
    settings = Settings()
    config = load_config(settings)
    place = None if to is None else destination(config, to)
    texts = list(_texts(settings, config, names, definition))  # all, before anything is written
    if place is None:
        return _show(texts, as_json=as_json)
    store = open_stores(settings).open(place)
    for text in texts:
        store.put(f"{text.stem}.sql", text.item.sql.encode())
        if as_json:
            events.emit("compiled", **_facts(text), file=store.url_of(f"{text.stem}.sql"))
    if as_json:
        events.result(Exit.OK, texts=len(texts), output=place)
    else:
        plain_text.say(f"{words.counted(len(texts), 'text')} in {words.place(place)}/")
    return Exit.OK


def _texts(
    settings: Settings, config: Config, names: list[str] | None, definition: DefinitionOptions
) -> Iterator[_Text]:
    for name in definition_names.meant(config, names, several=not (definition.window or definition.param)):
        try:
            asked = wanted(settings, values=definition.values)
            expansion = expanded(config, name, window=definition.window, now=datetime.now(UTC), wanted=asked)
        except NoWindowYet as error:
            if names:
                raise
            plain_text.remark(f"extract {name}: {error}")
            continue
        yield from _distinct(expansion)


def _distinct(expansion: Expansion) -> Iterator[_Text]:
    """Yields each text once, in the order of the items."""
    texts: dict[tuple[str, str], _Text] = {}
    for item in expansion.items():
        text = texts.setdefault((item.name, item.sql), _Text(definition=expansion.definition, item=item, accounts=[]))
        if item.account:
            text.accounts.append(item.account)
    yield from texts.values()


def _show(texts: list[_Text], *, as_json: bool) -> int:
    if as_json:
        for text in texts:
            events.emit("compiled", **_facts(text), sql=text.item.sql)
        events.result(Exit.OK, texts=len(texts))
    elif len(texts) == 1:
        plain_text.say_text(texts[0].item.sql)
    else:
        for number, text in enumerate(texts):
            plain_text.say(*([""] if number else []), f"-- {text.title}")
            plain_text.say_text(text.item.sql)
    return Exit.OK


def _facts(text: _Text) -> dict[str, object]:
    return {"definition": text.definition, "name": text.item.name, "accounts": text.accounts}
