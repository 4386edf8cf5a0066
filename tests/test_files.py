"""Digests that were begun before they are asked for are those of the file as it lies."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from riskmodel.files import digest_ahead, sha256_of


def test_a_digest_begun_ahead_is_that_of_the_file(tmp_path: Path):
    files = [tmp_path / name for name in "abc"]
    for number, file in enumerate(files):
        file.write_bytes(bytes([number]) * 100_000)
    digest_ahead([*files, tmp_path / "absent"])
    for file in files * 2:
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
