"""Find the files that a mapping's sources name."""

from __future__ import annotations

import fnmatch
from pathlib import Path

from riskmodel.errors import CallError, DataError, did_you_mean
from riskmodel.registry.importing.mapping import Mapping
from riskmodel.registry.importing.text import header

# What Excel and LibreOffice leave beside a workbook that somebody has open.
_LOCKS = ("~$", ".~lock.")


def locate(given: Path, mapping: Mapping) -> dict[str, list[tuple[Path, str]]]:
    """Return the files of each source, with the name that messages give them.

    Parameters
    ----------
    given : Path
        The SOURCE of the command: a folder, or the one file that all sources read.

    Raises
    ------
    CallError
        SOURCE is not there, or the mapping names several files and SOURCE is one.
    DataError
        A file that the mapping names is not in the folder.
    """
    given = Path(given)
    if not given.exists():
        beside = [entry.name for entry in given.parent.iterdir()] if given.parent.is_dir() else []
        raise CallError(f"{given}: there is no such file or folder.{did_you_mean(given.name, beside)}")
    if given.is_file():
        files = {source.file for source in mapping.sources.values() if source.file is not None}
        if len(files) > 1:
            raise CallError(
                f"{given} is one file, but the mapping reads {len(files)}: {', '.join(sorted(files))}. "
                "Give their folder."
            )
        return {name: [(given, given.name)] for name in mapping.sources}
    files_there = [path for path in given.rglob("*") if path.is_file() and not path.name.startswith(_LOCKS)]
    inside = sorted(path.relative_to(given).as_posix() for path in files_there)
    found: dict[str, list[tuple[Path, str]]] = {}
    for name, source in mapping.sources.items():
        if source.file is None:
            raise CallError(f"sources.{name} names no file, and {given} is a folder: add file to it, or give the file.")
        wish = source.file.replace("\\", "/")
        # Names are compared as headings are: a file named on one system may be spelt in other Unicode on the next.
        names = [file for file in inside if fnmatch.fnmatchcase(header(file), header(wish))]
        if not names:
            raise DataError(f'{given}: there is no file "{wish}" (sources.{name}.file).{did_you_mean(wish, inside)}')
        found[name] = [(given / file, file) for file in names]
    return found
