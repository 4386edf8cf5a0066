"""What the items of income, points and observations are called: the registry has no code book for them."""

from __future__ import annotations

from riskmodel.registry.codes import Lang

_ITEMS: dict[str, tuple[str, str]] = {
    "anti_poverty_insurance": ("防贫保险理赔", "claims of anti-poverty insurance"),
    "asset_dividend": ("资产收益分红", "dividends of assets"),
    "business": ("二三产业经营", "business"),
    "business_cost": ("二三产业经营成本", "costs of business"),
    "clean_house": ("庭院整洁", "a clean house and yard"),
    "crop_insurance": ("农业保险理赔", "claims of crop insurance"),
    "crops": ("种植业", "crops"),
    "crops_cost": ("种植业成本", "costs of crops"),
    "dibao": ("低保金", "dibao"),
    "disability_allowance": ("残疾人补贴", "disability allowance"),
    "disaster_relief": ("救灾救济", "disaster relief"),
    "eco_subsidy": ("生态补偿", "ecological subsidies"),
    "education_aid": ("教育资助", "education aid"),
    "family_planning_award": ("计划生育奖励扶助", "family-planning awards"),
    "family_support": ("亲属赡养与接济", "support from relatives"),
    "farm_subsidy": ("惠农补贴", "farm subsidies"),
    "inpatient_bill": ("住院费用", "bills of hospital stays"),
    "land_rent": ("土地流转租金", "rent of land"),
    "livestock": ("养殖业", "livestock"),
    "livestock_cost": ("养殖业成本", "costs of livestock"),
    "local_wage": ("本地务工", "wages earned nearby"),
    "migrant_wage": ("外出务工", "wages earned away"),
    "mutual_help": ("邻里互助", "help among neighbours"),
    "old_age_allowance": ("高龄津贴", "old-age allowance"),
    "penalty": ("扣分", "points taken off"),
    "pension": ("养老金", "pensions"),
    "public_labour": ("公益劳动", "work for the village"),
    "public_post_wage": ("公益性岗位", "wages of public-welfare posts"),
    "social_relief": ("社会救济", "social relief"),
    "tekun": ("特困供养金", "tekun"),
    "training": ("参加培训", "trainings attended"),
    "unclassified": ("未细分", "not told apart"),
    "veteran_allowance": ("优抚金", "veterans' allowance"),
}


def item_words(item: str, lang: Lang) -> str:
    """Return what an item is called; the item itself where a county has one of its own.

    >>> item_words("dibao", "zh"), item_words("crops", "en"), item_words("tea_garden", "en")
    ('低保金', 'crops', 'tea_garden')
    """
    if item not in _ITEMS:
        return item
    zh, en = _ITEMS[item]
    return zh if lang == "zh" else en
