"""Assets and land, what they bring in, and how far the household lives from the road."""

from riskmodel.features import FeatureFamily, History, Number, feature

from .income import per_head
from .labour import able

THEME = ("资产与土地", "Assets and land")


@feature(
    unit="mu/person",
    risk_type="enterprise_failure",
    missing="not recorded",
    missing_zh="未登记",
    zh="人均耕地面积",
    en="cropland per person",
    idea="cropland",
)
def cropland_pc(h: History) -> Number:
    return per_head(h, h.household.latest("cropland_mu"))


@feature(
    unit="mu/person",
    risk_type="enterprise_failure",
    missing="not recorded, or nobody able to work",
    missing_zh="未登记，或无有劳动能力者",
    zh="每名有劳动能力者的耕地面积",
    en="cropland per member able to work",
    idea="cropland",
)
def cropland_per_able(h: History) -> Number:
    return h.household.latest("cropland_mu") / able(h).count()


@feature(
    unit="mu",
    risk_type="enterprise_failure",
    missing="not recorded",
    missing_zh="未登记",
    zh="林地面积",
    en="forest land",
)
def forest_mu(h: History) -> Number:
    return h.household.latest("forest_mu")


@feature(unit="km", missing="not recorded", missing_zh="未登记", zh="距村主干路的距离", en="distance to the main road")
def road_distance_km(h: History) -> Number:
    return h.household.latest("road_distance_km")


def _sold(*, item: str, zh: str, en: str) -> FeatureFamily:
    @feature(
        name=f"{item}_income_pc_12m",
        unit="yuan/person",
        risk_type="enterprise_failure",
        zh=f"近12个月人均{zh}收入",
        en=f"income from {en} per person, last 12 months",
        idea="operating_income",
    )
    def sold(h: History) -> Number:
        return per_head(h, h.income.where(source="operating", item=item).last(months=12).sum("amount"))

    return sold


PRODUCTION = (
    _sold(item="crops", zh="种植", en="crops"),
    _sold(item="livestock", zh="养殖", en="livestock"),
    _sold(item="business", zh="自主经营", en="own business"),
)


@feature(
    unit="yuan/person",
    zh="近12个月人均土地流转收入",
    en="land rent received per person, last 12 months",
    idea="property_income",
)
def land_rent_pc_12m(h: History) -> Number:
    return per_head(h, h.income.where(source="property", item="land_rent").last(months=12).sum("amount"))


@feature(
    unit="yuan/person",
    zh="近12个月人均资产收益分红",
    en="dividends of shared assets per person, last 12 months",
    idea="property_income",
)
def asset_dividend_pc_12m(h: History) -> Number:
    return per_head(h, h.income.where(source="property", item="asset_dividend").last(months=12).sum("amount"))
