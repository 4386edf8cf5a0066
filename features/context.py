"""What kind of household it is, and where it lives."""

from riskmodel.features import History, Number, col, feature


@feature(unit="yes_no", zh="脱贫户", en="lifted household")
def is_lifted(h: History) -> Number:
    return h.household.latest(col("household_type") == "lifted")


@feature(unit="yes_no", missing="not recorded", zh="居住在易地搬迁安置区", en="lives in a relocation site")
def relocation_site(h: History) -> Number:
    return h.household.latest("relocation_site")
