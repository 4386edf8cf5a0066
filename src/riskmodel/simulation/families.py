"""The people of the first day, in families drawn from a few household shapes; and what is drawn of any person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from riskmodel.simulation.calendar import FAR_FUTURE, Calendar
from riskmodel.simulation.parameters import Parameters
from riskmodel.simulation.state import (
    DAYS_A_YEAR,
    EDUCATION,
    FEMALE,
    MALE,
    NO_CODE,
    NO_JOB,
    RELATION,
    SCHOOL,
    SKILL,
    TYPE,
    Households,
    Members,
)

# What a young person's schooling will be: the last stage, and the age on 1 September at which it is over.
PLAN_JUNIOR, PLAN_VOCATIONAL, PLAN_SENIOR, PLAN_VOCATIONAL_COLLEGE, PLAN_UNDERGRADUATE = range(5)
PLAN_ENDS_AT = np.array([15, 18, 18, 21, 22])
PLAN_EDUCATION = np.array(
    [EDUCATION["junior"], EDUCATION["senior"], EDUCATION["senior"], EDUCATION["college"], EDUCATION["university"]],
    dtype=np.int8,
)


_TRAITS = ("relation", "sex", "age")


@dataclass(frozen=True)
class _People:
    """Columns of people being gathered."""

    hh: np.ndarray
    relation: np.ndarray
    sex: np.ndarray
    age: np.ndarray


def make_members(
    parameters: Parameters, *, households: Households, calendar: Calendar, rng: np.random.Generator
) -> Members:
    """Draw everybody who is there on the first day; who is born or marries in later, that month draws."""
    p = parameters["demography"]
    n = len(households)
    poor = households.kind != TYPE["ordinary"]
    shapes = p["shapes"]
    names = list(shapes)
    weight = np.array([[shapes[s]["ordinary"], shapes[s]["registered"]] for s in names])
    weight = weight / weight.sum(axis=0)
    edges = np.cumsum(weight, axis=0)
    shape = (rng.random(n)[:, None] > edges[:, poor.astype(int)].T).sum(axis=1).clip(0, len(names) - 1)

    def column(key: str) -> np.ndarray:
        return np.array([shapes[s][key] for s in names])[shape]

    head_age = rng.uniform(column("head_from"), column("head_to"))
    head_sex = np.where(rng.random(n) < np.where(column("spouse") > 0, 0.9, 0.6), MALE, FEMALE)
    married = rng.random(n) < column("spouse")
    children = rng.poisson(column("children_beyond_first")) + (rng.random(n) < column("any_child"))
    children = np.minimum(children, 4)
    first_at = rng.uniform(21, 29, n)
    everyone = np.arange(n)

    people = [_people(everyone, RELATION["head"], head_sex, head_age)]
    people.append(
        _people(
            everyone[married], RELATION["spouse"], 1 - head_sex[married], (head_age + rng.normal(-1.5, 2.5, n))[married]
        )
    )
    grown = column("grown_children") > 0
    eldest_age = np.full(n, -1.0)
    for order in range(4):
        age = head_age - first_at - order * rng.uniform(1.5, 4.5, n)
        has = (children > order) & (age > 0.1) & ((age < 24) | grown)
        sex = np.where(rng.random(n) < (0.72 if order == 0 else 0.53), MALE, FEMALE)
        eldest_age = np.where(has & (order == 0) & (sex == MALE), age, eldest_age)
        # Grown daughters have mostly married out already.
        has &= ~((age > 25) & ((sex == FEMALE) | (order > 0)) & (rng.random(n) < 0.8))
        people.append(
            _people(
                everyone[has], np.where(sex == MALE, RELATION["son"], RELATION["daughter"])[has], sex[has], age[has]
            )
        )
    couple = (eldest_age > 22) & (rng.random(n) < column("daughter_in_law"))
    people.append(_people(everyone[couple], RELATION["daughter_in_law"], FEMALE, (eldest_age - 1)[couple]))
    for order in range(2):
        age = eldest_age - 24 - order * 3.5 - rng.uniform(0, 4, n)
        has = couple & (age > 0.1) & (rng.random(n) < (0.75, 0.55)[order])
        people.append(_people(everyone[has], RELATION["grandchild"], rng.integers(0, 2, n)[has], age[has]))
    alone_with_grandchild = rng.random(n) < column("left_behind_grandchild")
    age = rng.uniform(2, 15, n)
    people.append(
        _people(
            everyone[alone_with_grandchild],
            RELATION["grandchild"],
            rng.integers(0, 2, n)[alone_with_grandchild],
            age[alone_with_grandchild],
        )
    )
    for order, sex_code in enumerate((FEMALE, MALE)):
        age = head_age + rng.uniform(21, 29, n)
        has = (rng.random(n) < column("parents") * (1.0, 0.7)[order]) & (age < 90)
        people.append(_people(everyone[has], RELATION["parent"], sex_code, age[has]))
    hh = np.concatenate([x.hh for x in people])
    by_household = np.argsort(hh, kind="stable")
    hh = hh[by_household]
    relations, sexes, ages = (np.concatenate([getattr(x, name) for x in people])[by_household] for name in _TRAITS)
    birth = (int(calendar.month_start[0]) - np.round(ages * DAYS_A_YEAR)).astype(np.int32)
    return make_persons(
        parameters,
        households=households,
        hh=hh,
        number=np.arange(len(hh)) - np.searchsorted(hh, hh) + 1,
        relation=relations,
        sex=sexes,
        birth=birth,
        joins_on=birth,
        age=ages,
        rng=rng,
    )


def _people(hh: np.ndarray, relation: object, sex: object, age: np.ndarray) -> _People:
    return _People(hh, np.broadcast_to(np.asarray(relation), hh.shape), np.broadcast_to(np.asarray(sex), hh.shape), age)


def make_persons(
    parameters: Parameters,
    *,
    households: Households,
    hh: np.ndarray,
    number: np.ndarray,
    relation: np.ndarray,
    sex: np.ndarray,
    birth: np.ndarray,
    joins_on: np.ndarray,
    age: np.ndarray,
    rng: np.random.Generator,
) -> Members:
    """Draw what else there is to persons of a household, relation, sex and age (years): traits, schooling, health."""
    p, h = parameters["demography"], parameters["health"]
    n = len(hh)
    level = households.level[hh]
    poor = households.kind[hh] != TYPE["ordinary"]
    ability = rng.normal(0, 1, n) * 0.6 + 0.8 * level
    plan_score = rng.normal(0, 1, n) + 0.9 * level
    plan = np.digitize(plan_score, p["school_plan_cuts"]).astype(np.int8)
    cohort = np.digitize(age, [22, 35, 50, 62])
    cuts = np.array(p["education_cuts"])[cohort]
    education = ((rng.normal(0, 1, n) + 0.5 * ability)[:, None] > cuts).sum(axis=1).astype(np.int8)
    frailty = rng.gamma(h["frailty_shape"], 1 / h["frailty_shape"], n)
    shape = np.exp((np.clip(age, 0, 85) - 45) * h["chronic_age_slope"])
    chronic = (age > 12) & (rng.random(n) < np.clip(h["chronic_stock_at_45"] * shape * frailty**0.7, 0, 0.75))
    disabled_share = h["disabled_share"] * (1 + 1.2 * poor) * np.exp((np.clip(age, 10, 80) - 45) * 0.018)
    disabled = (age > 1) & (rng.random(n) < disabled_share)
    return Members(
        hh=hh.astype(np.int32),
        number=number.astype(np.int32),
        sex=sex.astype(np.int8),
        birth=birth.astype(np.int32),
        relation=relation.astype(np.int8),
        joins_on=joins_on.astype(np.int32),
        left_on=np.full(n, FAR_FUTURE, dtype=np.int32),
        education=education,
        school=np.full(n, NO_CODE),
        plan=plan,
        chronic=chronic,
        major=np.zeros(n, dtype=bool),
        disabled=disabled,
        disability_grade=np.where(disabled, rng.choice([1, 2, 3, 4], n, p=[0.15, 0.25, 0.3, 0.3]), 0).astype(np.int8),
        insured=rng.random(n) > p["uninsured_share"],
        skill=np.full(n, SKILL["none"], dtype=np.int8),
        vigour=rng.random(n),
        frailty=frailty,
        ability=ability,
        attachment=rng.random(n),
        instability=rng.normal(0, parameters["labour"]["instability_sd"], n) - 0.25 * level,
        stage=np.zeros(n, dtype=np.int8),
        job=np.full(n, NO_JOB),
        place=np.full(n, NO_CODE),
        spell=np.full(n, -1, dtype=np.int64),
        tenure=np.zeros(n, dtype=np.int32),
        idle=np.zeros(n, dtype=np.int32),
        changed=np.zeros(n, dtype=bool),
    )


def school_of(age: np.ndarray, plan: np.ndarray) -> np.ndarray:
    """Give the school status of completed ages on 1 September under a plan; −1 for who is through with school."""
    through = age >= PLAN_ENDS_AT[plan]
    status = np.select(
        [
            age < 3,
            age < 6,
            age < 12,
            age < 15,
            through,
            (age < 18) & (plan == PLAN_VOCATIONAL),
            age < 18,
            plan == PLAN_VOCATIONAL_COLLEGE,
        ],
        [
            SCHOOL["preschool_age"],
            SCHOOL["kindergarten"],
            SCHOOL["primary"],
            SCHOOL["junior"],
            -1,
            SCHOOL["vocational"],
            SCHOOL["senior"],
            SCHOOL["vocational_college"],
        ],
        default=SCHOOL["undergraduate"],
    )
    return status.astype(np.int8)
