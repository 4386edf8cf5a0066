"""Pakistan: what a household's last survey wave says, and whether its consumption falls below the line.

Each variable of the trial is an item of the observation table; money is in 2014 US dollars at purchasing power parity.
A wave counts for the 12 months after it; the treatment, drawn by lot once, counts ever after.
"""

from riskmodel.features import FeatureFamily, History, Number, Outlook, cohort, feature, outcome

LINE = 46.2


def _now(h: History, item: str) -> Number:
    return h.observation.where(item=item).last(months=12).latest("value")


def _observed(item: str, zh: str, en: str, unit: str, **words: str) -> FeatureFamily:
    def latest(h: History) -> Number:
        return _now(h, item)

    latest.__name__ = item
    return feature(name=item, zh=zh, en=en, unit=unit, **words)(latest)  # type: ignore[arg-type]


FARM = "enterprise_failure"

observed = (
    _observed("ctotal_pcmonth", "人均月消费", "consumption per head and month", "usd", risk="falls"),
    _observed("cfood_pcmonth", "人均月食物消费", "food consumption per head and month", "usd", risk="falls"),
    _observed("cnonfood_pcmonth", "人均月非食物消费", "non-food consumption per head and month", "usd"),
    _observed("cdurable_pcmonth", "人均月耐用品消费", "durables per head and month", "usd"),
    _observed("index_foodsecurity", "食物保障指数", "food security index", "", risk="falls"),
    _observed("fs_enoughfood", "食物充足", "enough food", "yes_no"),
    _observed("fs_adultskip", "成年人未曾减餐", "no adult skipped meals", "yes_no"),
    _observed("fs_wholeday", "未曾整日断粮", "no whole day without food", "yes_no"),
    _observed("fs_childskip", "儿童未曾减餐", "no child skipped meals", "yes_no"),
    _observed("fs_twomeals", "每日至少两餐", "two meals a day", "yes_no"),
    _observed("asset_index", "资产指数", "asset index", "", risk="falls"),
    _observed("asset_prod_index", "生产资产指数", "productive asset index", "", risk_type=FARM),
    _observed("asset_hh_index", "生活资产指数", "household asset index", ""),
    _observed("loan_totalamt", "借款总额", "loans", "usd"),
    _observed("loan_informalamt", "民间借款", "informal loans", "usd"),
    _observed("loan_formalamt", "正规借款", "formal loans", "usd"),
    _observed("sav_depositamt", "储蓄", "savings", "usd", risk="falls"),
    _observed("iagri_month", "月农业收入", "farm income a month", "usd", risk_type=FARM),
    _observed("ibusiness_month", "月经营收入", "business income a month", "usd", risk_type=FARM),
    _observed("ranimals_month", "月牲畜收入", "livestock income a month", "usd", risk_type=FARM),
    _observed("percep_econ", "自评经济地位", "self-rated economic position", "score", risk="falls"),
)


@feature(unit="yes_no", zh="获得资产转移", en="received the asset transfer")
def treatment(h: History) -> Number:
    return h.observation.where(item="treatment").latest("value")


@outcome(
    horizon_months=24,
    lag_days=0,
    zh="下一轮调查时人均月消费低于46.2美元",
    en="consumption per head and month below 46.2 US$ at the next wave",
)
def below_line(h: Outlook) -> Number:
    return h.next(months=24).observation.where(item="ctotal_pcmonth").latest("value") < LINE


@cohort(zh="当前人均月消费不低于46.2美元", en="consumption per head and month of 46.2 US$ or more now")
def above_line(h: History) -> dict[str, Number]:
    return {"above the line": _now(h, "ctotal_pcmonth") >= LINE}
