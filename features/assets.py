"""Assets and land, and how far the household lives from the road."""

from riskmodel.features import History, Number, feature

from .income import per_head


@feature(
    unit="mu/person",
    risk_type="enterprise_failure",
    missing="not recorded",
    zh="人均耕地面积",
    en="cropland per person",
)
def cropland_pc(h: History) -> Number:
    return per_head(h, h.household.latest("cropland_mu"))


@feature(unit="mu", risk_type="enterprise_failure", missing="not recorded", zh="林地面积", en="forest land")
def forest_mu(h: History) -> Number:
    return h.household.latest("forest_mu")


@feature(unit="km", missing="not recorded", zh="距村主干路的距离", en="distance to the main road")
def road_distance_km(h: History) -> Number:
    return h.household.latest("road_distance_km")
