"""Health: illness and disability among the members, and what treatment has cost."""

from riskmodel.features import History, Number, age, col, feature

from .income import net


@feature(unit="person", risk="rises", risk_type="disability", sensitive=True, zh="残疾人数", en="disabled members")
def members_disabled(h: History) -> Number:
    return h.members.where(disabled=True).count()


@feature(
    unit="person",
    risk="rises",
    risk_type="illness",
    sensitive=True,
    zh="慢性病人数",
    en="members with a chronic illness",
)
def members_chronic(h: History) -> Number:
    return h.members.where(chronic_illness=True).count()


@feature(
    unit="person", risk="rises", risk_type="illness", sensitive=True, zh="患大病人数", en="members with a major illness"
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
)
def working_age_unwell(h: History) -> Number:
    unwell = col("chronic_illness").isin(True) | col("major_illness").isin(True) | col("disabled").isin(True)
    return h.members.where(unwell, age() >= 16, age() <= 59).count()


@feature(unit="person", risk_type="illness", zh="未参加基本医保人数", en="members without basic medical insurance")
def members_uninsured(h: History) -> Number:
    return h.members.where(medical_insured=False).count()


@feature(
    months=(3, 12),
    unit="yuan",
    risk="rises",
    risk_type="illness",
    sensitive=True,
    zh="近{months}个月合规自付医疗支出",
    en="compliant out-of-pocket medical spending, last {months} months",
)
def medical_oop(h: History, months: int) -> Number:
    return h.spending.where(kind="medical_oop").last(months=months).sum("amount")


@feature(
    unit="ratio",
    risk_type="illness",
    sensitive=True,
    missing="no net income recorded in 12 months",
    zh="近12个月自付医疗支出与纯收入之比",
    en="out-of-pocket medical spending against net income, last 12 months",
)
def medical_oop_ratio_12m(h: History) -> Number:
    return h.spending.where(kind="medical_oop").last(months=12).sum("amount") / net(h.income.last(months=12))


@feature(
    unit="month",
    risk_type="illness",
    sensitive=True,
    missing="no illness recorded",
    zh="距最近一次生病的月数",
    en="months since the last illness",
)
def months_since_illness(h: History) -> Number:
    return h.event.where(kind="illness").months_since()


@feature(
    unit="count",
    risk="rises",
    risk_type="illness",
    sensitive=True,
    zh="近12个月生病次数",
    en="illnesses recorded, last 12 months",
)
def illness_events_12m(h: History) -> Number:
    return h.event.where(kind="illness").last(months=12).count()
