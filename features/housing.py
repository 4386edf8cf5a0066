"""Housing, water and the other guarantees: what is not met, for how long, and what was spent on the house."""

from functools import reduce
from operator import add

from riskmodel.features import FeatureFamily, History, Number, col, feature, months_since, ordinal

THEME = ("住房、饮水与各项保障", "Housing, water and the other guarantees")

# Item, risk type, idea, and the words of the code book's guarantee items as they stand in a sentence.
GUARANTEES = {
    "food_clothing": ("other", "guarantees", "不愁吃穿", "food and clothing"),
    "education": ("schooling", "out_of_school", "义务教育保障", "compulsory education"),
    "medical": ("illness", "medical_insurance", "基本医疗保障", "basic medical insurance"),
    "housing": ("housing", "housing_safety", "住房安全保障", "safe housing"),
    "water": ("water", "water_safety", "饮水安全保障", "safe drinking water"),
}


@feature(
    unit="yes_no",
    risk="rises",
    risk_type="housing",
    missing="no grade recorded",
    missing_zh="未登记房屋等级",
    zh="住房为C级或D级",
    en="housing graded C or D",
    idea="housing_safety",
)
def housing_dangerous(h: History) -> Number:
    return h.household.latest(col("housing_grade").isin("C", "D"))


@feature(
    unit="grade",
    risk="rises",
    risk_type="housing",
    missing="no grade recorded",
    missing_zh="未登记房屋等级",
    zh="住房等级（0为A级至3为D级）",
    en="housing grade (0 for A to 3 for D)",
    idea="housing_safety",
)
def housing_grade(h: History) -> Number:
    return h.household.latest(ordinal("housing_grade"))


@feature(
    unit="yes_no",
    risk="rises",
    risk_type="water",
    missing="not recorded",
    missing_zh="未登记",
    zh="饮水不安全",
    en="drinking water not safe",
    idea="water_safety",
)
def water_unsafe(h: History) -> Number:
    return h.household.latest(~col("safe_water").isin(True))


@feature(
    unit="item",
    risk="rises",
    zh="最近一次核查未达标的保障项目数",
    en="guarantees not met at their latest check",
    idea="guarantees",
)
def guarantees_unmet(h: History) -> Number:
    unmet = [(h.guarantee.where(item=item).latest("met") == 0).or_else(0) for item in GUARANTEES]
    return reduce(add, unmet)


def _unmet(item: str) -> FeatureFamily:
    risk_type, idea, zh, en = GUARANTEES[item]

    @feature(
        name=f"unmet_{item}",
        unit="yes_no",
        risk="rises",
        risk_type=risk_type,
        missing="never checked",
        missing_zh="从未核查",
        zh=f"最近一次核查{zh}未达标",
        en=f"{en} not met at the latest check",
        idea=idea,
    )
    def unmet(h: History) -> Number:
        return h.guarantee.where(item=item).latest("met") == 0

    return unmet


def _months_since_unmet(item: str) -> FeatureFamily:
    risk_type, idea, zh, en = GUARANTEES[item]

    @feature(
        name=f"months_since_unmet_{item}",
        unit="month",
        risk_type=risk_type,
        missing="never found not met",
        missing_zh="从未查出未达标",
        zh=f"距最近一次核查发现{zh}未达标的月数",
        en=f"months since {en} was last found not met",
        idea=idea,
    )
    def unmet_since(h: History) -> Number:
        return h.guarantee.where(item=item, met=False).months_since()

    return unmet_since


UNMET = tuple(_unmet(item) for item in GUARANTEES)
SINCE_UNMET = tuple(_months_since_unmet(item) for item in GUARANTEES)


@feature(
    unit="month",
    missing="no check found anything not met",
    missing_zh="从未查出未达标",
    zh="距首次核查发现保障未达标的月数",
    en="months since a guarantee was first found not met",
    idea="guarantees",
)
def months_since_first_unmet(h: History) -> Number:
    return h.guarantee.where(met=False).max(months_since("checked_on"))


@feature(
    unit="count",
    risk="rises",
    zh="近24个月保障核查未达标次数",
    en="guarantee checks not met, last 24 months",
    idea="guarantees",
)
def guarantee_failures_24m(h: History) -> Number:
    return h.guarantee.where(met=False).last(months=24).count()


@feature(
    unit="share",
    risk="rises",
    missing="no check in 24 months",
    missing_zh="近24个月没有核查",
    zh="近24个月保障核查未达标的比例",
    en="share of guarantee checks not met, last 24 months",
    idea="guarantees",
)
def guarantee_failure_share_24m(h: History) -> Number:
    checks = h.guarantee.last(months=24)
    return checks.where(met=False).count() / checks.count()


@feature(
    unit="month",
    missing="never checked",
    missing_zh="从未核查",
    zh="距最近一次保障核查的月数",
    en="months since the last guarantee check",
)
def months_since_check(h: History) -> Number:
    return h.guarantee.months_since()


@feature(unit="yuan", risk_type="housing", zh="近12个月住房支出", en="housing spending, last 12 months")
def housing_spending_12m(h: History) -> Number:
    return h.spending.where(kind="housing").last(months=12).sum("amount")
