"""Outputs that appear whole or not at all: written aside, then renamed; and by one writer at a time."""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from riskmodel.errors import CallError

if TYPE_CHECKING:
    from concurrent.futures import Future

_AHEAD: dict[tuple[Path, int, int, int], Future[str]] = {}

# How Parquet files are compressed. Amounts of money hardly shrink: LZ4 takes a third less time than Zstandard to write
# and to read, for files a third larger.
CODEC = "lz4"
_PIECE = 1 << 24
_LINE = 2 * hashlib.sha256().digest_size + 1
_DIGESTS = """
import hashlib, sys
for path in sys.argv[1:]:
    try:
        with open(path, "rb", buffering=0) as handle:
            print(hashlib.file_digest(handle, "sha256").hexdigest(), flush=True)
    except OSError:
        print(flush=True)
"""


@contextlib.contextmanager
def write_aside(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path``; on success it becomes ``path``, on error it is removed.

    Works for a file and for a folder. A folder replaces the one that stood there.

    Raises
    ------
    CallError
        Nothing can be written at ``path``: see :func:`check_place`; or a file would replace a folder.
    """
    path = Path(path)
    check_place(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.parent / f".{path.name}.{uuid.uuid4().hex[:8]}.partial"
    try:
        yield aside
        _swap(aside, path)
    except BaseException:
        remove(aside)
        raise


def check_place(path: Path, *, option: str = "") -> None:
    """Refuse a place that nothing can be written to, before any work is done for it.

    Parameters
    ----------
    path : Path
        Of a file or folder; it, and folders above it, need not exist.
    option : str
        How the command line calls it, for the message.

    Raises
    ------
    CallError
        The place lies below a file, or is or lies in a folder that may not be written to.
    """
    named = f"{option} {path}".lstrip()
    place = Path(path).absolute()
    for above in (place, *place.parents) if place.is_dir() else place.parents:
        if not os.path.lexists(above):
            continue
        if not above.is_dir():
            raise CallError(f"{named}: {above} is not a folder, so nothing can lie in it. Name another place.")
        if not os.access(above, os.W_OK | os.X_OK):
            raise CallError(f"{named}: the folder {above} may not be written to. Name another place.")
        return


def _swap(aside: Path, path: Path) -> None:
    if aside.is_file() and path.is_dir():
        raise CallError(f"{path} is a folder; a file cannot take its place.")
    if aside.is_dir() and path.is_dir():
        old = path.parent / f".{path.name}.{uuid.uuid4().hex[:8]}.old"
        path.rename(old)
        try:
            aside.rename(path)
        except BaseException:
            old.rename(path)
            raise
        shutil.rmtree(old)
    else:
        aside.replace(path)


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def literal(path: Path) -> str:
    """Return a path as DuckDB must be told it: it takes ``[``, ``*`` and ``?`` for patterns, and reads what else fits.

    >>> literal(Path("out[1]/a*.parquet"))
    'out[[]1]/a[*].parquet'
    """
    return "".join(f"[{letter}]" if letter in "[*?" else letter for letter in str(path))


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold a folder's lock, and wait for it: what reads and then writes there is done by one at a time.

    The lock is the operating system's: it ends with its process. A file system without locks gives none.
    """
    handle = _locked(folder, wait=True)
    try:
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def alone_or_refused(folder: Path, *, said: str) -> Iterator[None]:
    """Hold a folder's lock, as :func:`alone` does, without waiting for it.

    Parameters
    ----------
    said : str
        What the error says.

    Raises
    ------
    CallError
        Another holds it.
    """
    try:
        handle = _locked(folder, wait=False)
    except BlockingIOError:
        raise CallError(said) from None
    try:
        yield
    finally:
        os.close(handle)


def _locked(folder: Path, *, wait: bool) -> int:
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(folder, os.O_RDONLY)
        except FileNotFoundError:
            continue
        try:
            _flock(handle, wait=wait)
            if _is_still(handle, folder):
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _flock(handle: int, *, wait: bool) -> None:
    try:
        import fcntl
    except ImportError:  # Windows
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        raise
    except OSError:  # a file system without locks
        return


def _is_still(handle: int, folder: Path) -> bool:
    """Whether the folder that was opened is the one at its place: an empty one may have been removed meanwhile."""
    try:
        return os.path.samestat(os.fstat(handle), folder.stat())
    except FileNotFoundError:
        return False


def sha256_of(path: Path) -> str:
    """Return the hex sha256 of a file's bytes."""
    ahead = _AHEAD.pop(_as_it_stands(path), None)
    # What failed there is tried, and fails, where it is asked for.
    return _sha256(path) if ahead is None or ahead.exception() is not None else ahead.result()


def digest_ahead(paths: Iterable[Path]) -> None:
    """Begin to work out the digests of some files that will soon be asked for, while libraries are being loaded.

    A process of its own reads them: threads would wait for the one that loads, and it for them. Each digest is good for
    one :func:`sha256_of`, of the file as it stands now; what cannot be read is left to that. Nobody need wait for them:
    a command that is refused meanwhile ends at once.
    """
    from concurrent.futures import Future

    futures = {}
    for path in paths:
        with contextlib.suppress(OSError):
            futures[str(Path(path).absolute())] = _AHEAD[_as_it_stands(path)] = Future[str]()
    if futures:
        threading.Thread(target=_fill, args=(futures,), daemon=True).start()


def _fill(futures: Mapping[str, Future[str]]) -> None:
    try:
        _read_ahead(futures)
    finally:
        for future in futures.values():
            if not future.done():
                future.set_exception(OSError("not read ahead"))


def _read_ahead(futures: Mapping[str, Future[str]]) -> None:
    # A program that brings its own Python along would be started itself.
    if not sys.executable or getattr(sys, "frozen", False):
        return
    call = [sys.executable, "-I", "-S", "-c", _DIGESTS, *futures]
    with (
        contextlib.suppress(OSError, ValueError),
        subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process,
    ):
        atexit.register(process.kill)
        assert process.stdout is not None
        for line, future in zip(process.stdout, futures.values(), strict=False):
            if len(line) == _LINE:
                future.set_result(line.strip())
        atexit.unregister(process.kill)


def _as_it_stands(path: Path) -> tuple[Path, int, int, int]:
    found = Path(path).stat()
    return Path(path).absolute(), found.st_size, found.st_mtime_ns, found.st_ino


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    # In large pieces: between two of them, a thread may have to wait for others to let go of the interpreter.
    piece = memoryview(bytearray(min(_PIECE, Path(path).stat().st_size + 1)))
    with Path(path).open("rb", buffering=0) as handle:
        while read := handle.readinto(piece):
            digest.update(piece[:read])
    return digest.hexdigest()
