"""What is predicted, of whom, and what was done meanwhile. Only what is declared here looks ahead."""

from riskmodel.features import Ahead, History, Number, Outlook, cohort, exposure, months_since, outcome

from .income import net


def falls_below_line(h: Outlook) -> Number:
    """Net income per head, less compliant out-of-pocket medical spending, plus claims, below the line at the end."""
    year = h.next(months=12)
    oop = year.spending.where(kind="medical_oop").sum("amount")
    claims = year.income.where(source="claims").sum("amount")
    return (net(year.income) - oop + claims) / year.members.count() < year.line()


def fails_a_guarantee(h: Outlook) -> Number:
    """A check of one of the guarantees finds it not met."""
    return h.next(months=12).guarantee.where(met=False).exists() == 1


@outcome(
    horizon_months=12,
    lag_days=90,
    zh="未来12个月内收入扣除自付医疗后低于监测线，或有保障项目不达标",
    en="within 12 months, income after medical costs below the line, or a guarantee not met",
)
def need(h: Outlook) -> Number:
    return falls_below_line(h) | fails_a_guarantee(h)


@outcome(horizon_months=12, lag_days=90, zh="未来12个月内纳入监测", en="admitted to the list within 12 months")
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
