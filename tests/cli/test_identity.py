"""Nobody's name or number gets from the identity table into anything that a command writes or says."""

from __future__ import annotations

import io
import json
import re
import sqlite3
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


def lived(cli, workspace, url: Path, report: Path) -> list:
    """Take the scored county's flags through the list, up to a notice for one household."""
    one = pq.read_table(workspace / "out" / "2026-01" / "flags.parquet")["household_id"][0].as_py()
    at = ("--list", url, "--on", "2026-01-20")
    acts = [
        ("visit", "village", "verdict=at_risk"),
        ("authorise", "village", "form=A-1"),
        ("compare", "county", "result=clear"),
        ("review", "village", "note=agreed"),
    ]
    return [
        cli(
            "list", "update", "out/2026-01", "--registry", "county", "--list", url, "--on", "2026-01-03", cwd=workspace
        ),
        cli(
            "list",
            "sample",
            "out/2026-01",
            "--size",
            5,
            "--seed",
            1,
            "--list",
            url,
            "--on",
            "2026-01-03",
            cwd=workspace,
        ),
        *(
            cli("list", "act", one, action, "--role", role, "--actor", role, "--set", carried, *at, cwd=workspace)
            for action, role, carried in acts
        ),
        cli("list", "import-verdicts", report / "list.xlsx", "--actor", "t-1", "--list", url, cwd=workspace),
    ]


def test_no_output_of_the_list_holds_any_of_it(cli, workspace, scored, said, tmp_path):
    assert cli("report", "out/2026-01", "--out", tmp_path / "report", cwd=workspace).code == 0
    url = tmp_path / "list.db"
    told = lived(cli, workspace, url, tmp_path / "report")
    for arguments in (
        ("export", tmp_path / "list.csv"),
        ("export", tmp_path / "list.xlsx"),
        ("export", tmp_path / "list.parquet"),
        ("export", tmp_path / "rows", "--registry-rows"),
        ("due", "--to", tmp_path / "due.csv"),
        ("audit", "--to", tmp_path / "audit.jsonl"),
        ("audit",),
        ("results", "--to", tmp_path / "results.json"),
        ("show", "--most", 500),
        ("notice", tmp_path / "notice.html", "--registry", "county", "--on", "2026-01-20"),
        ("verify-log",),
    ):
        told.append(cli("list", *arguments, "--list", url, cwd=workspace))
    assert [ended.code for ended in told] == [0] * len(told), [ended.err for ended in told]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"list.db", "list.csv", "notice.html", "audit.jsonl"} <= {path.name for path in files}
    for file in files:
        assert not found_in(words_of(file), said), file
    assert not found_in(iter([ended.out + ended.err for ended in told]), said)


def test_the_notice_shows_what_the_law_allows_and_nothing_else(cli, workspace, scored, said, tmp_path):
    assert cli("report", "out/2026-01", "--out", tmp_path / "report", cwd=workspace).code == 0
    url = tmp_path / "list.db"
    lived(cli, workspace, url, tmp_path / "report")
    identity = workspace / "county.identity" / "identity.parquet"
    call = ("list", "notice", tmp_path / "notice.html", "--list", url, "--registry", "county", "--on", "2026-01-20")
    refused = cli(*call, "--identity", identity, cwd=workspace)
    assert (refused.code, "give --authorised-by and --purpose" in refused.said) == (2, True)
    assert not (tmp_path / "notice.html").exists()
    asked = ("--identity", identity, "--authorised-by", "county-7", "--purpose", "village notice")
    for lang in ("zh", "en"):
        ended = cli(*call, *asked, "--lang", lang, cwd=workspace)
        assert ended.code == 0, ended.err
        page = (tmp_path / "notice.html").read_text(encoding="utf-8")
        one = pq.read_table(workspace / "out" / "2026-01" / "flags.parquet").slice(0, 1).to_pylist()[0]
        people = [row for row in pq.read_table(identity).to_pylist() if row["household_id"] == one["household_id"]]
        members = pq.read_table(workspace / "county" / "member.parquet").to_pylist()
        head = next(
            row["member_id"]
            for row in members
            if row["household_id"] == one["household_id"] and row["relation"] == "head" and row["left_on"] is None
        )
        name = next(row["name"] for row in people if row["member_id"] == head)
        assert found_in(iter([page]), said) == {name}
        cells = re.findall(r"<td>(.*?)</td>", page)
        assert len(cells) == 4
        assert cells[1] == name and cells[3].isdigit()
        # Health and the like, the reasons and the risk, are nowhere on it.
        body = page.split("</style>")[1]
        assert not re.search(r"病|残|illness|disab|%|risk_type", body.replace("risk is proposed", ""))
    told = cli("list", "audit", "--list", url, cwd=workspace)
    assert not found_in(iter([told.out]), said)
    kept = sqlite3.connect(url).execute("SELECT actor, purpose, what, households FROM list_opening").fetchall()
    assert kept == [("county-7", "village notice", "notice", 1)] * 2


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
