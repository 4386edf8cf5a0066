"""Cross-field rules whose breach is doubtful, not impossible: the row is kept, and the doubt is counted and shown.

They come from public validators of the national form and from the procedure's own rules. Each
looks at rows that were kept; ``now`` tells the rows that stand (neither superseded nor withdrawn).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskmodel.registry.known_until import days, group_numbers, known_until, ranks, stable_order
from riskmodel.registry.rules import Rule, person
from riskmodel.registry.schema import TABLES

VALIDATORS = "public validators of the national form"
PROCEDURE = "the official rules of identification and elimination"
_NO_LABOUR = pa.array(["weak", "lost", "none"])
_ABLE = pa.array(["skilled", "ordinary"])
_YEAR = 365.2425

Kept = Mapping[str, pa.Table]


@dataclass(frozen=True)
class Doubt:
    """A rule whose breach is a warning.

    Attributes
    ----------
    needs : tuple of str
        The tables it reads, the one it speaks of first; where one is absent the rule is silent.
    find : callable
        From kept tables to positions in the first of ``needs``.
    """

    rule: Rule
    needs: tuple[str, ...]
    find: Callable[[Kept], np.ndarray]


def now(kept: Kept, name: str) -> np.ndarray:
    """Return a mask of the rows of ``name`` that stand: neither superseded nor withdrawn."""
    rows = kept[name]
    newest = known_until(rows, TABLES[name]).is_null().to_numpy(zero_copy_only=False)
    return newest & ~_mask(rows["withdrawn"])


def _mask(values: pa.ChunkedArray) -> np.ndarray:
    return pc.fill_null(values, False).to_numpy().astype(bool)


def _is(rows: pa.Table, column: str, among: pa.Array) -> np.ndarray:
    return _mask(pc.is_in(rows[column].cast(pa.string()), value_set=among))


def _age(rows: pa.Table, at: str) -> np.ndarray:
    return (days(rows[at]) - days(rows["birth_date"])) / _YEAR


def _present(kept: Kept) -> np.ndarray:
    return now(kept, "member") & kept["member"]["left_on"].is_null().to_numpy()


def _ill(rows: pa.Table) -> np.ndarray:
    return _mask(rows["chronic_illness"]) | _mask(rows["major_illness"])


def _healthy_adult(kept: Kept) -> np.ndarray:
    rows = kept["member"]
    age = _age(rows, "known_on")
    at_school = _mask(pc.and_(rows["school_status"].is_valid(), pc.invert(_in(rows, "school_status", "dropped_out"))))
    healthy = ~_ill(rows) & ~_mask(rows["disabled"]) & ~at_school
    return np.flatnonzero(_present(kept) & healthy & (age >= 16) & (age < 60) & _is(rows, "labour_skill", _NO_LABOUR))


def _in(rows: pa.Table, column: str, *among: str) -> pa.ChunkedArray:
    return pc.is_in(rows[column].cast(pa.string()), value_set=pa.array(among))


def _schooling_twice(kept: Kept) -> np.ndarray:
    rows = kept["member"]
    both = pc.and_(rows["education"].is_valid(), rows["school_status"].is_valid())
    return np.flatnonzero(_present(kept) & _mask(both))


def _grade_without_disability(kept: Kept) -> np.ndarray:
    rows = kept["member"]
    return np.flatnonzero(
        now(kept, "member") & rows["disability_grade"].is_valid().to_numpy() & ~_mask(rows["disabled"])
    )


def _more_than_one(relation: str) -> Callable[[Kept], np.ndarray]:
    def find(kept: Kept) -> np.ndarray:
        rows = kept["member"]
        at = np.flatnonzero(_present(kept) & _mask(_in(rows, "relation", relation)))
        household = ranks(rows["household_id"])[at]
        order = stable_order([household])
        group = group_numbers([household[order]])
        again = np.zeros(len(at), dtype=bool)
        again[1:] = group[1:] == group[:-1]
        return np.sort(at[order[again]])

    return find


def _spouse_of_same_sex(kept: Kept) -> np.ndarray:
    rows = kept["member"]
    present = _present(kept)
    head = np.flatnonzero(present & _mask(_in(rows, "relation", "head")))
    spouse = np.flatnonzero(present & _mask(_in(rows, "relation", "spouse")) & rows["sex"].is_valid().to_numpy())
    sex = ranks(rows["sex"])
    if not len(head) or not len(spouse):
        return np.empty(0, dtype=np.int64)
    place = pc.index_in(
        rows["household_id"].take(pa.array(spouse)),
        value_set=rows["household_id"].take(pa.array(head)).combine_chunks(),
    )
    found = place.is_valid().to_numpy()
    theirs = sex[head[pc.fill_null(place, 0).to_numpy()]]
    return spouse[found & (theirs == sex[spouse])]


def _without_members(kept: Kept) -> np.ndarray:
    rows, members = kept["household"], kept["member"]
    peopled = pc.unique(members["household_id"].filter(pa.array(now(kept, "member"))))
    return np.flatnonzero(now(kept, "household") & ~_mask(pc.is_in(rows["household_id"], value_set=peopled)))


def _lifted_year(kept: Kept) -> np.ndarray:
    rows = kept["household"]
    lifted = _mask(_in(rows, "household_type", "lifted"))
    return np.flatnonzero(now(kept, "household") & (lifted != rows["lifted_year"].is_valid().to_numpy()))


def _tiny_wage(kept: Kept) -> np.ndarray:
    rows = kept["income"]
    small = pc.and_(pc.greater(rows["amount"], 0), pc.less(rows["amount"], 100))
    return np.flatnonzero(_mask(_in(rows, "source", "wage")) & _mask(small))


def _migrant_without_place(kept: Kept) -> np.ndarray:
    rows = kept["job"]
    return np.flatnonzero(now(kept, "job") & _mask(_in(rows, "kind", "migrant")) & rows["place"].is_null().to_numpy())


def _with_member(kept: Kept, jobs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pair job rows with the member rows that stood when the job became known: positions in both tables."""
    job, member = kept["job"], kept["member"]
    left = pa.table({"person": person(job).take(pa.array(jobs)), "job": jobs})
    right = pa.table({"person": person(member), "member": np.arange(member.num_rows)})
    pairs = left.join(right, "person", join_type="inner")
    at, who = pairs["job"].to_numpy(), pairs["member"].to_numpy()
    until = days(pa.chunked_array([known_until(member, TABLES["member"])]), missing=np.iinfo(np.int32).max)
    then = days(job["known_on"])[at]
    stood = (days(member["known_on"])[who] <= then) & (until[who] > then)
    return at[stood], who[stood]


