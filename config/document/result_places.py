"""Says where a definition's results go, and what happens where another result is.

As it says itself; else as `defaults` say; else as is usual, of extracts and of batches.
"""

from __future__ import annotations

from forebay.config.document.definitions import BatchSpec, DefinitionSpec, ExtractSpec
from forebay.config.document.layout import Layout, default_layout, default_write, write_problem
from forebay.config.document.spec import DefaultsSpec
from forebay.config.write_mode import WriteMode


def layout_of(definition: DefinitionSpec, defaults: DefaultsSpec) -> Layout:
    """Says where they go; where nobody says, as it suits how they are written."""
    named = definition.layout or defaults.layout
    return named or default_layout(_named_write(definition, defaults), is_extract=isinstance(definition, ExtractSpec))


def write_of(definition: DefinitionSpec, defaults: DefaultsSpec) -> WriteMode:
    """Says what happens where another result is."""
    return _named_write(definition, defaults) or default_write(layout_of(definition, defaults))


def layout_problem(definition: DefinitionSpec, defaults: DefaultsSpec) -> str | None:
    """Says why results would have one place; None where they do not."""
    named = definition.layout or defaults.layout
    if named is None:
        return None
    problem = named.problem(
        windows=definition.window.every if isinstance(definition, ExtractSpec) else None,
        fixed_window=isinstance(definition, BatchSpec) and definition.window is not None,
        accounts=definition.accounts is not None or definition.by_account is not None,
    )
    return problem and (problem if definition.layout else f"the layout of 'defaults': {problem}")


def write_conflict(definition: DefinitionSpec, defaults: DefaultsSpec) -> str | None:
    """Says why results cannot be written so to their places; None where they can."""
    named = _named_write(definition, defaults)
    problem = named and write_problem(layout_of(definition, defaults), named)
    return problem and (problem if definition.write else f"the 'write' of 'defaults' {problem}")


def _named_write(definition: DefinitionSpec, defaults: DefaultsSpec) -> WriteMode | None:
    return definition.write or defaults.write
