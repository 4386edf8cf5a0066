"""Nobody's name or number gets from the identity table into anything that a command writes or says."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest


def words_of(file: Path) -> Iterator[str]:
    """All text in a file, what is packed in it unpacked."""
    if file.suffix == ".parquet":
        rows = pq.read_table(file)
        yield str(rows.schema) + json.dumps({str(k): str(v) for k, v in (rows.schema.metadata or {}).items()})
        for column in rows.columns:
            plain = column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
            yield from map(str, plain.unique().to_pylist() if pa.types.is_string(plain.type) else plain.to_pylist())
        return
    raw = file.read_bytes()
    if raw[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            yield from (packed.read(name).decode("utf-8", "replace") for name in packed.namelist())
        return
    yield raw.decode("utf-8", "replace")


def found_in(texts: Iterator[str], said: set[str]) -> set[str]:
    """Which of the names and numbers occur, as words of their own."""
    finder = re.compile(r"[0-9X]{11,}|[一-鿿]+")
    names = {word for word in said if not word[0].isdigit()}
    found = set()
    for text in texts:
        for piece in finder.findall(text):
            if piece[0].isdigit():
                found |= {piece} & said
            else:
                found |= {piece[at : at + n] for at in range(len(piece)) for n in (2, 3)} & names
    return found


@pytest.fixture(scope="module")
def said(workspace) -> set[str]:
    rows = pq.read_table(workspace / "county.identity" / "identity.parquet")
    return {text for name in ("name", "id_number", "phone", "account") for text in rows[name].to_pylist()}


def test_no_output_of_any_command_holds_any_of_it(cli, workspace, trained, scored, said, tmp_path):
    report = tmp_path / "report"
    told = [trained, scored, cli("report", "out/2026-01", "--out", report, cwd=workspace)]
    told.append(cli("validate", "county", "--out", tmp_path / "kept", cwd=workspace))
    told.append(cli("features", "county", "--as-of", "2025-01-01", "--out", tmp_path / "f.parquet", cwd=workspace))
    assert [ended.code for ended in told] == [0] * len(told), [ended.err for ended in told]
    private = workspace / "county.identity"
    files = [path for top in (workspace, tmp_path) for path in top.rglob("*") if path.is_file()]
    files = [path for path in files if private not in path.parents]
    assert len(files) > 60
    for file in files:
        assert not found_in(words_of(file), said), file
    assert not found_in(iter([ended.out + ended.err for ended in told]), said)


def test_the_canary_would_be_heard(workspace, said, tmp_path):
    rows = pq.read_table(workspace / "county.identity" / "identity.parquet").slice(3, 1)
    one = rows.to_pylist()[0]
    pq.write_table(pa.table({"note": pa.array([f"visited {one['name']}"]).dictionary_encode()}), tmp_path / "a.parquet")
    (tmp_path / "b.html").write_text(f"<p>{one['id_number']}, 户主{one['name']}，{one['phone']}")
    with zipfile.ZipFile(tmp_path / "c.xlsx", "w") as packed:
        packed.writestr("sheet.xml", f"<c>{one['account']}</c>")
    heard = [found_in(words_of(tmp_path / name), said) for name in ("a.parquet", "b.html", "c.xlsx")]
    assert heard == [{one["name"]}, {one["id_number"], one["name"], one["phone"]}, {one["account"]}]


def test_the_command_says_where_it_lies_and_no_more(cli, tmp_path):
    out = tmp_path / "county"
    call = ("simulate", out, "-n", 30, "-y", 1, "--until", "2025-01-01")
    ended = cli(*call, "--identity")
    assert ended.code == 0, ended.err
    file = tmp_path / "county.identity" / "identity.parquet"
    assert f"{file}: {pq.read_metadata(file).num_rows:,} people who cannot be real" in ended.said
    assert cli(*call).code == 0
    assert not file.parent.exists()


def test_somebody_elses_folder_is_refused_before_any_work(cli, tmp_path):
    (tmp_path / "county.identity").mkdir()
    (tmp_path / "county.identity" / "identity.parquet").write_text("real people")
    call = ("simulate", tmp_path / "county", "-n", 30, "-y", 1, "--until", "2025-01-01")
    ended = cli(*call, "--identity")
    assert (ended.code, "county.identity is there already" in ended.err) == (2, True), ended.err
    assert not (tmp_path / "county").exists()
    assert cli(*call).code == 0
    assert (tmp_path / "county.identity" / "identity.parquet").read_text() == "real people"
