"""Labour: who is there and who can work."""

from riskmodel.features import History, Number, View, age, feature, larger, ordinal

THEME = ("人口与劳动力", "Members and labour")


def able(h: History) -> View:
    """Members of 16 to 59 completed years whose labour skill is skilled or ordinary."""
    return h.members.where(age() >= 16, age() <= 59, labour_skill=["skilled", "ordinary"])


@feature(unit="person", zh="家庭在户人口数", en="members present")
def members(h: History) -> Number:
    return h.members.count()


@feature(
    unit="person",
    risk="falls",
    risk_type="labour_shortage",
    zh="有劳动能力人数",
    en="members able to work",
    idea="able_members",
)
def members_able(h: History) -> Number:
    return able(h).count()


@feature(
    unit="share",
    risk="rises",
    risk_type="labour_shortage",
    zh="非劳动力人口占比",
    en="share of members not able to work",
    idea="able_members",
)
def dependency_ratio(h: History) -> Number:
    return (h.members.count() - able(h).count()) / h.members.count()


@feature(
    unit="yes_no",
    risk="rises",
    risk_type="labour_shortage",
    zh="整户无劳动能力",
    en="nobody in the household can work",
    idea="able_members",
)
def nobody_able(h: History) -> Number:
    return able(h).count() == 0


@feature(
    unit="person",
    risk_type="labour_shortage",
    zh="6岁以下人数",
    en="members under 6",
    idea="children",
)
def members_under_6(h: History) -> Number:
    return h.members.where(age() < 6).count()


@feature(
    unit="person",
    risk_type="labour_shortage",
    zh="16岁以下人数",
    en="members under 16",
    idea="children",
)
def members_under_16(h: History) -> Number:
    return h.members.where(age() < 16).count()


@feature(
    unit="person",
    risk_type="labour_shortage",
    zh="60岁及以上人数",
    en="members aged 60 or more",
    idea="elders",
)
def members_60_plus(h: History) -> Number:
    return h.members.where(age() >= 60).count()


@feature(
    unit="person",
    risk_type="labour_shortage",
    zh="75岁及以上人数",
    en="members aged 75 or more",
    idea="elders",
)
def members_75_plus(h: History) -> Number:
    return h.members.where(age() >= 75).count()


@feature(
    unit="ratio",
    risk_type="labour_shortage",
    missing="nobody able to work",
    missing_zh="无有劳动能力者",
    zh="16岁以下人数与有劳动能力人数之比",
    en="members under 16 per member able to work",
    idea="able_members",
)
def children_per_able(h: History) -> Number:
    return h.members.where(age() < 16).count() / able(h).count()


@feature(
    unit="ratio",
    risk_type="labour_shortage",
    missing="nobody able to work",
    missing_zh="无有劳动能力者",
    zh="60岁及以上人数与有劳动能力人数之比",
    en="members aged 60 or more per member able to work",
    idea="able_members",
)
def elders_per_able(h: History) -> Number:
    return h.members.where(age() >= 60).count() / able(h).count()


@feature(
    unit="person",
    risk_type="labour_shortage",
    sensitive=True,
    zh="16至59岁弱劳动力、半劳动力或丧失劳动力人数",
    en="members aged 16 to 59 whose ability to work is weak or lost",
    idea="able_members",
)
def working_age_weak(h: History) -> Number:
    return h.members.where(age() >= 16, age() <= 59, labour_skill=["weak", "lost", "none"]).count()


@feature(
    unit="age",
    risk_type="labour_shortage",
    missing="no head recorded",
    missing_zh="未登记户主",
    zh="户主年龄",
    en="age of the head",
    idea="age_of_workers",
)
def head_age(h: History) -> Number:
    return h.members.where(relation="head").max(age())


@feature(
    unit="age",
    risk_type="labour_shortage",
    missing="nobody able to work",
    missing_zh="无有劳动能力者",
    zh="有劳动能力成员的平均年龄",
    en="mean age of the members able to work",
    idea="age_of_workers",
)
def able_mean_age(h: History) -> Number:
    return able(h).mean(age())


@feature(
    unit="person",
    risk_type="labour_shortage",
    zh="50至59岁有劳动能力人数",
    en="members able to work aged 50 to 59",
    idea="age_of_workers",
)
def able_50_plus(h: History) -> Number:
    return able(h).where(age() >= 50).count()


@feature(
    unit="grade",
    risk_type="labour_shortage",
    missing="no adult's schooling recorded",
    missing_zh="未登记成年成员文化程度",
    zh="成年成员最高文化程度（0文盲至5本科及以上）",
    en="highest schooling among adults (0 illiterate to 5 university)",
    idea="skills",
)
def adults_best_education(h: History) -> Number:
    return h.members.where(age() >= 16).max(ordinal("education"))


@feature(
    unit="person",
    risk_type="labour_shortage",
    zh="技能劳动力人数",
    en="skilled workers",
    idea="skills",
)
def members_skilled(h: History) -> Number:
    return h.members.where(age() >= 16, age() <= 59, labour_skill="skilled").count()


@feature(
    unit="person",
    risk_type="labour_shortage",
    zh="近24个月离户人数",
    en="members who left the household, last 24 months",
)
def members_left_24m(h: History) -> Number:
    return h.member.ended(months=24, end_column="left_on").count()


@feature(
    unit="person",
    risk_type="job_instability",
    zh="有劳动能力人数超出在职人数的部分",
    en="members able to work beyond those at work",
    idea="at_work",
)
def able_without_job(h: History) -> Number:
    working = h.job.where(kind=["migrant", "local", "public_post"]).in_force().distinct("member_id")
    return larger(able(h).count() - working, 0)
