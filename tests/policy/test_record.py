"""The policy record: the figure in force at a place on a day."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from riskmodel.errors import CallError
from riskmodel.policy import Policy, default_policy, load_policy


def test_the_nearest_region_and_the_latest_day_count() -> None:
    policy = default_policy()
    assert policy.value("monitoring_line", region="360981", on=date(2024, 1, 1)) == 8500
    assert policy.value("monitoring_line", region="360981", on=date(2023, 12, 31)) == 7570
    assert policy.value("monitoring_line", region="530000", on=date(2022, 5, 1)) == 7000
    assert policy.value("monitoring_line", region="110000", on=date(2024, 5, 1)) == 6000


def test_every_figure_says_where_it_is_from() -> None:
    for entry in default_policy().entries:
        assert entry.source and entry.certainty in "ABCDS"
        if entry.certainty == "S":
            assert "NOT FOUND" in entry.source


def test_a_county_lays_its_own_over(tmp_path: Path) -> None:
    own = tmp_path / "policy.yaml"
    own.write_text(
        "- {name: monitoring_line, region: '360981', valid_from: 2024-03-01, value: 8600, unit: yuan/person/year, "
        "source: county notice, certainty: A}\n"
    )
    policy = load_policy(own, base=default_policy())
    assert policy.value("monitoring_line", region="360981", on=date(2024, 2, 29)) == 8500
    assert policy.value("monitoring_line", region="360981", on=date(2024, 3, 1)) == 8600


def test_errors_name_file_entry_and_key(tmp_path: Path) -> None:
    own = tmp_path / "policy.yaml"
    own.write_text("- {name: monitoring_line, region: '36', valid_form: 2024-03-01}\n")
    with pytest.raises(CallError, match=r"policy\.yaml: entry 1"):
        load_policy(own)
    with pytest.raises(CallError, match='Did you mean "monitoring_line"'):
        default_policy().value("monitor_line", region="36", on=date(2024, 1, 1))
    with pytest.raises(CallError, match="in force on 2001-01-01"):
        default_policy().value("monitoring_line", region="36", on=date(2001, 1, 1))


def test_the_digest_is_of_the_figures_alone() -> None:
    policy = default_policy()
    first = policy.entries[0]
    turned = Policy(tuple(reversed(policy.entries)))
    resourced = policy.extended((first.model_copy(update={"source": "another notice", "certainty": "S"}),))
    dearer = policy.extended((first.model_copy(update={"value": first.value + 1}),))
    assert policy.digest == turned.digest == resourced.digest != dearer.digest
