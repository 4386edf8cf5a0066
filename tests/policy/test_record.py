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


def test_overlapping_entries_are_refused(tmp_path: Path) -> None:
    own = tmp_path / "policy.yaml"
    entry = "- {name: clock.visit_days, region: '36', valid_from: %s, %s value: 3, source: notice, certainty: A}\n"
    own.write_text(entry % ("2024-01-01", "") + entry % ("2024-01-01", ""))
    with pytest.raises(CallError, match=r"policy\.yaml: entries 1 and 2 overlap: both are \"clock\.visit_days\""):
        load_policy(own)
    own.write_text(entry % ("2024-01-01", "valid_until: 2025-02-01,") + entry % ("2025-01-01", ""))
    with pytest.raises(CallError, match=r"overlap.*in force on 2025-01-01"):
        load_policy(own)
    own.write_text(entry % ("2024-01-01", "valid_until: 2023-01-01,"))
    with pytest.raises(CallError, match="not after valid_from"):
        load_policy(own)


def test_what_ended_is_not_in_force(tmp_path: Path) -> None:
    own = tmp_path / "policy.yaml"
    own.write_text(
        "- {name: x.grant, region: '', valid_from: 2020-01-01, valid_until: 2026-01-01, value: 3000, unit: yuan, "
        "source: notice, certainty: B}\n"
    )
    policy = load_policy(own)
    assert policy.value("x.grant", region="36", on=date(2025, 12, 31)) == 3000
    with pytest.raises(CallError, match="in force on 2026-01-01"):
        policy.value("x.grant", region="36", on=date(2026, 1, 1))


def test_a_models_digest_does_not_count_what_steers_the_list() -> None:
    policy = default_policy()
    clock = policy.entry("clock.visit_days", region="36", on=date(2024, 1, 1))
    slower = policy.extended((clock.model_copy(update={"value": 4.0}),))
    assert slower.digest == policy.digest
    assert slower.whole_digest != policy.whole_digest


def test_figures_and_provisions_are_told_apart() -> None:
    with pytest.raises(CallError, match="not one figure"):
        default_policy().value("procedure.ordinary", region="36", on=date(2024, 1, 1))


def test_another_region_has_other_clocks() -> None:
    policy, on = default_policy(), date(2024, 1, 1)
    assert policy.entry("clock.visit_days", region="340123", on=on).unit == "working_day"
    assert policy.value("clock.notice_days", region="430623", on=on) == 7
    assert policy.value("clock.notice_days", region="360981", on=on) == 5
