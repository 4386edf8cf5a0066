"""Malawi: what a household's last survey round says, and whether its food consumption score falls below 35.

Each variable of the panel is an item of the observation table. A round counts for the 12 months after it, so that an
older round never stands in for the current one.

A variable is a feature when it was known in the round itself, could plausibly bear on food, and is nothing to sort
people by. Left out are the survey's design (weights, samples, grid); what was judged over all rounds and so tells the
future (who ever splits, ``consistent_mm``); second land managers, whom the first round did not ask about, so that a
gap would tell the round; and languages, which stand for ethnic groups.
"""

from riskmodel.features import FeatureFamily, History, Number, Outlook, cohort, feature, if_else, outcome

POOR = 35

# The first month of the main maize harvest.
APRIL = 4

# Codes of `stratum`: region by urban and rural, from the north (1, 2) to the south (5, 6).
LAST_OF_NORTH, FIRST_OF_SOUTH = 2, 5


def _now(h: History, item: str) -> Number:
    return h.observation.where(item=item).last(months=12).latest("value")


def _observed(item: str, zh: str, en: str, unit: str, **words: str) -> FeatureFamily:
    def latest(h: History) -> Number:
        return _now(h, item)

    latest.__name__ = item.lower()
    return feature(name=item.lower(), zh=zh, en=en, unit=unit, **words)(latest)  # type: ignore[arg-type]


LABOUR, JOBS, FARM = "labour_shortage", "job_instability", "enterprise_failure"

