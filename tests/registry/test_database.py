"""A registry in PostgreSQL: the copy is the registry, or there is none."""

from __future__ import annotations

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from databases import load
from servers import new_database

from riskmodel import Registry
from riskmodel.errors import CallError, DataError
from riskmodel.registry import database
from riskmodel.registry.database import copy_database, is_database, shown


@pytest.fixture(scope="module")
def filled(postgres, scored_county) -> str:
    """A database with the county in it."""
    url = new_database(postgres)
    load(url, scored_county.registry)
    return url


def test_the_copy_is_the_registry_to_the_byte(filled, scored_county, tmp_path):
    with copy_database(filled, tmp_path / "copy") as copied:
        for name in copied.tables:
            assert copied.files(name)[0].read_bytes() == (scored_county.registry / f"{name}.parquet").read_bytes()
        with Registry.open(scored_county.registry) as original:
            assert copied.tables == original.tables


def test_texts_lists_and_what_is_missing_come_over_as_they_are(postgres, tmp_path):
    url = new_database(postgres)
    texts = ['two\nlines, "quoted"', "", None, "户主，在外", " blank "]
    with psycopg.connect(url) as connection:
        connection.execute(
            "CREATE TABLE visit (household_id text, record_id text, visited_on date, source text, "
            "note text, known_on date)"
        )
        for number, text in enumerate(texts):
            connection.execute(
                "INSERT INTO visit VALUES ('H', %s, '2024-05-01', 'model', %s, '2024-05-02')", [f"{number}", text]
            )
        connection.execute(
            "CREATE TABLE listing (household_id text, identified_on date, category text, risk_types text[], "
            "known_on date)"
        )
        for number, kinds in enumerate([["illness", "housing"], [], None, ["water"]]):
            connection.execute(
                "INSERT INTO listing VALUES (%s, '2024-05-01', 'marginal', %s, '2024-05-02')", [f"H{number}", kinds]
            )
    with copy_database(url, tmp_path / "copy") as copied:
        visits = pq.read_table(copied.files("visit")[0]).to_pylist()
        assert [row["note"] for row in sorted(visits, key=lambda row: row["record_id"])] == texts
        kinds = pq.read_table(copied.files("listing")[0])["risk_types"].to_pylist()
        assert kinds == [["illness", "housing"], [], None, ["water"]]


def test_a_household_larger_than_a_piece_stays_in_one(filled, scored_county, tmp_path, monkeypatch):
    monkeypatch.setattr(database, "_ROWS", 7)
    monkeypatch.setattr(database, "_BLOCK", 4096)
    with copy_database(filled, tmp_path / "copy") as copied:
        name = copied.files("income")[0]
        assert pq.read_table(name).equals(pq.read_table(scored_county.registry / "income.parquet"))


def test_a_connection_that_drops_leaves_nothing_and_a_second_try_succeeds(filled, tmp_path, monkeypatch):
    real = database._Stream.readinto
    ended = []

    def cut(stream, buffer):
        if not ended:
            ended.append(True)
            with psycopg.connect(filled, autocommit=True) as other:
                other.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE application_name = 'riskmodel' AND pid <> pg_backend_pid()"
                )
        return real(stream, buffer)

    monkeypatch.setattr(database._Stream, "readinto", cut)
    with pytest.raises(DataError, match=r"could not be read .*Nothing was left of the copy"):
        copy_database(filled, tmp_path / "copy")
    assert list(tmp_path.iterdir()) == []
    copy_database(filled, tmp_path / "copy").close()


def test_a_copy_that_is_there_is_gone_on_with(filled, tmp_path, monkeypatch):
    copy_database(filled, tmp_path / "copy").close()
    monkeypatch.setattr(database, "_copy", lambda *_, **__: pytest.fail("copied again"))
    copy_database(filled, tmp_path / "copy", resume=True).close()


@pytest.mark.parametrize(
    "url",
    ["postgresql://me:secret@127.0.0.1/county", "postgresql://127.0.0.1/county?password=secret"],
)
def test_a_password_in_the_url_is_refused_and_not_repeated(url, tmp_path):
    with pytest.raises(CallError, match="PGPASSWORD") as refused:
        copy_database(url, tmp_path / "copy")
    assert "secret" not in str(refused.value)


def test_who_asks_is_in_no_message(tmp_path):
    with pytest.raises(DataError, match="could not be read") as failed:
        copy_database("postgresql://anna@127.0.0.1:1/county?connect_timeout=2", tmp_path / "copy")
    assert "anna" not in str(failed.value).split("(")[0]
    assert shown("postgres://anna@db/county") == "postgresql://db/county"
    assert is_database("postgres://db/county")
    assert not is_database("county.duckdb")


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("SELECT 1", "holds none of a registry's tables"),
        ("CREATE TABLE points (household_id text, known_on date, surprise text)", 'has a column "surprise"'),
        ("CREATE TABLE points (household_id text, known_on date)", "lacks the required column"),
    ],
)
def test_a_database_that_is_no_registry_is_refused(postgres, tmp_path, statement, told):
    url = new_database(postgres)
    with psycopg.connect(url) as connection:
        connection.execute(statement)
    with pytest.raises(CallError, match=told):
        copy_database(url, tmp_path / "copy")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "value", "told"),
    [("text", "many", "not what the registry expects"), ("float8", "Infinity", "amount is .inf."), ("date", None, "")],
)
def test_a_value_that_a_registry_cannot_hold_names_its_table(postgres, tmp_path, kind, value, told):
    url = new_database(postgres)
    with psycopg.connect(url) as connection:
        connection.execute(
            f"CREATE TABLE income (household_id text, month date, source text, item text, amount {kind}, known_on date)"
        )
        connection.execute("INSERT INTO income VALUES ('H', '2024-05-01', 'wage', 'w', %s, '2024-05-02')", [value])
    with pytest.raises(DataError, match=f"income.*{told}"):
        copy_database(url, tmp_path / "copy")


def test_a_table_without_rows_is_a_table(postgres, tmp_path):
    url = new_database(postgres)
    with psycopg.connect(url) as connection:
        connection.execute(
            "CREATE TABLE points (household_id text, record_id text, awarded_on date, item text, points float8, "
            "known_on date)"
        )
    with copy_database(url, tmp_path / "copy") as copied:
        assert copied.tables == ("points",)
        assert pa.parquet.read_metadata(copied.files("points")[0]).num_rows == 0
