"""What ``riskmodel monitor`` finds: planted drifts named first, months without drift left in peace, precision covered.

Counties of 2,000 households that do not exist, seven years each, and of each a small model taught by 2020 and 2021. In
some a drift is planted on a day: support is withdrawn or prices fall (the county lives on with it), a feed stops or a
unit is swapped (one table of its registry is rewritten). The months after it are watched, and what is named first is
held against what was planted. In others months are watched from the day on which the model could have been taught:
whatever needs a person there is a false alarm. In all of them the interval of each month's estimated precision is held
against what became of the list, which the registry, cut years later, knows.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import yaml
from scipy.special import logit

from riskmodel import Registry, RiskClassifier, build_training_set, load_catalogue
from riskmodel.engine.calendar import add_months
from riskmodel.features.builder import build_labels
from riskmodel.model import Bundle, load_bundle, save_bundle
from riskmodel.monitoring import Capacity
from riskmodel.monitoring.choosing import Selection
from riskmodel.monitoring.cohort import trained_cohort
from riskmodel.policy import default_policy
from riskmodel.simulation import Switches, simulate_registry
from riskmodel.watching.lists import draw
from riskmodel.watching.precision import Matured, mature, matured_dates
from riskmodel.watching.rows import gather
from riskmodel.watching.watch import Watch, watch

ROOT = Path(__file__).parents[1]
BASELINE = Path(__file__).parent / "monitor.json"
UNTIL = date(2026, 1, 1)
TAUGHT = [date(2020, 10, 1), date(2021, 1, 1), date(2021, 4, 1), date(2021, 7, 1), date(2021, 9, 1)]
# The first day on which the model could have been taught, and twenty months from it.
FIRST = date(2023, 1, 1)
MONTHS = [add_months(FIRST, number) for number in range(20)]
# The first list that taught the model nothing.
LISTS_FROM = date(2021, 10, 1)
STRUCK = date(2023, 7, 1)
PRICES_OF = 2024
PARTS = ["precision", "quiet", "planted"]
SELECTION = Selection(Capacity.parse("5%"))


@dataclass(frozen=True)
class Plant:
    """A drift: how it is made, when it is looked for, and what has to be named first."""

    name: str
    kind: str
    place: str
    days: tuple[date, ...]
    switches: Switches | None = None
    table: str = ""
    change: Callable[[pa.Table], pa.Table] | None = None


def stopped(*, column: str | None = None, value: str | None = None) -> Callable[[pa.Table], pa.Table]:
    """Return what leaves out the rows of a feed that became known on the day or later."""

    def change(table: pa.Table) -> pa.Table:
        return table.filter(pc.invert(_struck(table, column, value)))

    return change


def in_units_of(
    divisor: float, *, column: str | None = None, value: str | None = None
) -> Callable[[pa.Table], pa.Table]:
    """Return what divides a feed's amounts from the day on."""

    def change(table: pa.Table) -> pa.Table:
        amount = table["amount"]
        smaller = pc.round(pc.divide(amount, divisor), 4)
        place = table.column_names.index("amount")
        return table.set_column(
            place, table.schema.field(place), pc.if_else(_struck(table, column, value), smaller, amount)
        )

    return change


def _struck(table: pa.Table, column: str | None, value: str | None) -> pa.ChunkedArray:
    after = pc.greater_equal(table["known_on"], pa.scalar(STRUCK, pa.date32()))
    if column is None:
        return after
    return pc.and_(after, pc.equal(table[column].cast(pa.string()), value))


SOON = (date(2023, 8, 1), date(2023, 9, 1))
PLANTS = (
    Plant("support withdrawn", "policy_withdrawn", "measure", SOON, Switches(withdraw_support_from=STRUCK)),
    # Crops of the new year are sold from March, and known in April.
    Plant(
        "prices fall to 0.6", "price_shock", "income/operating/crops", (date(2024, 5, 1), date(2024, 6, 1)),
        Switches(prices={PRICES_OF: 0.6}),
    ),
    Plant("spending stops", "feed_stopped", "spending", SOON, table="spending", change=stopped()),
    Plant("guarantee checks stop", "feed_stopped", "guarantee", SOON[:1], table="guarantee", change=stopped()),
    Plant("jobs stop", "feed_stopped", "job", SOON[:1], table="job", change=stopped()),
    Plant(
        "transfers stop", "feed_stopped", "income/transfer", SOON, table="income",
        change=stopped(column="source", value="transfer"),
    ),
    Plant(
        "pensions stop", "feed_stopped", "income/transfer/pension", SOON[:1], table="income",
        change=stopped(column="item", value="pension"),
    ),
    Plant("income in thousand yuan", "unit_swapped", "income", SOON, table="income", change=in_units_of(1000)),
    Plant(
        "wages in ten thousand yuan", "unit_swapped", "income/wage", SOON[:1], table="income",
        change=in_units_of(10_000, column="source", value="wage"),
    ),
    # All that a county of this size spends in a month of summer, as its registry knows it, are bills of illness.
    Plant(
        "spending in fen", "unit_swapped", "spending/medical_oop", SOON[:1], table="spending", change=in_units_of(0.01)
    ),
)  # fmt: skip