def _no_labour_migrant(kept: Kept) -> np.ndarray:
    at, who = _with_member(kept, np.flatnonzero(now(kept, "job") & _mask(_in(kept["job"], "kind", "migrant"))))
    return np.unique(at[_is(kept["member"], "labour_skill", _NO_LABOUR)[who]])


def _post_out_of_age(kept: Kept) -> np.ndarray:
    at, who = _with_member(kept, np.flatnonzero(now(kept, "job") & _mask(_in(kept["job"], "kind", "public_post"))))
    age = (days(kept["job"]["started_on"])[at] - days(kept["member"]["birth_date"])[who]) / _YEAR
    return np.unique(at[(age < 16) | (age >= 70)])


def _overlapping_jobs(kept: Kept) -> np.ndarray:
    rows = kept["job"]
    at = np.flatnonzero(now(kept, "job") & _mask(_in(rows, "kind", "migrant")))
    who, started = ranks(person(rows))[at], days(rows["started_on"])[at]
    ended = days(rows["ended_on"], missing=np.iinfo(np.int32).max)[at]
    order = stable_order([who, started])
    same = who[order][1:] == who[order][:-1]
    return np.sort(at[order[1:][same & (started[order][1:] < ended[order][:-1])]])


def _listed_for(risk: str, fits: Callable[[pa.Table], np.ndarray]) -> Callable[[Kept], np.ndarray]:
    """Listings that name ``risk`` where no row of a member of the household ``fits`` it."""

    def find(kept: Kept) -> np.ndarray:
        rows, members = kept["listing"], kept["member"]
        having = pc.unique(members["household_id"].filter(pa.array(fits(members))))
        borne = _mask(pc.is_in(rows["household_id"], value_set=having))
        return np.flatnonzero(now(kept, "listing") & _names_risk(rows, risk) & ~borne)

    return find


