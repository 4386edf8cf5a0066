"""What the commands of the list print and write."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from riskmodel.errors import CallError, DataError, did_you_mean
from riskmodel.files import write_aside
from riskmodel.registry.codes import Lang, label
from riskmodel.watchlist.act import ROLES, action_words
from riskmodel.watchlist.case import ACTIVE, STATES, Case
from riskmodel.watchlist.clocks import Due, due, signal
from riskmodel.watchlist.words import LEVEL_WORDS, state_words

if TYPE_CHECKING:
    from riskmodel.watchlist.results import Realised
    from riskmodel.watchlist.store import ListStore
    from riskmodel.watchlist.verdicts import Reject

_PRESSING = ("orange", "red", "yellow", "green")
_COLUMNS = (
    "household_id", "spell", "county_code", "township_code", "village_code", "state", "signal", "risk", "opened_on",
    "changed_on", "category", "risk_types", "identified_on", "eliminated_on", "elimination_mode", "sources",
    "measures", "due", "due_until", "days_left",
)  # fmt: skip


def show_cases(
    store: ListStore,
    *,
    township: str | None,
    village: str | None,
    states: Sequence[str] | None,
    on: date,
    lang: Lang,
    most: int,
) -> None:
    """Print the cases that are going on, the most pressing first."""
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    for state in states or ():
        if state not in STATES:
            raise CallError(f'--state: there is no state "{state}".{did_you_mean(state, STATES)}')
    found = [
        _seen(store, case, on) for case in store.cases(township=township, village=village, states=states or ACTIVE)
    ]
    found.sort(key=lambda one: (_PRESSING.index(one[1]), -(one[0].risk or 0.0), one[0].opened_on, one[0].key))
    table = Table(box=SIMPLE, pad_edge=False)
    for heading in ("户编号", "村", "信号", "风险", "状态", "来源", "待办", "期限") if lang == "zh" else (
        "household", "village", "signal", "risk", "state", "from", "next", "until",
    ):  # fmt: skip
        table.add_column(heading, no_wrap=True)
    for case, lamp, dues in found[:most]:
        first = dues[0] if dues else None
        table.add_row(
            case.household_id,
            case.village_code,
            LEVEL_WORDS[lamp][0 if lang == "zh" else 1],
            "" if case.risk is None else f"{case.risk:.1%}",
            state_words(case.state, lang),
            "、".join(label("visit_source", source, lang) for source in case.sources),
            first.words(lang) if first else "",
            str(first.until or "") if first else "",
        )
    Console(width=None if sys.stdout.isatty() else 200).print(table)
    typer.echo(f"{min(len(found), most):,} / {len(found):,}")


def show_household(store: ListStore, household: str, *, on: date, lang: Lang) -> None:
    """Print a household's spells, with the clues, steps and what is due."""
    cases = store.cases(household_id=household)
    if not cases:
        raise DataError(f"{household}: not on the list, and it never gave a clue.")
    clues = store.clues([household]).get(household, [])
    for case in cases:
        _, lamp, dues = _seen(store, case, on)
        typer.secho(
            f"{household} · {case.spell} · {state_words(case.state, lang)} · {LEVEL_WORDS[lamp][lang == 'en']}",
            bold=True,
        )
        for clue in clues:
            if clue["spell"] == case.spell:
                _show_clue(clue, lang)
        for step, day in (*case.entry_steps, *case.steps):
            typer.echo(f"  {day} {action_words(step, lang)}")
        for given in case.measures:
            typer.echo(f"  {given.started_on} {label('measure_kind', given.kind, lang)} ({given.number})")
        for one in dues:
            typer.echo(f"  {'→' if not one.overdue(on) else '!'} {one.words(lang)} {one.until or ''}")


def _show_clue(clue: dict[str, Any], lang: Lang) -> None:
    told = json.loads(clue["body"])
    risk = f" {clue['risk']:.1%}" if clue["risk"] is not None else ""
    typer.echo(f"  {clue['arrived_on']} {label('visit_source', clue['source'], lang)} {clue['rule']}{risk}")
    for reason in told.get("reasons", []):
        typer.echo(f"      {reason[lang]}")


def show_due(
    store: ListStore,
    *,
    township: str | None,
    village: str | None,
    overdue: bool,
    on: date,
    lang: Lang,
    to: Path | None,
) -> None:
    """Print or write what is due, what ends first first."""
    rows = [
        (one.until, case, one)
        for case in store.cases(township=township, village=village, states=ACTIVE)
        for one in _seen(store, case, on)[2]
        if one.until is not None and (one.overdue(on) or not overdue)
    ]
    rows.sort(key=lambda row: (row[0], row[1].key, row[2].what))
    lines = [
        {
            "until": until.isoformat(),
            "days_left": one.days_left(on),
            "household_id": case.household_id,
            "township_code": case.township_code,
            "village_code": case.village_code,
            "due": one.words(lang),
        }
        for until, case, one in rows
    ]
    if to is not None:
        write_csv(lines, ("until", "days_left", "household_id", "township_code", "village_code", "due"), to)
    else:
        for line in lines:
            typer.echo(f"{line['until']} {line['days_left']:+d} {line['household_id']} {line['due']}")
    late = sum(one.overdue(on) for _, _, one in rows)
    typer.echo(f"{len(rows):,} due, {late:,} late" + (f" -> {to}" if to else ""))


