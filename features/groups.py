"""Groups by which a model is judged: does it serve each as well as everyone else? No model is given them."""

from riskmodel.features import GroupSpec, History, Number, age, col, group

TYPES = (
    ("lifted", "脱贫户", "lifted households"),
    ("unlifted", "未脱贫户", "not yet lifted households"),
    ("ordinary", "一般农户", "ordinary households"),
)


def _of_type(code: str, zh: str, en: str) -> GroupSpec:
    def of_type(h: History) -> Number:
        return h.household.latest(col("household_type") == code) == 1

    of_type.__name__ = f"{code}_household"
    return group(zh=zh, en=en)(of_type)


HOUSEHOLD_TYPES = tuple(_of_type(*words) for words in TYPES)


@group(zh="女户主家庭", en="headed by a woman")
def female_headed(h: History) -> Number:
    return h.members.where(relation="head").min(col("sex") == "female") == 1


@group(zh="有60岁及以上老人", en="with a member of 60 or more")
def with_elderly(h: History) -> Number:
    return h.members.where(age() >= 60).exists() == 1


@group(zh="全部为60岁及以上老人", en="all members 60 or more")
def only_elderly(h: History) -> Number:
    return h.members.where(age() >= 60).count() == h.members.count()


@group(zh="有残疾成员", en="with a disabled member")
def with_disabled(h: History) -> Number:
    return h.members.where(disabled=True).exists() == 1


@group(zh="有成员外出务工", en="with a migrant worker")
def with_migrant(h: History) -> Number:
    return h.job.where(kind="migrant").in_force().exists() == 1


# The registry has no column for it: a county that records it brings it as an observation, 1 or 0 a household.
@group(zh="少数民族家庭", en="of an ethnic minority")
def ethnic_minority(h: History) -> Number:
    return h.observation.where(item="ethnic_minority").latest("value") == 1
