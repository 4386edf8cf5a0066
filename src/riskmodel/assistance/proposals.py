"""Fill what is lacking: from risk types and who can work to measures to consider, each with what speaks for it.

Who can work is helped to earn (industry, jobs, credit, posts); who cannot is protected; a guarantee that is not held is
mended first, whoever it is. A proposal is never a grant: people decide, with the evidence before them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from riskmodel.assistance.eligibility import Checked, Measure, Status, check, measures_in_force
from riskmodel.assistance.household import Household
from riskmodel.policy import Policy
from riskmodel.registry.codes import Lang, label

_ORDER: tuple[Status, ...] = ("eligible", "evidence_missing", "has_it", "not_eligible")
STATUS_WORDS: dict[Status, tuple[str, str]] = {
    "eligible": ("符合条件，建议考虑", "conditions met: to be considered"),
    "evidence_missing": ("需补充核实", "evidence is missing"),
    "not_eligible": ("不符合条件", "conditions not met"),
    "has_it": ("已在享同类措施", "has a measure of this group already"),
}


@dataclass(frozen=True)
class Proposal:
    """One measure to consider.

    Attributes
    ----------
    risk_types : tuple of str
        Those of the household's that it answers; empty where it mends a guarantee.
    conditions : tuple of Checked
        Each condition, with the fact found.
    amount_zh, amount_en : str
        What is known of the amount; empty where nothing is.
    policy : str
        The entry of the policy record.
    """

    household_id: str
    measure: str
    rule: Measure
    status: Status
    risk_types: tuple[str, ...]
    conditions: tuple[Checked, ...]
    amount_zh: str
    amount_en: str
    policy: str

    def name(self, lang: Lang) -> str:
        """Return what the measure is called."""
        return self.rule.zh if lang == "zh" else self.rule.en

    def sentence(self, lang: Lang) -> str:
        """Say what is proposed and why."""
        amount = self.amount_zh if lang == "zh" else self.amount_en
        told = "；".join(one.words(lang) for one in self.conditions) if lang == "zh" else "; ".join(
            one.words(lang) for one in self.conditions
        )  # fmt: skip
        status = STATUS_WORDS[self.status][0 if lang == "zh" else 1]
        return (
            f"{self.name(lang)}：{status}（{told}）{amount}"
            if lang == "zh"
            else f"{self.name(lang)}: {status} ({told}) {amount}".strip()
        )


def propose(
    household: Household, risk_types: Sequence[str], *, policy: Policy, on: date, all_of_them: bool = False
) -> list[Proposal]:
    """Return the measures to consider for a household, what may be given first first.

    Parameters
    ----------
    risk_types : sequence of str
        The household's, the strongest first.
    on : date
        The day whose policy counts.
    all_of_them : bool
        Those too whose conditions are not met.
    """
    found = []
    for name, (measure, key) in measures_in_force(policy, region=household.county_code, on=on).items():
        answered = tuple(kind for kind in risk_types if kind in measure.risk_types)
        if not answered and measure.orientation != "guarantee":
            continue
        if not _suits(measure, household):
            continue
        held = check(household, name, measure, key, policy=policy, on=on)
        if held.status == "not_eligible" and not all_of_them:
            continue
        amount_zh, amount_en = _amount(measure, household)
        found.append(
            Proposal(
                household.household_id, name, measure, held.status, answered, held.conditions, amount_zh, amount_en, key
            )
        )
    place = {kind: position for position, kind in enumerate(risk_types)}
    return sorted(
        found,
        key=lambda one: (
            one.rule.orientation != "guarantee",
            _ORDER.index(one.status),
            min((place[kind] for kind in one.risk_types), default=-1),
            one.measure,
        ),
    )


def lacking_for_elimination(
    risk_types: Sequence[str], delivered: Sequence[str], *, policy: Policy, region: str, on: date
) -> dict[str, tuple[str, ...]]:
    """Return, by risk type, the measure groups of which one must have been delivered before an elimination and was not.

    What public validators demand: illness asks for health, social or protection; disability for social or protection;
    housing for housing; water for water.
    """
    asked = policy.entry("elimination.measures_by_risk", region=region, on=on).value
    assert isinstance(asked, dict)
    return {kind: tuple(asked[kind]) for kind in risk_types if kind in asked and not set(asked[kind]) & set(delivered)}


def _suits(measure: Measure, household: Household) -> bool:
    """Say whether a measure suits who can work: nothing that develops where nobody can, not even in part."""
    if measure.orientation != "developing":
        return True
    working = household.fact("members_working")
    return not (isinstance(working, float) and working == 0)


def _amount(measure: Measure, household: Household) -> tuple[str, str]:
    amount = measure.amount
    if amount is None:
        return "", ""
    times = household.fact(amount.per_fact) if amount.per_fact else 1.0
    count = times if isinstance(times, float) else 1.0
    low = None if amount.least is None else amount.least * count
    high = amount.most * count
    unit_zh = {"yuan": "元", "yuan/month": "元/月", "yuan/student/year": "元/年"}.get(amount.unit, amount.unit)
    unit_en = {"yuan/student/year": "yuan a year", "yuan/month": "yuan a month"}.get(amount.unit, amount.unit)
    if low is None:
        return f"至多{high:,.0f}{unit_zh}；{amount.note_zh}", f"at most {high:,.0f} {unit_en}; {amount.note_en}"
    if low == high:
        return f"{high:,.0f}{unit_zh}；{amount.note_zh}", f"{high:,.0f} {unit_en}; {amount.note_en}"
    return (
        f"{low:,.0f}至{high:,.0f}{unit_zh}；{amount.note_zh}",
        f"{low:,.0f} to {high:,.0f} {unit_en}; {amount.note_en}",
    )


def group_words(measure: Measure, lang: Lang) -> str:
    """Return the group of the national form that a measure belongs to."""
    return label("measure_kind", measure.group, lang)
