"""What kind of household it is, and its village and township, as of the date and without the household itself."""

from riskmodel.features import History, Number, col, feature, larger, months_since, smaller

from .housing import guarantees_unmet
from .income import line_gap_12m, net_income_pc
from .income_change import against
from .labour import members_able

THEME = ("户情与村镇环境", "The household's kind, its village and township")

ALONE = "no other household recorded there"
ALONE_ZH = "当地没有其他登记农户"


@feature(unit="yes_no", zh="脱贫户", en="lifted household")
def is_lifted(h: History) -> Number:
    return h.household.latest(col("household_type") == "lifted")


@feature(
    unit="yes_no",
    missing="not recorded",
    missing_zh="未登记",
    zh="居住在易地搬迁安置区",
    en="lives in a relocation site",
)
def relocation_site(h: History) -> Number:
    return h.household.latest("relocation_site")


@feature(unit="month", zh="登记以来的月数", en="months since the household was registered")
def months_registered(h: History) -> Number:
    return h.household.latest(months_since("registered_on"))


def listed(h: History) -> Number:
    """Whether the household is on the monitoring list."""
    return h.listing.in_force(end_column="eliminated_on").exists() == 1


@feature(
    unit="share",
    missing=ALONE,
    missing_zh=ALONE_ZH,
    zh="本村其他农户在监测名单上的比例",
    en="share of the village's others on the list",
    idea="listed_nearby",
)
def village_listed_share(h: History) -> Number:
    return h.village.share(listed(h))


@feature(
    unit="share",
    missing=ALONE,
    missing_zh=ALONE_ZH,
    zh="本乡镇其他农户在监测名单上的比例",
    en="share of the township's others on the list",
    idea="listed_nearby",
)
def township_listed_share(h: History) -> Number:
    return h.township.share(listed(h))


@feature(
    unit="share",
    missing=ALONE,
    missing_zh=ALONE_ZH,
    zh="本村其他农户近12个月新纳入监测的比例",
    en="share of the village's others put on the list in the last 12 months",
    idea="listed_nearby",
)
def village_newly_listed_share_12m(h: History) -> Number:
    return h.village.share(h.listing.last(months=12).exists() == 1)


@feature(
    unit="yuan/person",
    missing=ALONE,
    missing_zh=ALONE_ZH,
    zh="本村其他农户近12个月人均纯收入的平均水平",
    en="mean net income per person of the village's others, last 12 months",
    idea="income_nearby",
)
def village_net_income_pc_12m(h: History) -> Number:
    return h.village.mean(net_income_pc(h, 12))


@feature(
    unit="yuan/person",
    missing=ALONE,
    missing_zh=ALONE_ZH,
    zh="本乡镇其他农户近12个月人均纯收入的平均水平",
    en="mean net income per person of the township's others, last 12 months",
    idea="income_nearby",
)
def township_net_income_pc_12m(h: History) -> Number:
    return h.township.mean(net_income_pc(h, 12))


@feature(
    unit="share",
    missing=ALONE,
    missing_zh=ALONE_ZH,
    zh="本村其他农户近12个月人均纯收入与监测线差距的平均水平（每户封顶为监测线的两倍）",
    en="mean gap to the line of the village's others, none counted above twice the line, last 12 months",
    idea="income_nearby",
)
def village_capped_line_gap_12m(h: History) -> Number:
    return h.village.mean(smaller(larger(line_gap_12m(h), -1), 1))


@feature(
    unit="share",
    missing=ALONE,
    missing_zh=ALONE_ZH,
    zh="本村其他农户近12个月人均纯收入低于监测线的比例",
    en="share of the village's others below the line, last 12 months",
    idea="income_nearby",
)
def village_below_line_share_12m(h: History) -> Number:
    return h.village.share(line_gap_12m(h) < 0)


@feature(
    unit="share",
    missing=ALONE,
    missing_zh=ALONE_ZH,
    zh="本乡镇其他农户近12个月人均纯收入低于监测线的比例",
    en="share of the township's others below the line, last 12 months",
    idea="income_nearby",
)
def township_below_line_share_12m(h: History) -> Number:
    return h.township.share(line_gap_12m(h) < 0)


@feature(
    unit="share",
    risk="falls",
    missing="no other household with income there",
    missing_zh="当地没有其他有收入的农户",
    zh="近12个月人均纯收入与本村其他农户平均水平的差距（正为高于，负为低于）",
    en="net income per person above (+) or below (-) the mean of the village's others, last 12 months",
    idea="income_against_neighbours",
)
def income_against_village_12m(h: History) -> Number:
    return against(net_income_pc(h, 12), village_net_income_pc_12m(h))


@feature(
    unit="share",
    risk="falls",
    missing="no other household with income there",
    missing_zh="当地没有其他有收入的农户",
    zh="近12个月人均纯收入与本乡镇其他农户平均水平的差距（正为高于，负为低于）",
    en="net income per person above (+) or below (-) the mean of the township's others, last 12 months",
    idea="income_against_neighbours",
)
def income_against_township_12m(h: History) -> Number:
    return against(net_income_pc(h, 12), township_net_income_pc_12m(h))


@feature(
    unit="count",
    risk_type="disaster",
    missing=ALONE,
    missing_zh=ALONE_ZH,
    zh="近12个月本村其他农户户均自然灾害次数",
    en="natural disasters per household among the village's others, last 12 months",
    idea="disasters_nearby",
)
def village_disasters_12m(h: History) -> Number:
    return h.village.mean(h.event.where(kind="disaster").last(months=12).count())


@feature(
    unit="count",
    risk_type="disaster",
    missing=ALONE,
    missing_zh=ALONE_ZH,
    zh="近12个月本乡镇其他农户户均自然灾害次数",
    en="natural disasters per household among the township's others, last 12 months",
    idea="disasters_nearby",
)
def township_disasters_12m(h: History) -> Number:
    return h.township.mean(h.event.where(kind="disaster").last(months=12).count())


@feature(
    unit="count",
    risk_type="job_instability",
    missing=ALONE,
    missing_zh=ALONE_ZH,
    zh="近12个月本乡镇其他农户户均失业次数",
    en="job losses per household among the township's others, last 12 months",
)
def township_job_losses_12m(h: History) -> Number:
    return h.township.mean(h.event.where(kind="job_loss").last(months=12).count())


@feature(
    unit="share",
    missing=ALONE,
    missing_zh=ALONE_ZH,
    zh="本村其他农户有保障项目未达标的比例",
    en="share of the village's others with a guarantee not met",
)
def village_unmet_share(h: History) -> Number:
    return h.village.share(guarantees_unmet(h) > 0)


@feature(
    unit="person",
    risk_type="labour_shortage",
    missing=ALONE,
    missing_zh=ALONE_ZH,
    zh="本村其他农户户均有劳动能力人数",
    en="members able to work per household among the village's others",
)
def village_able_per_household(h: History) -> Number:
    return h.village.mean(members_able(h))