def _names_risk(rows: pa.Table, risk: str) -> np.ndarray:
    named = np.zeros(rows.num_rows, dtype=bool)
    types = rows["risk_types"].combine_chunks()
    types = types.chunk(0) if isinstance(types, pa.ChunkedArray) and types.num_chunks else types
    if len(types):
        parents = pc.list_parent_indices(types).to_numpy(zero_copy_only=False)
        named[parents[pc.equal(pc.list_flatten(types), risk).to_numpy(zero_copy_only=False)]] = True
    return named


def _shortage_with_hands(kept: Kept) -> np.ndarray:
    rows, members = kept["listing"], kept["member"]
    present = _present(kept)
    people = pa.table(
        {"household_id": members["household_id"], "able": _is(members, "labour_skill", _ABLE).astype(int)}
    )
    counted = people.filter(pa.array(present)).group_by("household_id").aggregate([("able", "sum"), ("able", "count")])
    half = pc.and_(
        pc.greater_equal(counted["able_count"], 4),
        pc.greater_equal(pc.multiply(counted["able_sum"], 2), counted["able_count"]),
    )
    strong = counted["household_id"].filter(half).combine_chunks()
    among = _mask(pc.is_in(rows["household_id"], value_set=strong))
    return np.flatnonzero(now(kept, "listing") & _names_risk(rows, "labour_shortage") & among)


def _category_against_type(kept: Kept) -> np.ndarray:
    rows, households = kept["listing"], kept["household"]
    lifted = households["household_id"].filter(
        pa.array(now(kept, "household") & _mask(_in(households, "household_type", "lifted")))
    )
    is_lifted = _mask(pc.is_in(rows["household_id"], value_set=pc.unique(lifted)))
    unstable = _mask(_in(rows, "category", "unstable_lifted"))
    marginal = _mask(_in(rows, "category", "marginal"))
    return np.flatnonzero(now(kept, "listing") & ((unstable & ~is_lifted) | (marginal & is_lifted)))


def _too_many_risks(kept: Kept) -> np.ndarray:
    return np.flatnonzero(_mask(pc.greater(pc.list_value_length(kept["listing"]["risk_types"]), 5)))


def _half_eliminated(kept: Kept) -> np.ndarray:
    rows = kept["listing"]
    return np.flatnonzero(rows["eliminated_on"].is_valid().to_numpy() != rows["elimination_mode"].is_valid().to_numpy())


def _eliminated_too_soon(kept: Kept) -> np.ndarray:
    rows = kept["listing"]
    spell = days(rows["eliminated_on"], missing=np.iinfo(np.int32).max) - days(rows["identified_on"])
    return np.flatnonzero(_mask(_in(rows, "elimination_mode", "assisted")) & (spell < 181))


def _doubt(
    id_: str, needs: str, zh: str, en: str, find: Callable[[Kept], np.ndarray], *, source: str = VALIDATORS
) -> Doubt:
    return Doubt(Rule(id_, zh, en, source), tuple(needs.split()), find)