observed = (
    _observed("FCS", "食物消费评分", "food consumption score", "score", risk="falls"),
    _observed("HDDS", "膳食多样性指数", "household dietary diversity", "score", risk="falls"),
    _observed("hhsize", "家庭人口数", "household size", "person", risk_type=LABOUR),
    _observed("dependency", "抚养比", "dependency ratio", "ratio", risk="rises", risk_type=LABOUR),
    _observed("fhead", "女性户主", "female head", "yes_no", risk_type=LABOUR),
    _observed("noadultmales", "无成年男性", "no adult man", "yes_no", risk="rises", risk_type=LABOUR),
    _observed("age_head", "户主年龄", "age of the head", "age", risk_type=LABOUR),
    _observed("edu_adult", "成年人平均受教育年限", "mean schooling of adults", "year", risk="falls", risk_type=LABOUR),
    _observed("wealth_index", "财富等级（1低至3高）", "wealth tercile (1 low to 3 high)", "grade", risk="falls"),
    _observed("ssn_freemaize", "领取免费玉米", "free maize programme", "yes_no"),
    _observed("ssn_freefood", "领取其他免费食物", "other free food programme", "yes_no"),
    _observed("ssn_FCfW", "以工代赈", "food or cash for work", "yes_no"),
    _observed("ssn_childfeed", "儿童供餐项目", "child feeding programme", "yes_no"),
    _observed("incmlft", "有收入的成员离开", "an income earner left", "yes_no", risk="rises", risk_type=JOBS),
    _observed("hh_diffcomm2010", "已迁离原住地", "moved away from the first place", "yes_no"),
    _observed("logremitt_MK_CPI2010", "汇款收入（对数）", "remittances received (logarithm)", ""),
    _observed("arable_land", "可耕地面积", "arable land", "hectare", risk="falls", risk_type=FARM),
    _observed("cropdiv_SDI", "作物多样性指数", "crop diversity index", "", risk_type=FARM),
    _observed("intercrop", "实行间作", "intercropping", "yes_no", risk_type=FARM),
    _observed("soiltype_sandyloam", "沙土或壤土占比", "sandy or loam soil", "share", risk_type=FARM),
    _observed("TLU", "存栏牲畜", "livestock owned", "livestock_unit", risk="falls", risk_type=FARM),
    _observed("lvstkvalue_log", "牲畜价值（对数）", "value of livestock (logarithm)", "", risk_type=FARM),
    _observed("TLUsold", "出售牲畜", "livestock sold", "livestock_unit", risk_type=FARM),
    _observed("TLUslaugh", "宰杀牲畜", "livestock slaughtered", "livestock_unit", risk_type=FARM),
    _observed("TLUbought", "购入牲畜", "livestock bought", "livestock_unit", risk_type=FARM),
    _observed("TLUlost", "丢失或被盗牲畜", "livestock lost or stolen", "livestock_unit", risk_type=FARM),
    _observed("TLUgiveaway", "赠出牲畜", "livestock given away", "livestock_unit", risk_type=FARM),
    _observed("PC_hhagr", "人均自家农业劳动时间", "own farm work per head", "", risk_type=JOBS),
    _observed("PC_hhbus", "人均自家经营劳动时间", "own business work per head", "", risk_type=JOBS),
    _observed("PC_wage", "人均受雇劳动时间", "waged work per head", "", risk_type=JOBS),
    _observed("PC_cas", "人均零工劳动时间", "casual work per head", "", risk_type=JOBS),
    _observed("Fp_hhagr", "女性占自家农业劳动百分比", "women's part of own farm work (percent)", ""),
    _observed("Fp_hhbus", "女性占自家经营劳动百分比", "women's part of own business work (percent)", ""),
    _observed("Fp_wage", "女性占受雇劳动百分比", "women's part of waged work (percent)", ""),
    _observed("Fp_casual", "女性占零工劳动百分比", "women's part of casual work (percent)", ""),
    _observed(
        "spei_6",
        "六个月干旱指数（SPEI，低为干旱）",
        "drought index of six months (SPEI, low = dry)",
        "",
        risk_type="disaster",
    ),
    _observed(
        "spei_6_lag",
        "前一年干旱指数（低为干旱）",
        "drought index, the year before (low = dry)",
        "",
        risk_type="disaster",
    ),
    _observed("drought", "遭遇干旱", "drought", "yes_no", risk_type="disaster"),
    _observed("droughtlag", "前一年遭遇干旱", "drought in the year before", "yes_no", risk_type="disaster"),
    _observed("flood", "遭遇洪涝", "flood", "yes_no", risk_type="disaster"),
    _observed("comm_marriagetype_matri", "母系居住习俗", "matrilineal custom", "yes_no"),
    _observed("lm1fem", "女性主管土地", "land managed by a woman", "yes_no"),
    _observed("lm1joint", "男女共同管理土地", "land managed jointly", "yes_no"),
    _observed("norm_berge", "所在地区为母系居住习俗", "matrilineal custom of the area", "yes_no"),
)


@feature(unit="yes_no", zh="位于北部", en="in the north")
def north(h: History) -> Number:
    return _now(h, "stratum") <= LAST_OF_NORTH


@feature(unit="yes_no", zh="位于南部", en="in the south")
def south(h: History) -> Number:
    return _now(h, "stratum") >= FIRST_OF_SOUTH


@feature(unit="month", zh="访问时距收获季开始", en="from the start of the harvest to the interview")
def months_since_harvest(h: History) -> Number:
    month = _now(h, "consumption_month")
    return if_else(month < APRIL, month + 12 - APRIL, month - APRIL)


@feature(unit="count", zh="原家庭编号（仅用于分组）", en="family before any split (for grouping only)")
def parent_hh(h: History) -> Number:
    return h.observation.where(item="parent_hh").latest("value")


@outcome(
    horizon_months=36,
    lag_days=0,
    zh="下一轮调查时食物消费评分低于35",
    en="food consumption score below 35 in the next round",
)
def food_insecure(h: Outlook) -> Number:
    return h.next(months=36).observation.where(item="FCS").latest("value") < POOR


@cohort(zh="农村且当前食物消费评分不低于35", en="rural, with a food consumption score of 35 or more now")
def rural_and_secure(h: History) -> dict[str, Number]:
    return {"rural": _now(h, "sample1") == 1, "score of 35 or more": _now(h, "FCS") >= POOR}
