"""What a county can give, as a change of the household's history: what the model would then compute.

Amounts are figures of the policy record: a county lays its own over them.
"""

from riskmodel.features import Added, Change, Changed, History, Number, col, larger, lever

from .health import oop
from .labour import able

# Of added rows: a name of their own, so that they stand beside what the household has and correct none of it.
WHAT_IF = "what-if"


def idle(h: History) -> Number:
    """Members able to work beyond those at work."""
    return able(h).count() - h.job.in_force().distinct("member_id")


@lever(
    zh="有一名有劳动能力、无务工登记的成员近12个月从事公益性岗位",
    en="a member able to work without a recorded job had held a public-welfare post for the last 12 months",
)
def public_post(h: History) -> Change:
    return Change(
        (idle(h) >= 1) & (h.measure.where(kind="public_post").in_force().count() == 0),
        (
            Added("job", 12, {"record_id": WHAT_IF, "member_id": WHAT_IF, "place": "village", "kind": "public_post"}),
            Added("measure", 12, {"record_id": WHAT_IF, "kind": "public_post"}),
            Added("income", 12, {"source": "wage", "item": WHAT_IF}, h.figure("public_post_wage")),
        ),
    )


@lever(
    zh="有一名有劳动能力、无务工登记的成员近3个月在县内务工并按月领到工资",
    en="a member able to work without a recorded job had worked within the county for the last 3 months, paid monthly",
)
def months_of_work(h: History) -> Change:
    return Change(
        idle(h) >= 1,
        (
            Added("job", 3, {"record_id": WHAT_IF, "member_id": WHAT_IF, "place": "county", "kind": "local"}),
            Added("income", 3, {"source": "wage", "item": WHAT_IF}, h.figure("local_wage")),
        ),
    )


@lever(
    zh="防贫保险已按比例赔付近12个月自付医疗支出超过起付线的部分",
    en="insurance had paid its share of the last 12 months' out-of-pocket medical spending above its deductible",
)
def claim_paid(h: History) -> Change:
    beyond = larger(oop(h, 12) - h.figure("insurance_deductible"), 0)
    return Change(
        (oop(h, 12) > h.figure("insurance_deductible"))
        & (h.income.where(source="claims").last(months=12).count() == 0),
        (Added("income", 1, {"source": "claims", "item": WHAT_IF}, beyond * h.figure("insurance_share")),),
    )


@lever(zh="住房已修缮至安全等级（B级）", en="the house had been made safe (grade B)")
def safe_house(h: History) -> Change:
    dangerous = (h.household.latest(col("housing_grade").isin("C", "D")) == 1) | (
        h.guarantee.where(item="housing").latest("met") == 0
    ).or_else(0)
    return Change(
        dangerous,
        (
            Changed("household", {"housing_grade": "C"}, {"housing_grade": "B"}),
            Changed("household", {"housing_grade": "D"}, {"housing_grade": "B"}),
            Added("guarantee", 0, {"item": "housing", "met": True}),
        ),
    )


@lever(zh="饮水已达到安全标准", en="drinking water had been made safe")
def safe_water(h: History) -> Change:
    unsafe = (h.household.latest(~col("safe_water").isin(True)) == 1) | (
        h.guarantee.where(item="water").latest("met") == 0
    ).or_else(0)
    return Change(
        unsafe,
        (
            Changed("household", {"safe_water": False}, {"safe_water": True}),
            Added("guarantee", 0, {"item": "water", "met": True}),
        ),
    )


@lever(zh="失学儿童已返校", en="every child out of school were back at school")
def back_at_school(h: History) -> Change:
    return Change(
        h.members.where(school_status="dropped_out").exists() == 1,
        (
            Changed("member", {"school_status": "dropped_out"}, {"school_status": "junior"}),
            Added("guarantee", 0, {"item": "education", "met": True}),
        ),
    )


@lever(zh="全家已参加基本医保", en="all members had basic medical insurance")
def all_insured(h: History) -> Change:
    return Change(
        h.members.where(medical_insured=False).exists() == 1,
        (
            Changed("member", {"medical_insured": False}, {"medical_insured": True}),
            Added("guarantee", 0, {"item": "medical", "met": True}),
        ),
    )