DOUBTS: tuple[Doubt, ...] = (
    _doubt(
        "household.household_id.no_members",
        "household member",
        "该户无成员",
        "the household has no members",
        _without_members,
    ),
    _doubt(
        "household.lifted_year.against_type",
        "household",
        "脱贫年度与户类型不符",
        "lifted_year is filled for a household that is not lifted, or missing for one that is",
        _lifted_year,
    ),
    _doubt(
        "member.labour_skill.healthy_adult",
        "member",
        "16至59岁健康且不在校，却登记为弱、丧失或无劳动力",
        "a healthy adult of 16 to 59, not at school, recorded as weak, lost or without labour",
        _healthy_adult,
    ),
    _doubt(
        "member.education.with_school_status",
        "member",
        "文化程度与在校生状况同时填写",
        "education and school_status are both filled; exactly one should be",
        _schooling_twice,
    ),
    _doubt(
        "member.disability_grade.without_disability",
        "member",
        "填写了残疾等级但未登记残疾",
        "a disability grade without a disability",
        _grade_without_disability,
    ),
    _doubt(
        "member.relation.second_head",
        "member",
        "一户多名户主",
        "the household has more than one head",
        _more_than_one("head"),
    ),
    _doubt(
        "member.relation.second_spouse",
        "member",
        "一户多名户主配偶",
        "the head has more than one spouse",
        _more_than_one("spouse"),
    ),
    _doubt(
        "member.sex.same_as_head", "member", "配偶与户主同性别", "the spouse has the head's sex", _spouse_of_same_sex
    ),
    _doubt(
        "income.amount.tiny_wage", "income", "工资性收入在0至100元之间", "a wage between 0 and 100 yuan", _tiny_wage
    ),
    _doubt(
        "job.place.migrant_missing", "job", "外出务工未填就业地", "migrant work without a place", _migrant_without_place
    ),
    _doubt(
        "job.kind.migrant_without_labour",
        "job member",
        "弱、丧失或无劳动力却外出务工",
        "migrant work of a member recorded as weak, lost or without labour",
        _no_labour_migrant,
    ),
    _doubt(
        "job.kind.post_out_of_age",
        "job member",
        "公益性岗位人员未满16岁或已满70岁",
        "a public-welfare post held under 16 or from 70 on",
        _post_out_of_age,
    ),
    _doubt(
        "job.started_on.overlaps",
        "job",
        "外出务工开始日期早于上一段结束日期",
        "migrant work starts before the one before it ends",
        _overlapping_jobs,
    ),
    _doubt(
        "listing.risk_types.no_ill_member",
        "listing member",
        "风险类型为因病但无患病成员",
        "listed for illness with no ill member",
        _listed_for("illness", _ill),
    ),
    _doubt(
        "listing.risk_types.no_disabled_member",
        "listing member",
        "风险类型为因残但无残疾成员",
        "listed for disability with no disabled member",
        _listed_for("disability", lambda rows: _mask(rows["disabled"])),
    ),
    _doubt(
        "listing.risk_types.nobody_able",
        "listing member",
        "风险类型为因务工就业不稳但无劳动力",
        "listed for unstable employment with nobody able to work",
        _listed_for("job_instability", lambda rows: _is(rows, "labour_skill", _ABLE)),
    ),
    _doubt(
        "listing.risk_types.hands_enough",
        "listing member",
        "风险类型为缺劳动力但半数以上成员有劳动力",
        "listed for labour shortage though at least half of four or more members are able",
        _shortage_with_hands,
    ),
    _doubt(
        "listing.risk_types.more_than_five",
        "listing",
        "风险类型超过五个",
        "more than five risk types",
        _too_many_risks,
        source=PROCEDURE,
    ),
    _doubt(
        "listing.category.against_type",
        "listing household",
        "监测类别与户类型不符",
        "an unstable lifted household that is not lifted, or a marginal one that is",
        _category_against_type,
        source=PROCEDURE,
    ),
    _doubt(
        "listing.elimination_mode.incomplete",
        "listing",
        "消除日期与消除方式须同时填写",
        "eliminated_on and elimination_mode go together",
        _half_eliminated,
        source=PROCEDURE,
    ),
    _doubt(
        "listing.eliminated_on.too_soon",
        "listing",
        "帮扶消除距识别不足六个月",
        "eliminated by assistance within six months of identification",
        _eliminated_too_soon,
        source=PROCEDURE,
    ),
)
