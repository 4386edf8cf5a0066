"""``riskmodel measures``: what is lacking, and which measures may fill it: proposals, fact by fact."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from riskmodel.cli.list_options import LangOption, Language
from riskmodel.errors import DataError

if TYPE_CHECKING:
    from riskmodel.assistance.proposals import Proposal

_COLUMNS = (
    "household_id", "township_code", "risk", "measure", "group", "status", "why", "amount", "place", "policy",
)  # fmt: skip


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command()(measures)


def measures(
    run: Annotated[Path, typer.Argument(metavar="DIR", help="What `riskmodel score --out DIR` left.")],
    registry: Annotated[Path, typer.Option(help="The scored registry: what is known of the households.")],
    household: Annotated[list[str] | None, typer.Option(help="Only this household. Repeatable.")] = None,
    quota: Annotated[
        Path | None, typer.Option(help="Scarce places: a CSV file with township_code, measure, places.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Measures too whose conditions are not met.")] = False,
    to: Annotated[Path | None, typer.Option(help="A CSV file instead of the screen.")] = None,
    lang: LangOption = Language.zh,
) -> None:
    """Propose measures for the flagged households of a run: what fits is checked fact by fact, with what is missing.

    Who can work is helped to earn, who cannot is protected, a guarantee that is not held comes first. Scarce places
    (--quota) go by need, one a household, and each household is told why. These are proposals, never grants.

    Example: riskmodel measures out/2026-01 --registry registry --household H0000017 --quota posts.csv
    """
    from riskmodel.assistance.household import households_of
    from riskmodel.assistance.proposals import group_words, propose
    from riskmodel.monitoring.flags import FLAGS, read_output
    from riskmodel.monitoring.record import read_record
    from riskmodel.registry import Registry
    from riskmodel.workspace import workspace_policy

    as_of = date.fromisoformat(read_record(run)["as_of"])
    policy = workspace_policy()
    flags = read_output(run / "flags.parquet", FLAGS).select(["household_id", "risk", "risk_types"]).to_pylist()
    chosen = [row for row in flags if not household or row["household_id"] in household]
    for missing in sorted(set(household or ()) - {row["household_id"] for row in chosen}):
        raise DataError(f"{run}: household {missing} is not flagged there.")
    with Registry.open(registry) as opened:
        known = households_of(opened, [row["household_id"] for row in chosen], as_of=as_of, policy=policy)
    proposals = {
        row["household_id"]: propose(
            known[row["household_id"]], row["risk_types"], policy=policy, on=as_of, all_of_them=everything
        )
        for row in chosen
        if row["household_id"] in known
    }
    risks = {row["household_id"]: float(row["risk"]) for row in chosen}
    places = {} if quota is None else _places(proposals, known, risks, quota, lang.value)
    if to is not None:
        from riskmodel.cli.list_out import write_csv

        lines = [
            {
                "household_id": one.household_id,
                "township_code": known[one.household_id].township_code,
                "risk": f"{risks[one.household_id]:.4f}",
                "measure": one.name(lang.value),
                "group": group_words(one.rule, lang.value),
                "status": one.status,
                "why": one.why(lang.value),
                "amount": one.amount_zh if lang == Language.zh else one.amount_en,
                "place": places.get((one.household_id, one.measure), ""),
                "policy": one.policy,
            }
            for its in proposals.values()
            for one in its
        ]
        write_csv(lines, _COLUMNS, to)
    else:
        for who, its in list(proposals.items())[:20]:
            typer.secho(f"{who}  {risks[who]:.1%}", bold=True)
            for one in its:
                place = places.get((who, one.measure))
                typer.echo(f"  {one.sentence(lang.value)}" + (f" [{place}]" if place else ""))
    total = sum(map(len, proposals.values()))
    typer.echo(f"{len(proposals):,} households, {total:,} proposals" + (f" -> {to}" if to else ""))


def _places(
    proposals: Mapping[str, Sequence[Proposal]],
    known: Mapping[str, Any],
    risks: Mapping[str, float],
    quota: Path,
    lang: Any,
) -> dict[tuple[str, str], str]:
    from riskmodel.assistance.quotas import Wish, assign

    wishes = [
        Wish(who, known[who].township_code, one.measure, risks[who], one.status == "eligible")
        for who, its in proposals.items()
        for one in its
        if one.rule.scarce and one.status in ("eligible", "evidence_missing")
    ]
    return {
        (place.wish.household_id, place.wish.measure): place.words(lang) for place in assign(wishes, _quotas(quota))
    }


def _quotas(path: Path) -> dict[tuple[str, str], int]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error}).") from error
    found: dict[tuple[str, str], int] = {}
    for number, row in enumerate(rows, start=2):
        try:
            key = (row["township_code"].strip(), row["measure"].strip())
            places = int(row["places"])
        except (KeyError, TypeError, AttributeError) as error:
            raise DataError(f"{path}, row {number}: expected township_code, measure, places ({error}).") from error
        except ValueError:
            raise DataError(f'{path}, row {number}: places is "{row["places"]}", not a whole number.') from None
        if key in found:
            raise DataError(f"{path}, row {number}: {key[1]} of township {key[0]} stands twice.")
        found[key] = places
    return found
