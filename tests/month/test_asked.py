"""What a month depends on."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from riskmodel.month.asked import Asked
from riskmodel.policy import default_policy


def asked(url: str) -> Asked:
    """A month of a database."""
    day = date(2026, 1, 1)
    return Asked(
        registry=url,
        as_of=day,
        out=Path("out"),
        chosen=cast("Any", None),
        policy=default_policy(),
        scoring={},
        on=day,
        now=datetime(2026, 1, 1, tzinfo=UTC),
        today=day,
    )


@pytest.mark.parametrize(
    "other",
    [
        "postgresql://db/other",
        "postgresql://db/county?options=-csearch_path%3Dautumn",
        "postgresql://db/county?port=5433",
    ],
)
def test_another_database_or_schema_is_another_input(other):
    spring = asked("postgresql://anna@db/county?options=-csearch_path%3Dspring")
    assert asked(other).of_source != spring.of_source
    again = asked("postgresql://ben@db/county?sslmode=require&options=-csearch_path%3Dspring")
    assert again.of_source == spring.of_source
    assert "anna" not in str(spring.of_source)
