"""What each act must carry: verdicts, notes, signed forms, categories; and that it carries nothing unknown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from riskmodel.errors import did_you_mean
from riskmodel.registry.codes import codes
from riskmodel.watchlist.act import Act
from riskmodel.watchlist.case import LEVELS, Case
from riskmodel.watchlist.facts import Facts
from riskmodel.watchlist.refusal import Failure
from riskmodel.watchlist.rulebook import Rulebook

MOST_RISK_TYPES = 5
# Categories and the household types they are of; a sudden hardship may be anybody's.
_TYPES = {"unstable_lifted": ("lifted", "unlifted"), "marginal": ("ordinary",)}


@dataclass(frozen=True)
class _Key:
    """One thing that an act carries: how it is checked, and its words for a refusal."""

    check: Callable[[Any], bool]
    zh: str
    en: str
    required: bool = True


def _one_of(values: tuple[str, ...] | list[str]) -> Callable[[Any], bool]:
    return lambda value: value in values


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e9


def _probability(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _risk_types(value: Any) -> bool:
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= MOST_RISK_TYPES:
        return False
    return len(set(value)) == len(value) and all(one in codes("risk_type") for one in value)


def _anything(value: Any) -> bool:
    return True


_NOTE = _Key(_text, "需附说明（note）", "a note that is not empty")
_REASON = _Key(_text, "需说明理由（reason）", "a reason that is not empty")
_OPTIONAL_NOTE = _Key(_text, "说明（note）", "a note", required=False)
_CATEGORY = _Key(
    _one_of(codes("listing_category")), "需填监测类别（category）", f"one of {', '.join(codes('listing_category'))}"
)
_RISK_TYPES = _Key(_risk_types, "需填1至5个风险类型（risk_types）", "one to five different risk types of the code book")
_DAYS = _Key(_count, "需填公示天数（days）", "a whole number of days")
_OBJECTIONS = _Key(_count, "需填公示期异议件数（objections）", "the number of objections to the notice")
_SETTLED = _Key(_text, "异议处理说明（settled）", "how the objections were settled", required=False)

_CARRIES: dict[str, dict[str, _Key]] = {
    "clue": {
        "source": _Key(_one_of(codes("visit_source")), "需填线索来源", f"one of {', '.join(codes('visit_source'))}"),
        "level": _Key(_one_of(LEVELS), "预警等级", f"one of {', '.join(LEVELS)}", required=False),
        "track": _Key(_one_of(("ordinary", "emergency")), "程序", "ordinary or emergency", required=False),
        "risk_type": _Key(_one_of(codes("risk_type")), "风险类型", "a risk type of the code book", required=False),
        "note": _OPTIONAL_NOTE,
        "risk": _Key(_probability, "风险（0至1）", "a probability", required=False),
        "clues": _Key(_anything, "线索", "the clues' own numbers", required=False),
    },
    "visit": {
        "verdict": _Key(
            _one_of(codes("visit_verdict")), "需填核实结论（verdict）", f"one of {', '.join(codes('visit_verdict'))}"
        ),
        "note": _OPTIONAL_NOTE,
        "sheet": _Key(_text, "来自名单工作簿", "the workbook it came by", required=False),
    },
    "authorise": {"form": _Key(_text, "需填承诺授权书编号（form）", "the number of the signed authorisation")},
    "compare": {
        "result": _Key(_one_of(("clear", "found")), "需填比对结果（clear 或 found）", "clear or found"),
        "note": _OPTIONAL_NOTE,
    },
    "review": {"note": _NOTE},
    "notice": {"days": _DAYS},
    "township_review": {"note": _NOTE, "objections": _OBJECTIONS, "settled": _SETTLED},
    "approve": {"category": _CATEGORY, "risk_types": _RISK_TYPES, "note": _OPTIONAL_NOTE},
    "announce": {},
    "measure": {
        "kind": _Key(_one_of(codes("measure_kind")), "需填措施类型（kind）", "a measure of the code book"),
        "amount": _Key(_number, "金额（amount）", "yuan, not negative", required=False),
        "note": _OPTIONAL_NOTE,
    },
    "end_measure": {"number": _Key(_count, "需填措施序号（number）", "the measure's number in this spell")},
    "reclassify": {
        "category": _Key(_CATEGORY.check, _CATEGORY.zh, _CATEGORY.en, required=False),
        "risk_types": _Key(_RISK_TYPES.check, _RISK_TYPES.zh, _RISK_TYPES.en, required=False),
        "reason": _REASON,
    },
    "exit_visit": {
        "verdict": _Key(
            _one_of(("no_risk", "unreachable")),
            "入户须确认风险已消除（no_risk），仍有风险的不得消除",
            "no_risk, for nobody leaves whose risk a visit still finds (or unreachable)",
        ),
        "mode": _Key(_one_of(codes("elimination_mode")), "需填消除方式（mode）", "assisted or natural"),
        "note": _OPTIONAL_NOTE,
    },
    "exit_review": {"note": _NOTE},
    "exit_notice": {"days": _DAYS},
    "exit_approve": {"objections": _OBJECTIONS, "settled": _SETTLED, "note": _OPTIONAL_NOTE},
    "exit_announce": {},
    "abandon_exit": {"reason": _REASON},
    "roll_back": {"reason": _REASON},
    "refuse": {"reason": _REASON},
    "send_back": {"to": _Key(_text, "需写明退回到哪一步（to）", "the step to be done again"), "reason": _REASON},
    "close": {"reason": _REASON},
}


def carried_keys(action: str) -> list[str]:
    """Return the names of what an action may carry."""
    return list(_CARRIES[action])


def read_carried(key: str, text: str) -> Any:
    """Return what somebody typed for a key as the value it stands for; text that cannot be one stays text.

    >>> read_carried("days", "5"), read_carried("risk_types", "illness,water"), read_carried("form", "17")
    (5, ['illness', 'water'], '17')
    """
    kinds: dict[str, Callable[[str], Any]] = {
        "days": int,
        "objections": int,
        "number": int,
        "amount": float,
        "risk": float,
    }
    if key == "risk_types":
        return [part.strip() for part in text.split(",")]
    try:
        return kinds.get(key, str)(text)
    except ValueError:
        return text


def carried_failures(case: Case | None, act: Act, facts: Facts, rules: Rulebook) -> list[Failure]:
    """Return what an act lacks or carries wrongly; none when it is whole. A clue needs no case yet."""
    wanted = _CARRIES[act.action]
    failures = [_wrong(name, key, act.data) for name, key in wanted.items() if not _holds(name, key, act.data)]
    for name in act.data:
        if name not in wanted:
            hint = did_you_mean(name, wanted)
            failures.append(
                Failure("carries_known", f"“{name}”不是该操作的内容", f'"{act.action}" carries no "{name}".{hint}')
            )
    if not failures and act.action == "clue":
        failures = [*_speaks(act), *_track(act, rules)]
    elif not failures and case is not None:
        failures = _together(case, act, facts, rules)
    return failures


def _holds(name: str, key: _Key, data: Mapping[str, Any]) -> bool:
    if data.get(name) is None:
        return not key.required
    return key.check(data[name])


def _wrong(name: str, key: _Key, data: Mapping[str, Any]) -> Failure:
    given = f'it is "{data[name]}"' if data.get(name) is not None else "it is missing"
    return Failure(f"carries_{name}", key.zh, f"{name} must be {key.en}; {given}")


def _together(case: Case, act: Act, facts: Facts, rules: Rulebook) -> list[Failure]:
    """Check what an act carries against the case and the rules."""
    data = act.data
    if act.action in ("notice", "exit_notice"):
        least = int(rules.figure("clock.notice_days"))
        if data["days"] < least:
            return [
                Failure(
                    "notice_days",
                    f"公示{data['days']}天，少于{least}天",
                    f"a notice of {data['days']} days is shorter than the {least} in force",
                )
            ]
    if act.action in ("township_review", "exit_approve") and data["objections"] and not data.get("settled"):
        return [
            Failure(
                "objections_settled",
                "公示期有异议，需说明处理结果（settled）",
                "there were objections to the notice: say how they were settled (settled)",
            )
        ]
    if act.action == "compare" and data["result"] == "found" and not data.get("note"):
        return [Failure("carries_note", "比对发现情况的，需说明", "a comparison that found something needs a note")]
    if act.action == "reclassify" and data.get("category") is None and data.get("risk_types") is None:
        return [Failure("carries_category", "需填类别或风险类型", "give a category or risk types")]
    if act.action == "send_back" and data["to"] not in dict(case.steps):
        done = ", ".join(name for name, _ in case.steps) or "none"
        return [
            Failure("carries_to", "只能退回到已办的步骤", f'to is "{data["to"]}", not a step that was done ({done})')
        ]
    if act.action == "end_measure":
        open_ = [given.number for given in case.measures if given.ended_on is None and given.started_on <= act.day]
        if data["number"] not in open_:
            return [
                Failure("carries_number", "没有该序号的在用措施", f"no measure {data['number']} is under way ({open_})")
            ]
    if act.action in ("approve", "reclassify") and data.get("category") is not None:
        return _fits(str(data["category"]), facts)
    return []


def _speaks(act: Act) -> list[Failure]:
    """Nobody speaks for the model or for a rule but the system that ran them."""
    if act.data["source"] not in ("model", "rule") or act.role == "system":
        return []
    return [
        Failure(
            "source_of_role",
            "模型和规则线索只能由系统录入",
            f"clues of the {act.data['source']} come from the system alone, not from {act.role}",
        )
    ]


def _track(act: Act, rules: Rulebook) -> list[Failure]:
    """The emergency track is for what strikes suddenly."""
    if act.data.get("track") != "emergency" or act.data.get("risk_type") in rules.emergency_risks():
        return []
    named = " or ".join(rules.emergency_risks())
    return [
        Failure(
            "emergency_risks",
            "应急程序限于规定的突发风险类型",
            f"the emergency track is for {named}; risk_type is {act.data.get('risk_type') or 'not given'}",
        )
    ]


def _fits(category: str, facts: Facts) -> list[Failure]:
    types = _TYPES.get(category)
    if types is None or facts.household_type is None or facts.household_type in types:
        return []
    return [
        Failure(
            "category_fits",
            "监测类别与户类型不符",
            f"{category} is for {' or '.join(types)} households; this one is {facts.household_type}",
        )
    ]
