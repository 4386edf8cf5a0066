"""Spark is asked for where it cannot run: what is missing is said, and how to get it. Nothing here needs Spark."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from riskmodel.engine.spark import java, require_spark
from riskmodel.engine.spark.session import _complaint
from riskmodel.errors import CallError


def a_java(folder: Path, version: str) -> Path:
    """A program that says that it is a Java of some version."""
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
    program.chmod(0o755)
    return folder


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without Java, PySpark and the extra's own Java."""
    java._version.cache_clear()
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(java.shutil, "which", lambda name: None)
    monkeypatch.setattr(java.importlib.util, "find_spec", lambda name: None)


@pytest.mark.usefixtures("bare")
def test_without_pyspark_the_install_command_is_named() -> None:
    with pytest.raises(CallError, match=r'--engine is "spark", but PySpark is not installed.*\.\[spark\]'):
        require_spark(option="--engine")


@pytest.mark.usefixtures("bare")
def test_without_java_what_it_runs_on_is_named() -> None:
    with pytest.raises(CallError, match=r"Spark runs on Java 17 to 23, and there is none here\. Install"):
        java.java_home()


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(("version", "said"), [("11.0.2", "is Java 11"), ("24", "is Java 24"), ("one", "is no Java")])
def test_a_java_that_does_not_fit_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, said: str
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(a_java(tmp_path / "home", version)))
    with pytest.raises(CallError, match=said):
        java.java_home()


@pytest.mark.usefixtures("bare")
def test_java_home_comes_before_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named, on_path = a_java(tmp_path / "named", "21.0.1"), a_java(tmp_path / "path", "17.0.15")
    monkeypatch.setattr(java.shutil, "which", lambda name: str(on_path / "bin" / "java"))
    assert java.java_home() == on_path
    monkeypatch.setenv("JAVA_HOME", str(named))
    assert java.java_home() == named


def test_of_what_spark_printed_the_error_is_told() -> None:
    said = (
        b"WARN something\nException in thread main SparkException: Could not parse Master URL: 'x'\n  at a.b(C.java)\n"
    )
    assert _complaint(io.BytesIO(said)).endswith("Could not parse Master URL: 'x'")
    assert _complaint(io.BytesIO(b"killed\n  at a.b(C.java)\n\n")) == "killed"
    assert _complaint(io.BytesIO(b"")) == ""