def model_of(registry: Path, folder: Path) -> Bundle:
    """Teach a small model by the county's dates."""
    catalogue = load_catalogue(ROOT / "features")
    page = yaml.safe_load((ROOT / "experiments" / "fengcheng.yaml").read_text(encoding="utf-8"))
    chosen = catalogue.only(page["features"]["only"])
    with Registry.open(registry) as opened:
        rows = build_training_set(
            opened, as_of=TAUGHT, outcome="need", cohort=page["cohort"], catalogue=chosen, policy=default_policy()
        )
    known = rows.y.notna()
    directions = {name: spec.monotone for name, spec in chosen.features.items()}
    classifier = RiskClassifier(monotone=directions, rounds=50, bags=1, folds=2, random_state=1)
    classifier.fit(rows.X[known], rows.y[known].astype(int))
    save_bundle(
        classifier,
        folder,
        features=[spec.to_dict() for spec in chosen.features.values()],
        metrics={},
        card="# need\n",
        manifest={
            "outcome": "need",
            "cohort": page["cohort"],
            "horizon_months": 12,
            "catalogue_hash": chosen.hash,
            "as_of": [str(day) for day in TAUGHT],
        },
    )
    return load_bundle(folder)


def county(folder: Path, *, households: int, seed: int, switches: Switches | None = None) -> Path:
    """Simulate a county of the seed."""
    simulate_registry(folder, households=households, years=7, seed=seed, until=UNTIL, switches=switches)
    return folder


def seen(registry: Path, bundle: Bundle, day: date) -> Watch:
    """Watch one month."""
    with Registry.open(registry) as opened:
        return watch(
            opened,
            bundle,
            model="small@1",
            as_of=day,
            catalogue=load_catalogue(ROOT / "features"),
            policy=default_policy(),
            selection=SELECTION,
        )


def lists_that_came_true(registry: Path, bundle: Bundle, *, seed: int) -> Iterator[dict[str, Any]]:
    """Draw the list of each month, estimate its precision by what was known then, and hold it against what came.

    The same functions as the watch's, all months in one pass: more counties can be asked than could be watched.
    """
    catalogue, policy = load_catalogue(ROOT / "features"), default_policy()
    outcome = catalogue.outcome("need")
    days = sorted({*MONTHS, *(one for day in MONTHS for one in matured_dates(day, outcome, first=LISTS_FROM))})
    with Registry.open(registry) as opened:
        rows = gather(
            opened,
            bundle,
            catalogue=catalogue,
            cohort=trained_cohort(bundle.manifest, catalogue, model="small@1"),
            policy=policy,
            months=days[-2:],
            list_dates=days,
            sample=100,
            engine="auto",
        )
        labels = build_labels(opened, as_of=days, outcome="need", catalogue=catalogue, policy=policy)
        drawn = {day: draw(opened, rows.lists[day], as_of=day, selection=SELECTION) for day in days}
    truth = labels.set_index(["as_of", "household_id"])["outcome"].astype("Float64")
    found: dict[date, Matured] = {}
    for day in days:
        flagged = drawn[day].rows["household_id"].to_numpy()[drawn[day].flagged]
        became = truth.xs(day, level="as_of").reindex(flagged).to_numpy(dtype=float, na_value=np.nan)
        earlier = [found[one] for one in matured_dates(day, outcome, first=LISTS_FROM)]
        month = mature(drawn[day], became, taught=False, earlier=earlier, outcome_spec=outcome)
        assert month is not None
        found[day] = month
        if day in MONTHS:
            yield {
                "seed": seed,
                "as_of": str(day),
                "flagged": month.known,
                "mean_risk": round(month.expected / month.known, 4),
                "estimated": round(month.estimated.value, 4),
                "interval": [round(month.estimated.low, 4), round(month.estimated.high, 4)],
                "realised": round(month.realised.value, 4),
                "covered": bool(month.covered),
                "lists_of_evidence": len(earlier),
            }


