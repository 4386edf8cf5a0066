"""Health: illness and disability among the members, and what treatment has cost."""

from riskmodel.features import Column, History, Number, age, col, feature

from .income import net, per_head

THEME = ("健康", "Health")


def unwell() -> Column:
    """A member with a chronic illness, a major illness or a disability."""
    return col("chronic_illness").isin(True) | col("major_illness").isin(True) | col("disabled").isin(True)


def oop(h: History, months: int, *, skip: int = 0) -> Number:
    """Compliant out-of-pocket medical spending over a window."""
    return h.spending.where(kind="medical_oop").last(months=months, skip=skip).sum("amount")


@feature(
    unit="person",
    risk="rises",
    risk_type="disability",
    sensitive=True,
    zh="残疾人数",
    en="disabled members",
    idea="disability",
)
def members_disabled(h: History) -> Number:
    return h.members.where(disabled=True).count()


@feature(
    unit="person",
    risk="rises",
    risk_type="disability",
    sensitive=True,
    zh="重度（一级、二级）残疾人数",
    en="members with a severe disability (grades 1 and 2)",
    idea="disability",
)
def members_severely_disabled(h: History) -> Number:
    return h.members.where(col("disability_grade") <= 2, disabled=True).count()


@feature(
    unit="person",
    risk="rises",
    risk_type="illness",
    sensitive=True,
    zh="慢性病人数",
    en="members with a chronic illness",
    idea="ill_members",
)
def members_chronic(h: History) -> Number:
    return h.members.where(chronic_illness=True).count()


@feature(
    unit="person",
    risk="rises",
    risk_type="illness",
    sensitive=True,
    zh="患大病人数",
    en="members with a major illness",
    idea="ill_members",
)
def members_major_illness(h: History) -> Number:
    return h.members.where(major_illness=True).count()


@feature(
    unit="person",
    risk="rises",
    risk_type="illness",
    sensitive=True,
    zh="16至59岁患慢性病、大病或残疾人数",
    en="members aged 16 to 59 who are ill or disabled",
    idea="ill_members",
)
def working_age_unwell(h: History) -> Number:
    return h.members.where(unwell(), age() >= 16, age() <= 59).count()


@feature(
    unit="person",
    risk="rises",
    risk_type="illness",
    sensitive=True,
    zh="16岁以下患慢性病、大病或残疾人数",
    en="members under 16 who are ill or disabled",
    idea="ill_members",
)
def children_unwell(h: History) -> Number:
    return h.members.where(unwell(), age() < 16).count()


@feature(
    unit="person",
    risk="rises",
    risk_type="illness",
    sensitive=True,
    zh="60岁及以上患慢性病、大病或残疾人数",
    en="members aged 60 or more who are ill or disabled",
    idea="ill_members",
)
def elders_unwell(h: History) -> Number:
    return h.members.where(unwell(), age() >= 60).count()


@feature(
    unit="share",
    risk="rises",
    risk_type="illness",
    sensitive=True,
    zh="患慢性病、大病或残疾人口占比",
    en="share of members who are ill or disabled",
    idea="ill_members",
)
def unwell_share(h: History) -> Number:
    return h.members.where(unwell()).count() / h.members.count()


@feature(
    unit="person",
    risk_type="illness",
    zh="未参加基本医保人数",
    en="members without basic medical insurance",
    idea="medical_insurance",
)
def members_uninsured(h: History) -> Number:
    return h.members.where(medical_insured=False).count()


@feature(
    months=(3, 12, 24),
    unit="yuan",
    risk="rises",
    risk_type="illness",
    sensitive=True,
    zh="近{months}个月合规自付医疗支出",
    en="compliant out-of-pocket medical spending, last {months} months",
    idea="medical_spending",
)
def medical_oop(h: History, months: int) -> Number:
    return oop(h, months)


@feature(
    unit="yuan/person",
    risk_type="illness",
    sensitive=True,
    zh="近12个月人均自付医疗支出比前一年增减",
    en="change in out-of-pocket medical spending per person against the year before",
    idea="medical_spending",
)
def medical_oop_pc_change_12m(h: History) -> Number:
    return per_head(h, oop(h, 12) - oop(h, 12, skip=12))


@feature(
    unit="ratio",
    risk_type="illness",
    sensitive=True,
    missing="no net income recorded in 12 months",
    missing_zh="近12个月无纯收入记录",
    zh="近12个月自付医疗支出与纯收入之比",
    en="out-of-pocket medical spending against net income, last 12 months",
    idea="medical_spending",
)
def medical_oop_ratio_12m(h: History) -> Number:
    return oop(h, 12) / net(h.income.last(months=12))


@feature(
    unit="share",
    risk="rises",
    risk_type="illness",
    sensitive=True,
    zh="近12个月人均自付医疗支出相当于监测线的比例",
    en="out-of-pocket medical spending per person as a share of the line, last 12 months",
    idea="medical_spending",
)
def medical_oop_to_line_12m(h: History) -> Number:
    return per_head(h, oop(h, 12)) / h.line()


@feature(
    unit="yuan",
    risk_type="illness",
    sensitive=True,
    missing="no medical bill in 12 months",
    missing_zh="近12个月无自付医疗支出",
    zh="近12个月最大一笔自付医疗支出",
    en="largest single out-of-pocket medical bill, last 12 months",
    idea="medical_spending",
)
def largest_medical_bill_12m(h: History) -> Number:
    return h.spending.where(kind="medical_oop").last(months=12).max("amount")


@feature(
    unit="count",
    risk="rises",
    risk_type="illness",
    sensitive=True,
    zh="近12个月自付医疗支出次数",
    en="out-of-pocket medical bills, last 12 months",
    idea="medical_spending",
)
def medical_bills_12m(h: History) -> Number:
    return h.spending.where(kind="medical_oop").last(months=12).count()


@feature(
    unit="month",
    risk_type="illness",
    sensitive=True,
    missing="no medical bill recorded",
    missing_zh="无自付医疗支出记录",
    zh="距最近一次自付医疗支出的月数",
    en="months since the last out-of-pocket medical bill",
    idea="medical_spending",
)
def months_since_medical_bill(h: History) -> Number:
    return h.spending.where(kind="medical_oop").months_since()


@feature(
    unit="month",
    risk_type="illness",
    sensitive=True,
    missing="no illness recorded",
    missing_zh="无生病记录",
    zh="距最近一次生病的月数",
    en="months since the last illness",
    idea="illness_events",
)
def months_since_illness(h: History) -> Number:
    return h.event.where(kind="illness").months_since()


@feature(
    months=(12, 36),
    unit="count",
    risk="rises",
    risk_type="illness",
    sensitive=True,
    zh="近{months}个月生病次数",
    en="illnesses recorded, last {months} months",
    idea="illness_events",
)
def illness_events(h: History, months: int) -> Number:
    return h.event.where(kind="illness").last(months=months).count()
