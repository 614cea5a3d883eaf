"""Says where `forebay demo` keeps what it did, apart from all else: in a data folder of its own."""

from pathlib import Path

FOLDER = Path(".forebay/demo")
LEDGER = FOLDER / "ledger"
#: With these a command sees what the demo kept.
SETTINGS = f"FOREBAY_DATA_DIR={FOLDER} FOREBAY_LEDGER={LEDGER}"