def realised_of(store: ListStore, registry: Path, catalogue: Path | None) -> list[Realised]:
    """Return the realised precision of the runs whose year is over by a registry's cut."""
    from riskmodel.features import load_catalogue
    from riskmodel.registry import Registry
    from riskmodel.watchlist.results import realised

    with Registry.open(registry) as opened:
        return realised(store, opened, catalogue=load_catalogue(catalogue), policy=store.policy)


def show_results(store: ListStore, later: Sequence[Realised], *, to: Path | None, lang: Lang) -> None:
    """Print what the list has taught, and write it as JSON."""
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    from riskmodel.watchlist.results import results
    from riskmodel.watchlist.words import group_words, result_words

    found = results(store)
    console = Console(width=None if sys.stdout.isatty() else 200)
    for name, groups in (("by_source", found.by_source), ("by_rule", found.by_rule), ("overlap", found.overlap)):
        table = Table(title=result_words(name, lang), title_justify="left", box=SIMPLE, pad_edge=False)
        for heading in ("", "spells", "visited", "at_risk", "share", "admitted"):
            table.add_column(result_words(heading, lang) if heading else "", no_wrap=True)
        for group in groups:
            told = group.found
            share = f"{told.share:.1%} ({told.low:.1%}–{told.high:.1%})" if told.share is not None else "–"
            shown = (group.spells, group.visited, told.hits)
            table.add_row(
                group_words(group.name, lang), *(f"{value:,}" for value in shown), share, f"{group.admitted:,}"
            )
        console.print(table)
    for one in found.missed:
        if one.cases is not None and one.low is not None and one.high is not None:
            counts = {"cases": one.cases, "low": one.low, "high": one.high, "frame": one.frame, "visits": one.found.of}
            typer.echo(result_words("missed", lang).format(as_of=one.as_of, **counts))
    for run in later:
        came = run.came
        if came.share is not None:
            parts = {"hits": came.hits, "of": came.of, "share": came.share, "low": came.low, "high": came.high}
            typer.echo(result_words("realised", lang).format(as_of=run.as_of, model=run.model, **parts))
    if "median" in found.days_to_visit:
        typer.echo(result_words("days", lang).format(**found.days_to_visit))
    if "mean_a_month" in found.alerts:
        typer.echo(result_words("alerts", lang).format(**found.alerts))
    if to is not None:
        with write_aside(to) as aside:
            whole = found.to_dict() | {"realised": [asdict(run) for run in later]}
            aside.write_text(json.dumps(whole, ensure_ascii=False, indent=1, default=str), encoding="utf-8")


def write_rejects(rejects: Sequence[Reject], place: Path) -> None:
    """Write the rejected rows, and take an older file away where there are none."""
    if not rejects:
        place.unlink(missing_ok=True)
        return
    write_csv([asdict(reject) for reject in rejects], ("place", "household_id", "why_zh", "why_en"), place)
    for reject in rejects[:20]:
        typer.echo(f"  {reject.place}: {reject.household_id}: {reject.why_en}", err=True)
    typer.echo(f"rejected rows -> {place}", err=True)


def write_notice(
    store: ListStore,
    out: Path,
    *,
    township: str | None,
    village: str | None,
    leaving: bool,
    registry: Path | None,
    identity: Path | None,
    authorised_by: str,
    purpose: str,
    on: date,
    now: datetime,
    lang: Lang,
) -> None:
    """Write the public notice."""
    from riskmodel.registry import Registry
    from riskmodel.watchlist.looking_up import facts_of
    from riskmodel.watchlist.notice import notice_lines, notice_page

    states = ("exit_reviewed", "exit_on_notice") if leaving else ("reviewed", "on_notice")
    cases = store.cases(township=township, village=village, states=states)
    proposed = {
        household: next((category for clue in its if (category := json.loads(clue["body"]).get("category"))), "")
        for household, its in store.clues([case.household_id for case in cases]).items()
    }
    names: dict[str, str] = {}
    sizes: dict[str, int] = {}
    if identity is not None and registry is None:
        raise CallError("--identity needs --registry, which says who the head of a household is.")
    if registry is not None:
        households = [case.household_id for case in cases]
        with Registry.open(registry) as opened:
            facts = facts_of(opened, households, as_of=on, policy=store.policy)
            sizes = {who: int(told.members) for who, told in facts.items() if told.members is not None}
            if identity is not None:
                from riskmodel.watchlist.identity import heads_names

                names = heads_names(
                    identity, opened, households, store=store, actor=authorised_by, purpose=purpose,
                    what=f"notice {village or township or ''}".strip(), now=now,
                )  # fmt: skip
    lines = notice_lines(cases, names=names, sizes=sizes, categories=proposed, lang=lang)
    days = max((int(store.rules(case.county_code, on).figure("clock.notice_days")) for case in cases), default=0)
    page = notice_page(
        lines,
        leaving=leaving,
        since=on,
        until=on + timedelta(days=max(days - 1, 0)),
        head=store.head.hash,
        lang=lang,
        named=bool(names),
    )
    with write_aside(out) as aside:
        aside.write_text(page, encoding="utf-8")
    typer.echo(f"{len(lines):,} households -> {out}")


