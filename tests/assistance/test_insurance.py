"""A claim's arithmetic, each band and rule by its line in the domain's facts, and a premium held against claims."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskmodel.assistance.insurance import Bands, Claim, Terms, terms_in_force, work_through
from riskmodel.assistance.premium_budget import premium_budget
from riskmodel.errors import CallError
from riskmodel.policy import default_policy, load_policy
from riskmodel.registry import Registry

ON = date(2024, 6, 1)
FENGCHENG, GANZHOU, NANZHANG, JINGSHAN, QIANXINAN = "360981", "360702", "420624", "420882", "522301"


def terms(region: str, on: date = ON) -> Terms:
    return terms_in_force(default_policy(), region=region, on=on)


def paid(region: str, loss: float, *, on: date = ON, peril: str = "illness", **more: object) -> float:
    return float(work_through(Claim(peril, loss, **more), terms(region, on)).paid)  # type: ignore[arg-type]


def test_fengcheng_pays_2_25_million_for_50000_persons() -> None:
    policy = default_policy()
    premium, insured, fund = (
        policy.value(f"insurance.{name}", region=FENGCHENG, on=ON) for name in ("premium", "insured", "fund")
    )
    assert premium * insured == fund == 2_250_000


def test_shicheng_2022_pays_45_yuan_for_10000_persons() -> None:
    policy = default_policy()
    assert policy.value("insurance.premium", region="360735", on=ON) == 45
    assert policy.value("insurance.insured", region="360735", on=ON) == 10_000


def test_nanzhang_pays_50_yuan_and_jingshan_100_on_a_tenth_with_a_fund_of_3_2_million() -> None:
    policy = default_policy()
    assert policy.value("insurance.premium", region=NANZHANG, on=ON) == 50
    assert policy.value("insurance.premium", region=JINGSHAN, on=ON) == 100
    assert policy.value("insurance.frame_share", region=JINGSHAN, on=ON) == 0.1
    assert policy.value("insurance.fund", region=JINGSHAN, on=ON) == 3_200_000


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (5_000, 0),
        (5_000.01, 0.0),
        (6_000, 300),
        (25_000, 6_000),
        (55_000, 6_000 + 15_000),
        (105_000, 21_000 + 35_000),
        (115_000, 56_000 + 9_000),
    ],
)
def test_nanzhang_losses_above_5000_are_paid_30_percent_rising_to_90(loss: float, expected: float) -> None:
    assert paid(NANZHANG, loss) == pytest.approx(expected, abs=0.011)


def test_ganzhou_cap_raised_from_90000_to_300000_a_person() -> None:
    assert paid(GANZHOU, 1_000_000, on=date(2021, 5, 20)) == 90_000
    assert paid(GANZHOU, 1_000_000, on=date(2021, 5, 21)) == 300_000
    assert paid(GANZHOU, 1_000_000, persons=2) == 600_000


def test_ganzhou_covers_five_perils_and_others_do_not() -> None:
    assert paid(GANZHOU, 50_000, peril="schooling") > 0
    told = work_through(Claim("schooling", 50_000), terms(FENGCHENG))
    assert told.paid == 0 and told.why_nothing is not None and "not covered" in told.why_nothing[1]


def test_qianxinan_illness_at_most_50000() -> None:
    assert paid(QIANXINAN, 1_000_000) == 50_000


def test_other_policies_pay_first() -> None:
    assert paid(NANZHANG, 40_000, paid_by_others=15_000) == paid(NANZHANG, 25_000)
    assert paid(NANZHANG, 40_000, paid_by_others=50_000) == 0


def test_fengcheng_pays_those_who_stay_below_after_other_policies() -> None:
    assert paid(FENGCHENG, 40_000, in_need=True) > 0
    told = work_through(Claim("illness", 40_000, in_need=False), terms(FENGCHENG))
    assert told.paid == 0 and told.why_nothing is not None and "neither below the line" in told.why_nothing[1]
    assert paid(NANZHANG, 40_000, in_need=False) > 0


def test_what_was_paid_before_counts_against_the_cap() -> None:
    assert paid(QIANXINAN, 1_000_000, paid_before=30_000) == 20_000
    used = work_through(Claim("illness", 1_000_000, paid_before=60_000), terms(QIANXINAN))
    assert used.paid == 0 and used.why_nothing == ("年度限额已用完", "the year's cap is used up")


def test_what_no_source_gives_is_named() -> None:
    assert set(terms(FENGCHENG).assumed) == {"insurance.trigger", "insurance.bands", "insurance.cap"}
    assert "insurance.cap" not in terms(GANZHOU).assumed


money = st.floats(0, 2_000_000, allow_nan=False).map(lambda value: round(value, 2))


@given(loss=money, others=money, before=money, persons=st.integers(1, 5), region=st.sampled_from([FENGCHENG, NANZHANG]))
def test_a_settlement_stays_within_its_bounds(
    loss: float, others: float, before: float, persons: int, region: str
) -> None:
    found = terms(region)
    told = work_through(Claim("illness", loss, others, persons, before), found)
    own = max(Decimal(str(loss)) - Decimal(str(others)), Decimal(0))
    assert 0 <= told.paid <= own
    assert told.paid <= max(Decimal(str(found.cap)) * persons - Decimal(str(before)), Decimal(0))
    assert told.paid == told.paid.quantize(Decimal("0.01"))
    assert (told.paid == 0) or told.why_nothing is None
    assert all(line.zh and line.en for line in told.lines)


@given(loss=money, more=money)
def test_a_larger_loss_is_never_paid_less(loss: float, more: float) -> None:
    assert paid(FENGCHENG, loss) <= paid(FENGCHENG, loss + more)


@given(loss=money)
def test_the_lines_add_up(loss: float) -> None:
    told = work_through(Claim("illness", loss, loss / 10), terms(NANZHANG))
    if told.why_nothing is None:
        slices = [line.amount for line in told.lines if "×" in line.en]
        cut = [line.amount for line in told.lines if line.en.startswith("less: beyond the year's cap")]
        assert sum(slices) + sum(cut) == told.paid
        assert told.lines[0].amount + told.lines[1].amount == told.lines[2].amount


@pytest.mark.parametrize(
    ("claim", "told"),
    [
        ({"peril": "illnes", "loss": 1}, 'Did you mean "illness"'),
        ({"peril": "illness", "loss": -1}, "loss is -1"),
        ({"peril": "illness", "loss": float("nan")}, "loss is nan"),
        ({"peril": "illness", "loss": 1, "persons": 0}, "persons is 0"),
    ],
)
def test_what_no_claim_can_be_is_refused(claim: dict, told: str) -> None:
    with pytest.raises(CallError, match=told):
        Claim(**claim)


def test_bands_that_overlap_are_refused(tmp_path) -> None:
    for bands in ("[{above: 10, share: 0.3}]", "[{above: 0, share: 0.3}, {above: 0, share: 0.5}]", "[]"):
        own = tmp_path / "policy.yaml"
        own.write_text(
            "- {name: insurance.bands, region: '36', valid_from: 2022-01-01, source: notice, certainty: A, value: "
            f"{{bands: {bands}}}}}\n"
        )
        with pytest.raises(CallError, match="bands begin at 0 and rise"):
            terms_in_force(load_policy(own, base=default_policy()), region=FENGCHENG, on=ON)
    with pytest.raises(ValueError, match="between 0 and 1"):
        Bands.model_validate({"bands": [{"above": 0, "share": 1.2}]})


# The budget


@pytest.fixture(scope="module")
def budget_of(scored_county, scored_run):
    import pyarrow.parquet as pq
    from scored import AS_OF, ROOT

    from riskmodel import load_catalogue

    catalogue = load_catalogue(ROOT / "features")
    scores = pq.read_table(scored_run / "scores.parquet").to_pandas().set_index("household_id")["risk"]

    def reckon(risks: pd.Series = scores, **changes):
        with Registry.open(scored_county.registry) as registry:
            return premium_budget(
                registry,
                risks,
                **{"as_of": AS_OF, "policy": default_policy(), "catalogue": catalogue, "region": "369901", "draws": 200}
                | changes,
            )

    return reckon, scores


def test_a_budget_rests_on_years_that_were_over_by_then(budget_of) -> None:
    reckon, _ = budget_of
    found = reckon()
    assert found.past_from == date(2024, 3, 1)
    assert found.low <= found.expected <= found.high
    assert found.claims_otherwise == 0 and found.claims_in_need > 0
    assert "95 % interval" in found.sentence("en") and "95%区间" in found.sentence("zh")


def test_a_budget_grows_with_the_risks_and_holds_with_enough_premium(budget_of) -> None:
    reckon, scores = budget_of
    assert reckon(scores * 0.5).expected < reckon().expected < reckon((scores * 2).clip(upper=1)).expected
    assert reckon(premium=1e9).holds == 1.0
    assert reckon(premium=0.0).holds < 0.05
    assert reckon(seed=3) == reckon(seed=3)


def test_the_expected_claims_are_risk_times_what_need_costs(budget_of) -> None:
    reckon, scores = budget_of
    found = reckon(draws=2000)
    assert found.expected == pytest.approx(scores.sum() * found.mean_in_need, rel=0.1)
