"""Income: levels by source, shares, change, steadiness, and the distance to the line. Claims are kept apart."""

from riskmodel.features import History, Number, View, col, feature


def net(view: View) -> Number:
    """Net income over a view of the income table: four sources less operating cost; claims are not part of it."""
    gross = view.where(source=["wage", "operating", "property", "transfer"]).sum("amount")
    return gross - view.where(source="operating_cost").sum("amount")


def per_head(h: History, amount: Number) -> Number:
    """An amount divided by the members present."""
    return amount / h.members.count()


@feature(
    months=(6, 12),
    unit="yuan/person",
    risk="falls",
    zh="近{months}个月人均纯收入",
    en="net income per person, last {months} months",
)
def net_income_pc(h: History, months: int) -> Number:
    return per_head(h, net(h.income.last(months=months)))


@feature(
    unit="yuan/person",
    risk="falls",
    zh="前一年（13至24个月前）人均纯收入",
    en="net income per person, the year before (13 to 24 months ago)",
)
def net_income_pc_previous_12m(h: History) -> Number:
    return per_head(h, net(h.income.last(months=12, skip=12)))


@feature(
    unit="yuan/person",
    zh="近12个月人均纯收入比前一年增减",
    en="change in net income per person against the year before",
)
def net_income_pc_change_12m(h: History) -> Number:
    return per_head(h, net(h.income.last(months=12)) - net(h.income.last(months=12, skip=12)))


@feature(
    unit="yuan/person",
    zh="近6个月人均纯收入比去年同期增减",
    en="change in net income per person, last 6 months against the same months a year earlier",
)
def net_income_pc_change_6m(h: History) -> Number:
    return per_head(h, net(h.income.last(months=6)) - net(h.income.last(months=6, skip=12)))


@feature(
    months=(3, 12),
    unit="yuan/person",
    risk="falls",
    risk_type="job_instability",
    zh="近{months}个月人均工资性收入",
    en="wage income per person, last {months} months",
)
def wage_income_pc(h: History, months: int) -> Number:
    return per_head(h, h.income.where(source="wage").last(months=months).sum("amount"))


@feature(
    unit="yuan/person",
    risk_type="job_instability",
    zh="近3个月人均工资性收入比去年同期增减",
    en="change in wage income per person, last 3 months against the same months a year earlier",
)
def wage_income_pc_change_3m(h: History) -> Number:
    wage = h.income.where(source="wage")
    return per_head(h, wage.last(months=3).sum("amount") - wage.last(months=3, skip=12).sum("amount"))


@feature(
    unit="month",
    risk_type="job_instability",
    zh="近12个月有工资性收入的月数",
    en="months with wage income, last 12 months",
)
def wage_months_12m(h: History) -> Number:
    return h.income.where(col("amount") > 0, source="wage").last(months=12).distinct("month")


@feature(
    unit="month",
    risk_type="job_instability",
    missing="no wage ever recorded",
    zh="距最近一次工资性收入的月数",
    en="months since the last wage income",
)
def months_since_wage(h: History) -> Number:
    return h.income.where(col("amount") > 0, source="wage").months_since()


@feature(
    unit="ratio",
    risk_type="job_instability",
    missing="fewer than two wage payments in 12 months",
    zh="近12个月工资性收入波动系数",
    en="unsteadiness of wage income, last 12 months (standard deviation / mean)",
)
def wage_unsteadiness_12m(h: History) -> Number:
    wage = h.income.where(source="wage").last(months=12)
    return wage.std("amount") / wage.mean("amount")


@feature(
    unit="yuan/person",
    risk_type="enterprise_failure",
    zh="近12个月人均生产经营净收入",
    en="operating income per person after costs, last 12 months",
)
def operating_net_pc_12m(h: History) -> Number:
    year = h.income.last(months=12)
    return per_head(h, year.where(source="operating").sum("amount") - year.where(source="operating_cost").sum("amount"))


@feature(
    unit="yuan/person",
    risk_type="enterprise_failure",
    zh="近12个月人均生产经营净收入比前一年增减",
    en="change in operating income per person after costs against the year before",
)
def operating_net_pc_change_12m(h: History) -> Number:
    now, then = h.income.last(months=12), h.income.last(months=12, skip=12)
    made = now.where(source="operating").sum("amount") - now.where(source="operating_cost").sum("amount")
    before = then.where(source="operating").sum("amount") - then.where(source="operating_cost").sum("amount")
    return per_head(h, made - before)


@feature(
    unit="yuan/person",
    zh="近12个月人均财产性收入",
    en="property income per person, last 12 months",
)
def property_income_pc_12m(h: History) -> Number:
    return per_head(h, h.income.where(source="property").last(months=12).sum("amount"))


@feature(
    unit="yuan/person",
    zh="近12个月人均转移性收入",
    en="transfer income per person, last 12 months",
)
def transfer_income_pc_12m(h: History) -> Number:
    return per_head(h, h.income.where(source="transfer").last(months=12).sum("amount"))


def _share(h: History, source: str) -> Number:
    year = h.income.last(months=12)
    gross = year.where(source=["wage", "operating", "property", "transfer"]).sum("amount")
    return year.where(source=source).sum("amount") / gross


@feature(
    unit="share",
    risk_type="labour_shortage",
    missing="no income recorded in 12 months",
    zh="近12个月转移性收入占比",
    en="share of transfers in gross income, last 12 months",
)
def transfer_share_12m(h: History) -> Number:
    return _share(h, "transfer")


@feature(
    unit="share",
    risk_type="job_instability",
    missing="no income recorded in 12 months",
    zh="近12个月工资性收入占比",
    en="share of wages in gross income, last 12 months",
)
def wage_share_12m(h: History) -> Number:
    return _share(h, "wage")


@feature(
    unit="share",
    risk_type="enterprise_failure",
    missing="no income recorded in 12 months",
    zh="近12个月生产经营性收入占比",
    en="share of farm and business income in gross income, last 12 months",
)
def operating_share_12m(h: History) -> Number:
    return _share(h, "operating")


@feature(
    unit="share",
    risk="falls",
    zh="近12个月人均纯收入高于监测线的比例",
    en="net income per person above (+) or below (-) the monitoring line, last 12 months",
)
def line_gap_12m(h: History) -> Number:
    return net_income_pc(h, 12) / h.line() - 1


@feature(
    unit="share",
    risk="falls",
    zh="近12个月人均纯收入扣除自付医疗、加理赔后高于监测线的比例",
    en="net income per person less out-of-pocket medical costs plus claims, above (+) or below (-) the line",
)
def line_gap_after_medical_12m(h: History) -> Number:
    oop = h.spending.where(kind="medical_oop").last(months=12).sum("amount")
    claims = h.income.where(source="claims").last(months=12).sum("amount")
    return per_head(h, net(h.income.last(months=12)) - oop + claims) / h.line() - 1


@feature(
    unit="yuan",
    zh="近12个月理赔收入",
    en="insurance claims received, last 12 months",
)
def claims_12m(h: History) -> Number:
    return h.income.where(source="claims").last(months=12).sum("amount")
