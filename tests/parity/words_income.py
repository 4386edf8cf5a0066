"""Income and how it moves: every feature written out by hand from its words."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable

from seen import Seen, change, div, most, total

POLICY = [
    "dibao",
    "tekun",
    "disability_allowance",
    "farm_subsidy",
    "eco_subsidy",
    "family_planning_award",
    "old_age_allowance",
    "veteran_allowance",
    "education_aid",
    "disaster_relief",
    "social_relief",
]
SOURCES = ["wage", "operating", "property", "transfer"]


def policy(s: Seen) -> float:
    return s.income("transfer", item=POLICY)


def per_head(s: Seen, amount: float) -> float | None:
    return div(amount, s.size())


def to_line(s: Seen, amount: float, months_ago: int = 0) -> float:
    return amount / s.size() / s.line(months_ago) - 1


def operating(s: Seen, months: int, skip: int = 0) -> float:
    return s.income("operating", months, skip) - s.income("operating_cost", months, skip)


def wage_months(s: Seen, months: int, skip: int = 0) -> int:
    return len({row["month"] for row in s.last("income", months, skip, source="wage") if row["amount"] > 0})


def since_paid(s: Seen, source: str) -> int | None:
    days = [row["month"] for row in s.where("income", source=source) if row["amount"] > 0]
    return s.months(max(days)) if days else None


def wage_unsteadiness(s: Seen) -> float | None:
    amounts = [row["amount"] for row in s.last("income", 12, source="wage")]
    return div(statistics.stdev(amounts), statistics.fmean(amounts)) if len(amounts) > 1 else None


def monthly(s: Seen) -> list[float]:
    return [s.net(1, skip) for skip in range(12)]


def unsteadiness(s: Seen) -> float | None:
    months = monthly(s)
    mean = math.fsum(months) / 12
    return statistics.stdev(months) / mean if mean > 1e-9 else None


def quarters(s: Seen) -> list[float]:
    return [s.net(3, skip) for skip in (0, 3, 6, 9)]


def gap_before(s: Seen) -> float:
    return to_line(s, s.net(12, 12), 12)


INCOME: dict[str, Callable[[Seen], float | None]] = {
    **{f"net_income_pc_{n}m": lambda s, n=n: s.net_pc(n) for n in (3, 6, 12, 24)},
    "net_income_pc_previous_12m": lambda s: s.net_pc(12, 12),
    "net_income_pc_without_policy_12m": lambda s: per_head(s, s.net(12) - policy(s)),
    **{f"wage_income_pc_{n}m": lambda s, n=n: per_head(s, s.income("wage", n)) for n in (3, 6, 12)},
    **{f"operating_net_pc_{n}m": lambda s, n=n: per_head(s, operating(s, n)) for n in (12, 24)},
    "operating_cost_ratio_12m": lambda s: div(s.income("operating_cost"), s.income("operating")),
    "property_income_pc_12m": lambda s: per_head(s, s.income("property")),
    "transfer_income_pc_12m": lambda s: per_head(s, s.income("transfer")),
    "policy_transfer_pc_12m": lambda s: per_head(s, policy(s)),
    "pension_pc_12m": lambda s: per_head(s, s.income("transfer", item="pension")),
    "family_support_pc_12m": lambda s: per_head(s, s.income("transfer", item="family_support")),
    "transfer_share_12m": lambda s: div(s.income("transfer"), s.gross(12)),
    "policy_transfer_share_12m": lambda s: div(policy(s), s.gross(12)),
    "wage_share_12m": lambda s: div(s.income("wage"), s.gross(12)),
    "operating_share_12m": lambda s: div(s.income("operating"), s.gross(12)),
    "largest_source_share_12m": lambda s: div(most(s.income(source) for source in SOURCES), s.gross(12)),
    "income_items_12m": lambda s: len(
        {row["item"] for row in s.last("income", 12, source=SOURCES) if row["amount"] > 0}
    ),
    "line_gap_12m": lambda s: s.gap(),
    "line_gap_previous_12m": gap_before,
    "line_gap_change_12m": lambda s: s.gap() - gap_before(s),
    "line_gap_without_policy_12m": lambda s: to_line(s, s.net(12) - policy(s)),
    "line_gap_after_medical_12m": lambda s: to_line(
        s, s.net(12) - total(s.last("spending", 12, kind="medical_oop")) + s.income("claims")
    ),
}

CHANGE: dict[str, Callable[[Seen], float | None]] = {
    "net_income_pc_change_12m": lambda s: per_head(s, s.net(12) - s.net(12, 12)),
    "net_income_pc_change_6m": lambda s: per_head(s, s.net(6) - s.net(6, 12)),
    **{f"net_income_ratio_{n}m": lambda s, n=n: change(s.net(n), s.net(n, 12)) for n in (3, 6, 12)},
    "wage_income_pc_change_3m": lambda s: per_head(s, s.income("wage", 3) - s.income("wage", 3, 12)),
    **{f"wage_ratio_{n}m": lambda s, n=n: change(s.income("wage", n), s.income("wage", n, 12)) for n in (6, 12)},
    **{f"wage_months_{n}m": lambda s, n=n: wage_months(s, n) for n in (6, 12)},
    "wage_months_change_12m": lambda s: wage_months(s, 12) - wage_months(s, 12, 12),
    "months_since_wage": lambda s: since_paid(s, "wage"),
    "wage_unsteadiness_12m": wage_unsteadiness,
    "operating_net_pc_change_12m": lambda s: per_head(s, operating(s, 12) - operating(s, 12, 12)),
    "months_since_operating": lambda s: since_paid(s, "operating"),
    "net_income_unsteadiness_12m": unsteadiness,
    "months_below_line_12m": lambda s: sum(month / s.size() < s.line() / 12 for month in monthly(s)),
    "worst_quarter_pc_12m": lambda s: per_head(s, min(quarters(s))),
    "best_quarter_share_12m": lambda s: max(quarters(s)) / s.net(12) if s.net(12) > 0 else None,
}
