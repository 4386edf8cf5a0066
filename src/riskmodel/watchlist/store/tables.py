"""The store's tables. Log and clues are only ever added to: the database itself refuses to change them."""

from __future__ import annotations

import sqlalchemy as sa

METADATA = sa.MetaData()

# What is bound by hashes is stored as the text that was hashed.
LOG = sa.Table(
    "list_log",
    METADATA,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("household_id", sa.Text, nullable=False),
    sa.Column("spell", sa.Integer, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("day", sa.Text, nullable=False),
    sa.Column("from_state", sa.Text, nullable=False),
    sa.Column("to_state", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("data", sa.Text, nullable=False),
    sa.Column("facts", sa.Text, nullable=False),
    sa.Column("policy", sa.Text, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("explanation", sa.Text, nullable=False),
    sa.Column("recorded_at", sa.Text, nullable=False),
    sa.Column("prev", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Index("list_log_household", "household_id", "spell"),
)

# One row: locked by whoever writes, so that entries follow one another.
HEAD = sa.Table(
    "list_head",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
)

# What the log amounts to, a row a spell; can be made anew from it.
CASE = sa.Table(
    "list_case",
    METADATA,
    sa.Column("household_id", sa.Text, primary_key=True),
    sa.Column("spell", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("county_code", sa.Text, nullable=False),
    sa.Column("township_code", sa.Text, nullable=False),
    sa.Column("village_code", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("level", sa.Text, nullable=False),
    sa.Column("opened_on", sa.Date, nullable=False),
    sa.Column("changed_on", sa.Date, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Index("list_case_township", "township_code", "state"),
)

CLUE = sa.Table(
    "list_clue",
    METADATA,
    sa.Column("clue_id", sa.Text, primary_key=True),
    sa.Column("household_id", sa.Text, nullable=False),
    # Of the spell that it opened or joined; 0 where it opened none.
    sa.Column("spell", sa.Integer, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("run", sa.Text, nullable=False),
    sa.Column("arrived_on", sa.Date, nullable=False),
    sa.Column("risk", sa.Float),
    sa.Column("rank", sa.BigInteger),
    # Risk types, category, reasons in both languages, model: as JSON.
    sa.Column("body", sa.Text, nullable=False),
    sa.Index("list_clue_household", "household_id", "spell"),
    sa.Index("list_clue_run", "run"),
)

# A scoring run that was taken in, by the sha256 of its flags.
RUN = sa.Table(
    "list_run",
    METADATA,
    sa.Column("run", sa.Text, primary_key=True),
    sa.Column("as_of", sa.Date, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("counts", sa.Text, nullable=False),
    sa.Column("recorded_at", sa.Text, nullable=False),
)

# Each time somebody opened the identity table for an export: who, why, what, how many; never whom.
OPENING = sa.Table(
    "list_opening",
    METADATA,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("households", sa.BigInteger, nullable=False),
    sa.Column("recorded_at", sa.Text, nullable=False),
)

APPEND_ONLY = (LOG.name, CLUE.name, RUN.name, OPENING.name)
