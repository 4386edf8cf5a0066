"""How income moves: against the same months a year earlier, from month to month, and how long a source has been dry."""

from functools import reduce
from operator import add

from riskmodel.features import History, Number, View, col, feature, larger, smaller

from .income import net, net_of_operations, per_head

THEME = ("收入变化与波动", "Change and steadiness of income")

NOTHING_BEFORE = "no income in the period compared with"
NOTHING_BEFORE_ZH = "对比期无正收入"


def against(now: Number, before: Number) -> Number:
    """The relative change from one amount to another; missing where the earlier one is not above 0."""
    return now / (before * (before > 0)) - 1


def monthly(h: History) -> list[Number]:
    """Net income of each of the last 12 months, the newest first."""
    return [net(h.income.last(months=1, skip=skip)) for skip in range(12)]


@feature(
    unit="yuan/person",
    zh="近12个月人均纯收入比前一年增减",
    en="change in net income per person against the year before",
    idea="net_income",
)
def net_income_pc_change_12m(h: History) -> Number:
    return per_head(h, net(h.income.last(months=12)) - net(h.income.last(months=12, skip=12)))


@feature(
    unit="yuan/person",
    zh="近6个月人均纯收入比去年同期增减",
    en="change in net income per person, last 6 months against the same months a year earlier",
    idea="net_income",
)
def net_income_pc_change_6m(h: History) -> Number:
    return per_head(h, net(h.income.last(months=6)) - net(h.income.last(months=6, skip=12)))


@feature(
    months=(3, 6, 12),
    unit="share",
    missing=NOTHING_BEFORE,
    missing_zh=NOTHING_BEFORE_ZH,
    zh="近{months}个月纯收入比去年同期的变化率",
    en="relative change in net income, last {months} months against the same months a year earlier",
    idea="net_income",
)
def net_income_ratio(h: History, months: int) -> Number:
    return against(net(h.income.last(months=months)), net(h.income.last(months=months, skip=12)))


@feature(
    unit="yuan/person",
    risk_type="job_instability",
    zh="近3个月人均工资性收入比去年同期增减",
    en="change in wage income per person, last 3 months against the same months a year earlier",
    idea="wages",
)
def wage_income_pc_change_3m(h: History) -> Number:
    wage = h.income.where(source="wage")
    return per_head(h, wage.last(months=3).sum("amount") - wage.last(months=3, skip=12).sum("amount"))


@feature(
    months=(6, 12),
    unit="share",
    risk_type="job_instability",
    missing=NOTHING_BEFORE,
    missing_zh=NOTHING_BEFORE_ZH,
    zh="近{months}个月工资性收入比去年同期的变化率",
    en="relative change in wage income, last {months} months against the same months a year earlier",
    idea="wages",
)
def wage_ratio(h: History, months: int) -> Number:
    wage = h.income.where(source="wage")
    return against(wage.last(months=months).sum("amount"), wage.last(months=months, skip=12).sum("amount"))


@feature(
    months=(6, 12),
    unit="month",
    risk_type="job_instability",
    zh="近{months}个月有工资性收入的月数",
    en="months with wage income, last {months} months",
    idea="wages",
)
def wage_months(h: History, months: int) -> Number:
    return h.income.where(col("amount") > 0, source="wage").last(months=months).distinct("month")


@feature(
    unit="month",
    risk_type="job_instability",
    zh="近12个月有工资性收入的月数比前一年增减",
    en="change in the months with wage income against the year before",
    idea="wages",
)
def wage_months_change_12m(h: History) -> Number:
    paid = h.income.where(col("amount") > 0, source="wage")
    return paid.last(months=12).distinct("month") - paid.last(months=12, skip=12).distinct("month")


@feature(
    unit="month",
    risk_type="job_instability",
    missing="no wage ever recorded",
    missing_zh="从无工资性收入记录",
    zh="距最近一次工资性收入的月数",
    en="months since the last wage income",
    idea="wages",
)
def months_since_wage(h: History) -> Number:
    return h.income.where(col("amount") > 0, source="wage").months_since()


@feature(
    unit="ratio",
    risk_type="job_instability",
    missing="fewer than two wage payments in 12 months",
    missing_zh="近12个月工资性收入不足两笔",
    zh="近12个月工资性收入波动系数",
    en="unsteadiness of wage income, last 12 months (standard deviation / mean)",
    idea="wages",
)
def wage_unsteadiness_12m(h: History) -> Number:
    wage = h.income.where(source="wage").last(months=12)
    return wage.std("amount") / wage.mean("amount")


@feature(
    unit="yuan/person",
    risk_type="enterprise_failure",
    zh="近12个月人均生产经营净收入比前一年增减",
    en="change in operating income per person after costs against the year before",
    idea="operating_income",
)
def operating_net_pc_change_12m(h: History) -> Number:
    return per_head(
        h, net_of_operations(h.income.last(months=12)) - net_of_operations(h.income.last(months=12, skip=12))
    )


@feature(
    unit="month",
    risk_type="enterprise_failure",
    missing="no operating income ever recorded",
    missing_zh="从无生产经营性收入记录",
    zh="距最近一次生产经营性收入的月数",
    en="months since the last operating income",
    idea="operating_income",
)
def months_since_operating(h: History) -> Number:
    return h.income.where(col("amount") > 0, source="operating").months_since()


@feature(
    unit="ratio",
    missing="no net income above 0 in 12 months",
    missing_zh="近12个月纯收入不为正",
    zh="近12个月月度纯收入波动系数",
    en="unsteadiness of monthly net income, last 12 months (standard deviation / mean)",
    idea="income_steadiness",
)
def net_income_unsteadiness_12m(h: History) -> Number:
    year = net(h.income.last(months=12))
    squares = reduce(add, [month * month for month in monthly(h)])
    # Rounding may leave the variance of twelve equal months a hair below 0.
    variance = larger(squares - year * year / 12, 0) / 11
    return variance.sqrt() * 12 / (year * (year > 0))


@feature(
    unit="month",
    risk="rises",
    zh="近12个月中人均纯收入低于监测线十二分之一的月数",
    en="months in which net income per person was below a twelfth of the line, last 12 months",
    idea="net_income",
)
def months_below_line_12m(h: History) -> Number:
    return reduce(add, [per_head(h, month) < h.line() / 12 for month in monthly(h)])


def _quarters(h: History) -> list[View]:
    return [h.income.last(months=3, skip=skip) for skip in (0, 3, 6, 9)]


@feature(
    unit="yuan/person",
    risk="falls",
    zh="近12个月中最低一季的人均纯收入",
    en="net income per person in the worst of the last four quarters",
    idea="net_income",
)
def worst_quarter_pc_12m(h: History) -> Number:
    return per_head(h, reduce(smaller, [net(quarter) for quarter in _quarters(h)]))


@feature(
    unit="share",
    missing="no net income above 0 in 12 months",
    missing_zh="近12个月纯收入不为正",
    zh="近12个月中最高一季的纯收入占全年的比例",
    en="share of the best of the last four quarters in the year's net income",
    idea="income_steadiness",
)
def best_quarter_share_12m(h: History) -> Number:
    year = net(h.income.last(months=12))
    return reduce(larger, [net(quarter) for quarter in _quarters(h)]) / (year * (year > 0))
