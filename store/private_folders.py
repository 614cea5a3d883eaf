"""Makes the folders of ours that nobody else may look into: the data folder and those in it."""

import os
from pathlib import Path

#: The data folder's usual name. One of another name may be anybody's, such as `/tmp`, and is left as it is.
DATA_FOLDER = ".forebay"


def make_data_folder(folder: Path) -> None:
    """Makes a data folder for this user alone; narrows one that is there only if its name says whose it is.

    Raises OSError.
    """
    if folder.name == DATA_FOLDER or not folder.is_dir():
        make_private(folder)


def make_private(folder: Path) -> None:
    """Makes a folder of ours, with those above it that are missing; narrows one of this user that was open to others.

    Raises OSError.
    """
    if not folder.parent.exists():
        make_private(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.stat()
    if found.st_mode & 0o077 and found.st_uid == os.geteuid():
        folder.chmod(0o700)
