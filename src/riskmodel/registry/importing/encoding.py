"""Find out how a text file is encoded and what parts its columns."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Callable
from pathlib import Path

from riskmodel.errors import CallError, DataError

_CHUNK = 1 << 22
_SAMPLE = 1 << 16
_DELIMITERS = (",", "\t", ";", "|", "，")
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def find_encoding(path: Path, *, fits: Callable[[str], bool], named: str | None = None) -> str:
    """Return the encoding of the text file ``path``.

    A byte-order mark decides. Otherwise every byte is tried as UTF-8 and as GB18030, and what charset-normalizer
    takes the beginning for comes third; the first of them in which the file ``fits`` wins, else the first that
    can read it at all.

    Parameters
    ----------
    fits : callable
        Takes an encoding that reads the whole file; says whether the file makes sense in it.
    named : str, optional
        The encoding that the mapping names: it is checked, not guessed.

    Raises
    ------
    CallError
        ``named`` is no encoding.
    DataError
        The file cannot be read in ``named``, or in any encoding tried.
    """
    if named is not None:
        try:
            codecs.lookup(named)
        except LookupError:
            raise CallError(f'encoding is "{named}", which Python does not know. Usual: utf-8, gb18030.') from None
        named = "utf-8-sig" if codecs.lookup(named).name == "utf-8" else named
        fault = _fault(path, named)
        if fault is None:
            return named
        raise DataError(f"{path.name}: not {named} ({fault}). Leave encoding out of the mapping to have it found.")
    with path.open("rb") as handle:
        start = handle.read(_SAMPLE)
    for mark, encoding in _MARKS:
        if start.startswith(mark) and _fault(path, encoding) is None:
            return encoding
    readable: list[str] = []
    for guess in (lambda: "utf-8", lambda: "gb18030", lambda: _guess(start)):
        candidate = guess()
        if candidate is None or candidate in readable or _fault(path, candidate) is not None:
            continue
        if fits(candidate):
            return candidate
        readable.append(candidate)
    if not readable:
        raise DataError(
            f"{path.name}: neither UTF-8 nor GB18030. Name its encoding in the mapping (sources.*.encoding)."
        )
    return readable[0]


def _fault(path: Path, encoding: str) -> str | None:
    """Return why ``path`` is not ``encoding``, None when every byte is."""
    decoder = codecs.getincrementaldecoder(encoding)(errors="strict")
    done = 0
    with path.open("rb") as handle:
        while True:
            chunk = handle.read(_CHUNK)
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeError as error:
                return f"byte {done + getattr(error, 'start', 0):,}"
            if not chunk:
                return None
            done += len(chunk)


def _guess(start: bytes) -> str | None:
    import charset_normalizer

    # A sample ends anywhere: cut it at a line so that no character is halved.
    best = charset_normalizer.from_bytes(start[: start.rfind(b"\n") + 1] or start).best()
    return best.encoding if best is not None else None


def find_delimiter(line: str) -> str:
    """Return what parts the columns of a heading line: the mark that stands most often outside quotes.

    >>> find_delimiter('户编号;"姓名;曾用名";月份')
    ';'
    """
    counts = {mark: len(next(csv.reader([line], delimiter=mark), [])) for mark in _DELIMITERS}
    return max(_DELIMITERS, key=lambda mark: counts[mark])


def records(path: Path, *, encoding: str, delimiter: str | None, count: int) -> tuple[list[list[str]], int, str]:
    """Return the first ``count`` records of a CSV file, the lines they take, and the delimiter.

    The delimiter, where it is not given, is found on the last of these records (the heading).
    """
    with path.open(encoding=encoding, newline="") as handle:
        if delimiter is None:
            lines = [line for _, line in zip(range(count), handle, strict=False)]
            delimiter = find_delimiter(lines[-1]) if lines else ","
            handle.seek(0)
        reader = csv.reader(handle, delimiter=delimiter)
        found = [record for _, record in zip(range(count), reader, strict=False)]
        return found, reader.line_num, delimiter
