"""Income: levels by source, shares, and the distance to the line. Claims are kept apart."""

from functools import reduce

from riskmodel.features import History, Number, View, col, feature, larger

THEME = ("收入", "Income")

SOURCES = ["wage", "operating", "property", "transfer"]

# Transfers that a policy grants and may end: income items under which the national form's transfers are entered.
# Pensions and what relatives send are not among them.
POLICY_ITEMS = [
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

NO_INCOME = "no income recorded in 12 months"
NO_INCOME_ZH = "近12个月无收入记录"


def gross(view: View) -> Number:
    """Income of the four sources over a view of the income table."""
    return view.where(source=SOURCES).sum("amount")


def net(view: View) -> Number:
    """Net income over a view of the income table: four sources less operating cost; claims are not part of it."""
    return gross(view) - view.where(source="operating_cost").sum("amount")


def net_of_operations(view: View) -> Number:
    """Operating income less operating cost over a view of the income table."""
    return view.where(source="operating").sum("amount") - view.where(source="operating_cost").sum("amount")


def policy_transfers(view: View) -> Number:
    """Transfers that a policy grants, over a view of the income table."""
    return view.where(source="transfer", item=POLICY_ITEMS).sum("amount")


def per_head(h: History, amount: Number) -> Number:
    """An amount divided by the members present."""
    return amount / h.members.count()


def to_line(h: History, amount: Number, *, months_ago: int = 0) -> Number:
    """An amount per head against the line, 0 on it; ``months_ago`` takes the line of that time."""
    return per_head(h, amount) / h.line(months_ago=months_ago) - 1


@feature(
    months=(3, 6, 12, 24),
    unit="yuan/person",
    risk="falls",
    zh="近{months}个月人均纯收入",
    en="net income per person, last {months} months",
    idea="net_income",
)
def net_income_pc(h: History, months: int) -> Number:
    return per_head(h, net(h.income.last(months=months)))


@feature(
    unit="yuan/person",
    risk="falls",
    zh="前一年（13至24个月前）人均纯收入",
    en="net income per person, the year before (13 to 24 months ago)",
    idea="net_income",
)
def net_income_pc_previous_12m(h: History) -> Number:
    return per_head(h, net(h.income.last(months=12, skip=12)))


@feature(
    unit="yuan/person",
    risk="falls",
    zh="近12个月不计政策性转移收入的人均纯收入",
    en="net income per person without policy transfers, last 12 months",
    idea="net_income",
)
def net_income_pc_without_policy_12m(h: History) -> Number:
    year = h.income.last(months=12)
    return per_head(h, net(year) - policy_transfers(year))


@feature(
    months=(3, 6, 12),
    unit="yuan/person",
    risk="falls",
    risk_type="job_instability",
    zh="近{months}个月人均工资性收入",
    en="wage income per person, last {months} months",
    idea="wages",
)
def wage_income_pc(h: History, months: int) -> Number:
    return per_head(h, h.income.where(source="wage").last(months=months).sum("amount"))


@feature(
    months=(12, 24),
    unit="yuan/person",
    risk_type="enterprise_failure",
    zh="近{months}个月人均生产经营净收入",
    en="operating income per person after costs, last {months} months",
    idea="operating_income",
)
def operating_net_pc(h: History, months: int) -> Number:
    return per_head(h, net_of_operations(h.income.last(months=months)))


@feature(
    unit="ratio",
    risk_type="enterprise_failure",
    missing="no operating income recorded in 12 months",
    missing_zh="近12个月无生产经营性收入",
    zh="近12个月生产经营支出与生产经营收入之比",
    en="operating cost against operating income, last 12 months",
    idea="operating_income",
)
def operating_cost_ratio_12m(h: History) -> Number:
    year = h.income.last(months=12)
    return year.where(source="operating_cost").sum("amount") / year.where(source="operating").sum("amount")


@feature(
    unit="yuan/person",
    zh="近12个月人均财产性收入",
    en="property income per person, last 12 months",
    idea="property_income",
)
def property_income_pc_12m(h: History) -> Number:
    return per_head(h, h.income.where(source="property").last(months=12).sum("amount"))


@feature(
    unit="yuan/person",
    risk_type="labour_shortage",
    zh="近12个月人均转移性收入",
    en="transfer income per person, last 12 months",
    idea="transfers",
)
def transfer_income_pc_12m(h: History) -> Number:
    return per_head(h, h.income.where(source="transfer").last(months=12).sum("amount"))


@feature(
    unit="yuan/person",
    risk_type="labour_shortage",
    zh="近12个月人均政策性转移收入",
    en="policy transfers per person, last 12 months",
    idea="transfers",
)
def policy_transfer_pc_12m(h: History) -> Number:
    return per_head(h, policy_transfers(h.income.last(months=12)))


@feature(
    unit="yuan/person",
    risk_type="labour_shortage",
    zh="近12个月人均养老金收入",
    en="pensions per person, last 12 months",
)
def pension_pc_12m(h: History) -> Number:
    return per_head(h, h.income.where(source="transfer", item="pension").last(months=12).sum("amount"))


@feature(
    unit="yuan/person",
    risk_type="labour_shortage",
    zh="近12个月人均赡养和亲属资助收入",
    en="support from relatives per person, last 12 months",
)
def family_support_pc_12m(h: History) -> Number:
    return per_head(h, h.income.where(source="transfer", item="family_support").last(months=12).sum("amount"))


def _share(h: History, source: str) -> Number:
    year = h.income.last(months=12)
    return year.where(source=source).sum("amount") / gross(year)


@feature(
    unit="share",
    risk_type="labour_shortage",
    missing=NO_INCOME,
    missing_zh=NO_INCOME_ZH,
    zh="近12个月转移性收入占比",
    en="share of transfers in gross income, last 12 months",
    idea="transfers",
)
def transfer_share_12m(h: History) -> Number:
    return _share(h, "transfer")


@feature(
    unit="share",
    risk_type="labour_shortage",
    missing=NO_INCOME,
    missing_zh=NO_INCOME_ZH,
    zh="近12个月政策性转移收入占比",
    en="share of policy transfers in gross income, last 12 months",
    idea="transfers",
)
def policy_transfer_share_12m(h: History) -> Number:
    year = h.income.last(months=12)
    return policy_transfers(year) / gross(year)


@feature(
    unit="share",
    risk_type="job_instability",
    missing=NO_INCOME,
    missing_zh=NO_INCOME_ZH,
    zh="近12个月工资性收入占比",
    en="share of wages in gross income, last 12 months",
    idea="wages",
)
def wage_share_12m(h: History) -> Number:
    return _share(h, "wage")


@feature(
    unit="share",
    risk_type="enterprise_failure",
    missing=NO_INCOME,
    missing_zh=NO_INCOME_ZH,
    zh="近12个月生产经营性收入占比",
    en="share of farm and business income in gross income, last 12 months",
    idea="operating_income",
)
def operating_share_12m(h: History) -> Number:
    return _share(h, "operating")


@feature(
    unit="share",
    missing=NO_INCOME,
    missing_zh=NO_INCOME_ZH,
    zh="近12个月最大收入来源占比",
    en="share of the largest of the four sources in gross income, last 12 months",
    idea="income_sources",
)
def largest_source_share_12m(h: History) -> Number:
    return reduce(larger, [_share(h, source) for source in SOURCES])


@feature(
    unit="item",
    zh="近12个月有收入的项目数",
    en="income items received, last 12 months",
    idea="income_sources",
)
def income_items_12m(h: History) -> Number:
    return h.income.where(col("amount") > 0, source=SOURCES).last(months=12).distinct("item")


@feature(
    unit="share",
    risk="falls",
    zh="近12个月人均纯收入与监测线的差距（正为高于，负为低于）",
    en="net income per person above (+) or below (-) the monitoring line, last 12 months",
    idea="net_income",
)
def line_gap_12m(h: History) -> Number:
    return net_income_pc(h, 12) / h.line() - 1


@feature(
    unit="share",
    zh="一年前人均纯收入与当时监测线的差距（正为高于，负为低于）",
    en="net income per person above (+) or below (-) the line in force then, the year before",
    idea="net_income",
)
def line_gap_previous_12m(h: History) -> Number:
    return to_line(h, net(h.income.last(months=12, skip=12)), months_ago=12)


@feature(
    unit="share",
    zh="与监测线的差距比一年前的变化（正为改善，负为恶化）",
    en="change of the gap to the line against the year before (+ better, - worse)",
    idea="net_income",
)
def line_gap_change_12m(h: History) -> Number:
    return line_gap_12m(h) - line_gap_previous_12m(h)


@feature(
    unit="share",
    risk="falls",
    zh="近12个月人均纯收入不计政策性转移后与监测线的差距（正为高于，负为低于）",
    en="net income per person without policy transfers above (+) or below (-) the line, last 12 months",
    idea="net_income",
)
def line_gap_without_policy_12m(h: History) -> Number:
    year = h.income.last(months=12)
    return to_line(h, net(year) - policy_transfers(year))


@feature(
    unit="share",
    risk="falls",
    zh="近12个月人均纯收入扣除自付医疗、加理赔后与监测线的差距（正为高于，负为低于）",
    en="net income per person less out-of-pocket medical costs plus claims, above (+) or below (-) the line",
    idea="net_income",
)
def line_gap_after_medical_12m(h: History) -> Number:
    oop = h.spending.where(kind="medical_oop").last(months=12).sum("amount")
    claims = h.income.where(source="claims").last(months=12).sum("amount")
    return to_line(h, net(h.income.last(months=12)) - oop + claims)
