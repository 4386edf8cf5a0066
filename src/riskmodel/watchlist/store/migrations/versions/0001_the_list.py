"""The list: its log, the log's head, cases, clues, runs, openings of the identity table; most refuse to be changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_APPEND_ONLY = ("list_log", "list_clue", "list_run", "list_opening")


def upgrade() -> None:
    told = ("action", "day", "from_state", "to_state", "actor", "role", "place", "data", "facts", "policy")
    op.create_table(
        "list_log",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        *_texts("household_id"),
        sa.Column("spell", sa.Integer, nullable=False),
        *_texts(*told, "model", "explanation", "recorded_at", "prev", "hash"),
    )
    op.create_index("list_log_household", "list_log", ["household_id", "spell"])
    head = op.create_table(
        "list_head",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        *_texts("hash"),
    )
    op.bulk_insert(head, [{"id": 1, "seq": 0, "hash": "0" * 64}])
    op.create_table(
        "list_case",
        sa.Column("household_id", sa.Text, primary_key=True),
        sa.Column("spell", sa.Integer, primary_key=True, autoincrement=False),
        *_texts("county_code", "township_code", "village_code", "state", "level"),
        sa.Column("opened_on", sa.Date, nullable=False),
        sa.Column("changed_on", sa.Date, nullable=False),
        *_texts("body"),
    )
    op.create_index("list_case_township", "list_case", ["township_code", "state"])
    op.create_table(
        "list_clue",
        sa.Column("clue_id", sa.Text, primary_key=True),
        *_texts("household_id"),
        sa.Column("spell", sa.Integer, nullable=False),
        *_texts("source", "rule", "run"),
        sa.Column("arrived_on", sa.Date, nullable=False),
        sa.Column("risk", sa.Float),
        sa.Column("rank", sa.BigInteger),
        *_texts("body"),
    )
    op.create_index("list_clue_household", "list_clue", ["household_id", "spell"])
    op.create_index("list_clue_run", "list_clue", ["run"])
    op.create_table(
        "list_run",
        sa.Column("run", sa.Text, primary_key=True),
        sa.Column("as_of", sa.Date, nullable=False),
        *_texts("model", "counts", "recorded_at"),
    )
    op.create_table(
        "list_opening",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        *_texts("actor", "purpose", "what"),
        sa.Column("households", sa.BigInteger, nullable=False),
        *_texts("recorded_at"),
    )
    for table in _APPEND_ONLY:
        _refuse_changes(table)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _refuse_changes(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is only added to'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{table} is only added to'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {table}_refuse()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse()"
    )
