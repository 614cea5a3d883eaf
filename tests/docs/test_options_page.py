"""The page of options has every command, and each of its options."""

from forebay.cli.main import COMMANDS
from tests.docs.command_parser import parameters_of
from tests.docs.options_page import options_page


def test_it_has_every_command_and_option_and_is_a_page_of_tables() -> None:
    page = options_page()

    assert [name for name in COMMANDS if f"\n## `{name}`\n" not in page] == []
    options = {
        (name, option)
        for name in COMMANDS
        if name != "sandbox"
        for parameters in parameters_of(name).values()
        for parameter in parameters
        for option in parameter.opts
        if option.startswith("-")
    }
    assert len(options) > 100
    assert [(name, option) for name, option in sorted(options) if f"`{option}`" not in page] == []