def export_cases(
    store: ListStore, out: Path, *, township: str | None, village: str | None, on: date, lang: Lang
) -> None:
    """Write every spell, also those that ended, as CSV, workbook or Parquet."""
    import pandas as pd

    rows = []
    for case in store.cases(township=township, village=village):
        _, lamp, dues = _seen(store, case, on)
        first = dues[0] if dues else None
        told = {name: getattr(case, name) for name in _COLUMNS if hasattr(case, name)}
        told |= {
            "signal": lamp,
            "risk_types": ",".join(case.risk_types),
            "sources": ",".join(case.sources),
            "measures": ",".join(given.kind for given in case.measures),
            "due": first.words(lang) if first else None,
            "due_until": first.until if first else None,
            "days_left": first.days_left(on) if first else None,
        }
        rows.append(told)
    frame = pd.DataFrame(rows, columns=list(_COLUMNS))
    frame["days_left"] = frame["days_left"].astype("Int64")
    writers = {".csv": _frame_to_csv, ".parquet": _frame_to_parquet, ".xlsx": _frame_to_workbook}
    if out.suffix not in writers:
        raise CallError(f"{out}: expected a file that ends in {', '.join(writers)}.")
    with write_aside(out) as aside:
        writers[out.suffix](frame, aside)
    typer.echo(f"{len(frame):,} spells -> {out}; log head {store.head.seq}:{store.head.hash}")


def write_rows(store: ListStore, out: Path, *, onto: Path | None) -> dict[str, int]:
    """Write what the list teaches as rows of the registry: by themselves, or as a new registry with another's rows."""
    from riskmodel.watchlist.registry_rows import registry_rows, write_registry_rows

    if onto is None:
        return write_registry_rows(store.log(), out)
    from riskmodel.cli.options import check_output_folder
    from riskmodel.registry import Registry
    from riskmodel.registry.appending import append_rows

    check_output_folder(out, registry=onto, option="OUT")
    with Registry.open(onto) as registry:
        done = append_rows(registry, registry_rows(store.log()), out)
    if later := sum(done.later.values()):
        typer.echo(
            f"{later:,} rows became known on the registry's cut or later: they go with the next registry", err=True
        )
    return done.added


def show_log(store: ListStore, household: str | None, *, to: Path | None) -> None:
    """Print the log's entries, or write them whole."""
    if to is not None:
        count = 0
        with write_aside(to) as aside, aside.open("w", encoding="utf-8") as file:
            for count, entry in enumerate(store.log(household_id=household), start=1):  # noqa: B007
                file.write(json.dumps(asdict(entry), ensure_ascii=False) + "\n")
        typer.echo(f"{count:,} entries -> {to}")
        return
    for entry in store.log(household_id=household):
        typer.echo(
            f"{entry.seq} {entry.day} {entry.household_id}/{entry.spell} {entry.from_state or '·'} → {entry.to_state} "
            f"{entry.action} {ROLES.get(entry.role, ('', entry.role))[1]} ({entry.actor}) {entry.data}"
        )


def _seen(store: ListStore, case: Case, on: date) -> tuple[Case, str, list[Due]]:
    dues = due(case, rules=store.rules(case.county_code, on)) if case.active else []
    return case, signal(case, dues, on=on), dues


def write_csv(rows: Sequence[dict[str, Any]], columns: Sequence[str], place: Path) -> None:
    """Write rows as CSV, whole or not at all, with nothing that a spreadsheet takes for a formula."""
    with write_aside(place) as aside, aside.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows([{name: _harmless(value) for name, value in row.items()} for row in rows])


def _harmless(value: Any) -> Any:
    """Keep a spreadsheet from taking text for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def _frame_to_csv(frame: Any, path: Path) -> None:
    frame.map(_harmless).to_csv(path, index=False, encoding="utf-8-sig")


def _frame_to_parquet(frame: Any, path: Path) -> None:
    frame.to_parquet(path, index=False)


def _frame_to_workbook(frame: Any, path: Path) -> None:
    import pandas as pd
    import xlsxwriter

    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        sheet = book.add_worksheet("list")
        sheet.freeze_panes(1, 1)
        for position, name in enumerate(frame.columns):
            sheet.set_column(position, position, 16)
            sheet.write_string(0, position, name)
        for row, values in enumerate(frame.itertuples(index=False), start=1):
            for position, value in enumerate(values):
                sheet.write_string(row, position, "" if pd.isna(value) else str(value))
