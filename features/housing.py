"""Housing, water and the other guarantees, and where the household lives."""

from functools import reduce
from operator import add

from riskmodel.features import History, Number, col, feature

GUARANTEES = ("food_clothing", "education", "medical", "housing", "water")


@feature(
    unit="yes_no",
    risk="rises",
    risk_type="housing",
    missing="no grade recorded",
    zh="住房为C级或D级",
    en="housing graded C or D",
)
def housing_dangerous(h: History) -> Number:
    return h.household.latest(col("housing_grade").isin("C", "D"))


@feature(
    unit="yes_no",
    risk="rises",
    risk_type="water",
    missing="not recorded",
    zh="饮水不安全",
    en="drinking water not safe",
)
def water_unsafe(h: History) -> Number:
    return h.household.latest(~col("safe_water").isin(True))


@feature(
    unit="item",
    risk="rises",
    zh="最近一次核查未达标的保障项目数",
    en="guarantees not met at their latest check",
)
def guarantees_unmet(h: History) -> Number:
    unmet = [(h.guarantee.where(item=item).latest("met") == 0).or_else(0) for item in GUARANTEES]
    return reduce(add, unmet)


@feature(
    unit="count",
    risk="rises",
    zh="近24个月保障核查未达标次数",
    en="guarantee checks not met, last 24 months",
)
def guarantee_failures_24m(h: History) -> Number:
    return h.guarantee.where(met=False).last(months=24).count()


@feature(unit="yuan", risk_type="housing", zh="近12个月住房支出", en="housing spending, last 12 months")
def housing_spending_12m(h: History) -> Number:
    return h.spending.where(kind="housing").last(months=12).sum("amount")
