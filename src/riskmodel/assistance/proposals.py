"""Fill what is lacking: from risk types and who can work to measures to consider, each with what speaks for it.

Who can work is helped to earn (industry, jobs, credit, posts); who cannot is protected; a guarantee that is not held is
mended first, whoever it is. So two kinds of measures are weighed whatever the risk types: where somebody is able, those
that develop, if none of them would be there else; where nobody is, those of protection. A proposal is never a grant:
people decide, with the evidence before them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from riskmodel.assistance.eligibility import Checked, Measure, Status, check, measures_in_force
from riskmodel.assistance.household import Household
from riskmodel.monitoring.measures import DEVELOPING
from riskmodel.policy import Policy
from riskmodel.registry.codes import Lang, label

_ORDER: tuple[Status, ...] = ("eligible", "evidence_missing", "has_it", "not_eligible")
STATUS_WORDS: dict[Status, tuple[str, str]] = {
    "eligible": ("符合条件，建议考虑", "conditions met: to be considered"),
    "evidence_missing": ("需补充核实", "evidence is missing"),
    "not_eligible": ("不符合条件", "conditions not met"),
    "has_it": ("已在享同类措施", "has a measure of this group already"),
}


Because = Literal["", "able", "unable"]
# Why a measure is weighed that answers none of the risk types.
BECAUSE_WORDS: dict[Because, tuple[str, str]] = {
    "": ("", ""),
    "able": (
        "家庭有劳动力，至少应有一项开发式帮扶",
        "somebody is able to work: at least one measure that develops is due",
    ),
    "unable": ("家庭无劳动力，以保障兜底", "nobody is able to work: the household is protected"),
}


@dataclass(frozen=True)
class Proposal:
    """One measure to consider.

    Attributes
    ----------
    risk_types : tuple of str
        Those of the household's that it answers; empty where it mends a guarantee or ``because`` says why.
    conditions : tuple of Checked
        Each condition, with the fact found.
    amount_zh, amount_en : str
        What is known of the amount; empty where nothing is.
    policy : str
        The entry of the policy record.
    because : str
        ``able`` or ``unable`` where it answers no risk type and is weighed by who can work; else empty.
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
    because: Because = ""

    def name(self, lang: Lang) -> str:
        """Return what the measure is called."""
        return self.rule.zh if lang == "zh" else self.rule.en

    def why(self, lang: Lang) -> str:
        """Say what speaks for it and against it, condition by condition."""
        words = BECAUSE_WORDS[self.because][0 if lang == "zh" else 1]
        return ("；" if lang == "zh" else "; ").join(
            [*filter(None, [words]), *(o.words(lang) for o in self.conditions)]
        )

    def sentence(self, lang: Lang) -> str:
        """Say what is proposed and why."""
        if lang == "zh":
            return f"{self.rule.zh}：{STATUS_WORDS[self.status][0]}（{self.why(lang)}）{self.amount_zh}"
        return f"{self.rule.en}: {STATUS_WORDS[self.status][1]} ({self.why(lang)}) {self.amount_en}".strip()


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
    weighed = [
        _weigh(household, name, measure, key, risk_types, policy=policy, on=on)
        for name, (measure, key) in measures_in_force(policy, region=household.county_code, on=on).items()
        if _suits(measure, household)
    ]
    found = [one for one in weighed if one.risk_types or one.rule.orientation == "guarantee"]
    because = _because(household, found)
    found += [replace(one, because=because) for one in weighed if not one.risk_types and _asked_for(one.rule, because)]
    place = {kind: position for position, kind in enumerate(risk_types)}
    return sorted(
        (one for one in found if all_of_them or one.status != "not_eligible"),
        key=lambda one: (
            one.rule.orientation != "guarantee",
            _ORDER.index(one.status),
            min((place[kind] for kind in one.risk_types), default=len(place)),
            one.measure,
        ),
    )


def _weigh(
    household: Household,
    name: str,
    measure: Measure,
    key: str,
    risk_types: Sequence[str],
    *,
    policy: Policy,
    on: date,
) -> Proposal:
    answered = tuple(kind for kind in risk_types if kind in measure.risk_types)
    held = check(household, name, measure, key, policy=policy, on=on)
    amount_zh, amount_en = _amount(measure, household)
    return Proposal(
        household.household_id, name, measure, held.status, answered, held.conditions, amount_zh, amount_en, key
    )


def _because(household: Household, found: Sequence[Proposal]) -> Because:
    """Say whether who can work asks for more than the risk types do.

    A household with somebody able is to have at least one measure that develops it (a lack of half a year is an error
    to public validators); one without is protected, not developed.
    """
    able = household.fact("members_able")
    if not isinstance(able, float):
        return ""
    if able == 0:
        return "unable"
    has = any((household.fact(f"{group}_in_force") or 0.0) != 0.0 for group in DEVELOPING)
    open_ones = any(one.rule.orientation == "developing" and one.status != "not_eligible" for one in found)
    return "" if has or open_ones else "able"


def _asked_for(measure: Measure, because: Because) -> bool:
    if because == "able":
        return measure.orientation == "developing"
    return because == "unable" and measure.orientation == "safety_net" and measure.group == "protection"


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
