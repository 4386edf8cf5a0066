"""What an accepted act makes of a case: a pure function, the same when it happens and when the log is replayed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from riskmodel.watchlist.act import Act
from riskmodel.watchlist.case import LEAVING, LEVELS, STATE_AFTER, Case, Given, Level, Track


def opened(
    *,
    household_id: str,
    spell: int,
    place: tuple[str, str, str],
    act: Act,
) -> Case:
    """Return the case that a clue opens.

    Parameters
    ----------
    place : tuple of str
        County, township and village codes.
    """
    county, township, village = place
    track: Track = "emergency" if act.data.get("track") == "emergency" else "ordinary"
    return Case(
        household_id=household_id,
        spell=spell,
        county_code=county,
        township_code=township,
        village_code=village,
        state="clue",
        track=track,
        opened_on=act.day,
        changed_on=act.day,
        level=_level(act),
        risk=_risk(act),
        sources=(str(act.data["source"]),),
    )


def advance(case: Case, act: Act, *, to: str) -> Case:
    """Return the case after an act that was accepted.

    Parameters
    ----------
    to : str
        The state it leads to, as it was judged.
    """
    after = replace(case, state=to, changed_on=act.day)
    if act.action == "clue":
        return _with_clue(after, act)
    if act.action in ("measure", "end_measure"):
        return replace(after, measures=_measures(case, act))
    if act.action in STATE_AFTER:
        return _after_step(case, after, act)
    if act.action in ("refuse", "close"):
        return replace(after, reason=str(act.data["reason"]), notice_until=None)
    if act.action == "send_back":
        return _sent_back(after, str(act.data["to"]))
    if act.action == "reclassify":
        return replace(
            after,
            category=act.data.get("category") or case.category,
            risk_types=tuple(act.data.get("risk_types") or case.risk_types),
        )
    # An elimination abandoned or rolled back: the household is on the list as it was admitted.
    return replace(
        after,
        steps=case.entry_steps,
        entry_steps=(),
        notice_until=None,
        verdict="at_risk",
        eliminated_on=None,
        elimination_mode=None,
        reason=str(act.data["reason"]),
    )


def _after_step(case: Case, after: Case, act: Act) -> Case:
    step, data = act.action, act.data
    if data.get("verdict") == "unreachable":
        return replace(after, tries=case.tries + 1)
    leaving = step.startswith("exit_")
    if leaving and case.state not in LEAVING:
        after = replace(after, entry_steps=case.steps, steps=((step, act.day),))
    else:
        after = replace(after, steps=(*case.steps, (step, act.day)))
    after = replace(after, notice_until=None)
    if step == "visit":
        ended = "no_risk" if data["verdict"] == "no_risk" else None
        return replace(after, verdict=str(data["verdict"]), reason=ended)
    if step in ("notice", "exit_notice"):
        return replace(after, notice_until=act.day + timedelta(days=int(data["days"])))
    if step == "approve":
        return replace(
            after,
            category=str(data["category"]),
            risk_types=tuple(data["risk_types"]),
            identified_on=act.day,
        )
    if step == "exit_visit":
        return replace(after, elimination_mode=str(data["mode"]))
    if step == "exit_approve":
        return replace(after, eliminated_on=act.day)
    return after


def _with_clue(after: Case, act: Act) -> Case:
    level = max(after.level, _level(act), key=LEVELS.index)
    source = str(act.data["source"])
    sources = after.sources if source in after.sources else (*after.sources, source)
    # Once on the emergency track a case stays there; a clue may bring it there until it is admitted.
    track: Track = "emergency" if act.data.get("track") == "emergency" and after.state == "clue" else after.track
    risk = _risk(act)
    return replace(after, level=level, risk=after.risk if risk is None else risk, sources=sources, track=track)


def _risk(act: Act) -> float | None:
    risk = act.data.get("risk")
    return None if risk is None else float(risk)


def _level(act: Act) -> Level:
    level: Level = act.data.get("level") or "green"
    return level


def _measures(case: Case, act: Act) -> tuple[Given, ...]:
    if act.action == "measure":
        amount = act.data.get("amount")
        given = Given(len(case.measures) + 1, str(act.data["kind"]), act.day, None if amount is None else float(amount))
        return (*case.measures, given)
    number = act.data["number"]
    return tuple(replace(one, ended_on=act.day) if one.number == number else one for one in case.measures)


def _sent_back(after: Case, step: str) -> Case:
    names = [name for name, _ in after.steps]
    kept = after.steps[: names.index(step)]
    left = dict(kept)
    again = replace(after, steps=kept, notice_until=None)
    if step.startswith("exit_"):
        if not kept:
            return replace(again, steps=after.entry_steps, entry_steps=(), elimination_mode=None, eliminated_on=None)
        return again if "exit_approve" in left else replace(again, eliminated_on=None)
    if "approve" not in left:
        again = replace(again, identified_on=None, category=None, risk_types=())
    return again if "visit" in left else replace(again, verdict=None)
