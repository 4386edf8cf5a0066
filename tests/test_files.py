"""Digests that were begun before they are asked for are those of the file as it lies."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from riskmodel import files
from riskmodel.files import digest_ahead, sha256_of


def test_a_digest_begun_ahead_is_that_of_the_file(tmp_path: Path):
    paths = [tmp_path / name for name in "abc"]
    for number, file in enumerate(paths):
        file.write_bytes(bytes([number]) * 100_000)
    (tmp_path / "aa.parquet").mkdir()
    digest_ahead([tmp_path / "aa.parquet", *paths, tmp_path / "absent"])
    ahead = [files._AHEAD[files._as_it_stands(file)].result(timeout=30) for file in paths]
    assert ahead == [hashlib.sha256(file.read_bytes()).hexdigest() for file in paths]
    for file in paths * 2:
        assert sha256_of(file) == hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_file_that_was_changed_meanwhile_is_read_again(tmp_path: Path):
    file = tmp_path / "a"
    file.write_bytes(b"before")
    os.utime(file, (1, 1))
    digest_ahead([file])
    file.write_bytes(b"behind")
    assert sha256_of(file) == hashlib.sha256(b"behind").hexdigest()


def test_what_cannot_be_read_is_told_where_it_is_asked_for(tmp_path: Path):
    file = tmp_path / "a"
    file.write_bytes(b"a")
    digest_ahead([file])
    assert sha256_of(file)
    file.unlink()
    with pytest.raises(FileNotFoundError):
        sha256_of(file)


def test_a_digest_begun_ahead_of_a_relative_path_is_that_of_the_file_whatever_folder_is_current_then(
    tmp_path: Path, monkeypatch
):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "a").write_bytes(b"a" * 1_000_000)
    monkeypatch.chdir(tmp_path)
    digest_ahead([Path("a")])
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert sha256_of(tmp_path / "a") == hashlib.sha256(b"a" * 1_000_000).hexdigest()


@pytest.mark.parametrize("reader", ["raise SystemExit", "print('half', flush=True); raise SystemExit", None, ""])
def test_a_digest_that_failed_ahead_is_worked_out_where_it_is_asked_for(tmp_path: Path, monkeypatch, reader):
    for name in "ab":
        (tmp_path / name).write_bytes(name.encode())
    if not reader:
        monkeypatch.setattr("sys.executable", None if reader is None else str(tmp_path / "absent"))
    else:
        monkeypatch.setattr(files, "_DIGESTS", reader)
    digest_ahead([tmp_path / "a", tmp_path / "b"])
    assert files._AHEAD[files._as_it_stands(tmp_path / "b")].exception(timeout=10) is not None
    for name in "ab":
        assert sha256_of(tmp_path / name) == hashlib.sha256(name.encode()).hexdigest()
