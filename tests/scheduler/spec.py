"""Specs for tests of what definitions come to."""

from pathlib import Path

from forebay.config.connections import Config
from forebay.config.load import load_config
from forebay.config.settings import Settings

CONNECTIONS = """
version: 1
connections:
  acme: {mode: test, key: secret://env/ACME_KEY}
  shops: {mode: test, key: "secret://env/KEY_{account}"}
accounts:
  three: {list: [acct_1, acct_2, acct_3], whole_organization: true}
  some: {list: [acct_1, acct_2, acct_3]}
  two: {list: [acct_1, acct_2, acct_3], exclude: [acct_2]}
"""
DEFAULTS = "defaults: {connection: acme, output: s3://bucket/stripe}\n"


def config_of(folder: Path, definitions: str, *, groups: str = "") -> Config:
    """A configuration whose spec has these definitions beside two connections and three groups."""
    (folder / "forebay.yaml").write_text(f"{CONNECTIONS}{groups}\n{DEFAULTS}{definitions}")
    return load_config(Settings(_env_file=None, spec=folder / "forebay.yaml"))