def planted(
    folder: Path, bundle: Bundle, plain: Path, *, households: int, seed: int, drifts: list[str]
) -> Iterator[dict[str, Any]]:
    """Plant each of some drifts in the county and say what is named first."""
    for plant in (plant for plant in PLANTS if plant.name in drifts):
        place = folder / "planted"
        shutil.rmtree(place, ignore_errors=True)
        if plant.switches is not None:
            county(place, households=households, seed=seed, switches=plant.switches)
        else:
            shutil.copytree(plain, place)
            file = place / f"{plant.table}.parquet"
            assert plant.change is not None
            pq.write_table(
                plant.change(pq.read_table(file)).replace_schema_metadata(pq.read_schema(file).metadata), file
            )
        for day in plant.days:
            found = seen(place, bundle, day)
            first = found.findings[0] if found.findings else None
            named = first is not None and (first.kind, first.place) == (plant.kind, plant.place)
            yield {
                "seed": seed,
                "planted": plant.name,
                "as_of": str(day),
                "named_first": named and found.needs_person,
                "first": None if first is None else f"{first.kind} {first.place}",
                "others": [f"{f.kind} {f.place}" for f in found.findings[1:] if f.needs_person],
            }


def quiet(registry: Path, bundle: Bundle, days: list[date], *, seed: int) -> Iterator[dict[str, Any]]:
    """Watch months in which nothing was planted."""
    for day in days:
        found = seen(registry, bundle, day)
        alarms = [f"{f.kind} {f.place}" for f in found.findings if f.needs_person]
        others = [f"{f.kind} {f.place}" for f in found.findings if not f.needs_person]
        yield {"seed": seed, "as_of": str(day), "alarms": alarms, "for_the_record": others}


def off(months: list[dict[str, Any]]) -> float:
    """Return by how much the log-odds of lists are off, chance taken out: their standard deviation about 0."""
    shifts, chance = [], []
    for row in months:
        share = (row["realised"] * row["flagged"] + 0.5) / (row["flagged"] + 1)
        shifts.append(logit(share) - logit(row["mean_risk"]))
        chance.append(1 / (row["flagged"] * share * (1 - share)))
    return float(np.sqrt(max(0.0, np.mean(np.square(shifts)) - np.mean(chance))))


def main() -> None:
    """Measure, print, and with --write keep what was measured beside what other calls measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--households", type=int, default=2000)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(1, 9)))
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--watched", type=int, default=2, help="in so many counties months without drift are watched")
    parser.add_argument("--planted", type=int, default=2, help="in so many counties each drift is planted")
    parser.add_argument("--drifts", nargs="+", default=[plant.name for plant in PLANTS], help="planted, by name")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    for number, seed in enumerate(given.seeds):
        with tempfile.TemporaryDirectory() as scratch:
            folder, started = Path(scratch), time.perf_counter()
            plain = county(folder / "plain", households=given.households, seed=seed)
            bundle = model_of(plain, folder / "bundle")
            if "precision" in given.parts:
                keep("precision", lists_that_came_true(plain, bundle, seed=seed), given)
            if "quiet" in given.parts and number < given.watched:
                keep("quiet", quiet(plain, bundle, MONTHS if seed == 1 else MONTHS[::3], seed=seed), given)
            if "planted" in given.parts and number < given.planted:
                rows = planted(folder, bundle, plain, households=given.households, seed=seed, drifts=given.drifts)
                keep("planted", rows, given)
            print(f"county {seed}: {time.perf_counter() - started:.0f} s", flush=True)


def keep(part: str, rows: Iterator[dict[str, Any]], given: argparse.Namespace) -> None:
    """Print a part's rows as they come; with --write, each takes the place of the one of its county and month."""
    for row in rows:
        print(row, flush=True)
        if not given.write:
            continue
        told = json.loads(BASELINE.read_text(encoding="utf-8")) if BASELINE.is_file() else {}
        kept: dict[str, list[dict[str, Any]]] = {name: told.get("rows", {}).get(name, []) for name in PARTS}

        def which(one: dict[str, Any]) -> tuple[Any, ...]:
            return (one["seed"], one.get("planted", ""), one["as_of"])

        kept[part] = sorted([*(one for one in kept[part] if which(one) != which(row)), row], key=which)
        whole = {"households": given.households, **summary(kept), "rows": kept}
        BASELINE.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")


def summary(kept: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Return the figures that the issue asks for."""
    lists, quiet_months, drifts = kept["precision"], kept["quiet"], kept["planted"]
    told: dict[str, Any] = {
        "named_first": {"runs": len(drifts), "named": sum(row["named_first"] for row in drifts)},
        "without_drift": {
            "months": len(quiet_months),
            "false_alarms": sum(bool(row["alarms"]) for row in quiet_months),
        },
    }
    if lists:
        told["precision"] = {
            "months": len(lists),
            "counties": len({row["seed"] for row in lists}),
            "covered": round(float(np.mean([row["covered"] for row in lists])), 3),
            "mean_width": round(float(np.mean([row["interval"][1] - row["interval"][0] for row in lists])), 3),
            "log_odds_off": round(off(lists), 3),
        }
    return told


if __name__ == "__main__":
    main()
