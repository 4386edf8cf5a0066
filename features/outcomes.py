"""What is predicted, of whom, and what was done meanwhile. Only what is declared here looks ahead."""

from riskmodel.features import (
    Ahead,
    History,
    Number,
    Outlook,
    cohort,
    exposure,
    if_else,
    larger,
    months_since,
    number,
    outcome,
    smaller,
)

from .income import net, policy_transfers

YEAR = 12


def falls_below_line(h: Outlook, *, without: Number | int = 0) -> Number:
    """Net income per head, less compliant out-of-pocket medical spending, plus claims, below the line at the end.

    ``without`` is an amount that is taken out of the income first.
    """
    year = h.next(months=12)
    oop = year.spending.where(kind="medical_oop").sum("amount")
    claims = year.income.where(source="claims").sum("amount")
    income = net(year.income) - oop + claims
    income = income - without if isinstance(without, Number) else income
    return income / year.members.count() < year.line()


def fails_a_guarantee(h: Outlook) -> Number:
    """A check of one of the guarantees finds it not met."""
    return h.next(months=12).guarantee.where(met=False).exists() == 1


def month_of_falling(h: Outlook) -> Number:
    """After how many months the income of the last twelve, less medical costs, is first below the line; 0: already."""
    first = number(0) / 0
    for months in range(YEAR, -1, -1):
        then = h.after(months=months)
        year = {"months": YEAR}
        oop = then.spending.where(kind="medical_oop").last(**year).sum("amount")
        claims = then.income.where(source="claims").last(**year).sum("amount")
        below = (net(then.income.last(**year)) - oop + claims) / then.members.count() < then.line()
        first = if_else(below, months, first)
    return first


def month_of_failing(h: Outlook) -> Number:
    """In which month a check first finds a guarantee not met, from 1; missing where none does."""
    checks = h.next(months=YEAR).guarantee.where(met=False)
    return larger(YEAR - checks.max(months_since("checked_on")), 1)


def month_of_need(h: Outlook) -> Number:
    """In which month the need first showed; 0 where the income of the last twelve months was below the line already."""
    falling, failing = month_of_falling(h), month_of_failing(h)
    return smaller(falling.or_else(failing), failing.or_else(falling))


def month_of_admission(h: Outlook) -> Number:
    """In which month a household was put on the list, from 1."""
    return larger(YEAR - h.next(months=YEAR).listing.max(months_since("identified_on")), 1)


@outcome(
    horizon_months=12,
    lag_days=90,
    zh="未来12个月内收入扣除自付医疗后低于监测线，或有保障项目不达标",
    en="within 12 months, income after medical costs below the line, or a guarantee not met",
    shows=month_of_need,
)
def need(h: Outlook) -> Number:
    return falls_below_line(h) | fails_a_guarantee(h)


@outcome(
    horizon_months=12,
    lag_days=90,
    zh="未来12个月内若无政策性转移收入则收入扣除自付医疗后低于监测线，或有保障项目不达标",
    en="within 12 months, income after medical costs and without policy transfers below the line, or a guarantee unmet",
)
def need_without_transfers(h: Outlook) -> Number:
    year = h.next(months=12)
    return falls_below_line(h, without=policy_transfers(year.income)) | fails_a_guarantee(h)


@outcome(
    horizon_months=12,
    lag_days=90,
    zh="未来12个月内纳入监测",
    en="admitted to the list within 12 months",
    shows=month_of_admission,
)
def admitted(h: Outlook) -> Number:
    return h.next(months=12).listing.exists() == 1


@outcome(horizon_months=12, lag_days=90, zh="未来12个月内出现困难或纳入监测", en="in need or admitted within 12 months")
def need_or_admitted(h: Outlook) -> Number:
    return need(h) | admitted(h)


@cohort(zh="在户且不在监测名单上", en="present and not on the monitoring list")
def not_listed(h: History) -> dict[str, Number]:
    return {
        "present": h.members.count() > 0,
        "not on the list": h.listing.in_force(end_column="eliminated_on").exists() == 0,
    }


@cohort(
    zh="在户、不在监测名单上、近期未消除风险且收入未低于监测线",
    en="present, not on the monitoring list, not lately eliminated from it, and not already below the line",
)
def at_risk(h: History) -> dict[str, Number]:
    last = h.listing.ended(end_column="eliminated_on").min(months_since("eliminated_on"))
    income = net(h.income.last(months=12)) / h.members.count()
    return {
        **not_listed(h),
        "washout after elimination": last.is_missing() | (last >= h.figure("washout_months")),
        "not already below the line": income >= h.line(),
    }


@exposure(zh="期内开始的帮扶措施数", en="measures begun within the horizon")
def measures_received(h: Ahead) -> Number:
    return h.measure.count()


@exposure(zh="期内开始的帮扶措施金额", en="amount of the measures begun within the horizon, yuan")
def measure_amount_received(h: Ahead) -> Number:
    return h.measure.sum("amount")


@exposure(zh="期内纳入监测名单", en="put on the monitoring list within the horizon")
def listed(h: Ahead) -> Number:
    return h.listing.exists()


@exposure(zh="期内入户核实", en="visited within the horizon")
def visited(h: Ahead) -> Number:
    return h.visit.exists()
