"""``riskmodel simulate``: a registry of a county that does not exist."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from riskmodel.cli.options import check_output_folder, parse_by_year, parse_date
from riskmodel.errors import CallError

if TYPE_CHECKING:
    from datetime import date

    from riskmodel.simulation import Switches

SUPPORT_OPTION, DISASTERS_OPTION = "--withdraw-support-from", "--disasters"
PRICES_OPTION, LINE_OPTION = "--prices", "--line"


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command("simulate")(simulate)


def simulate(
    out: Annotated[Path, typer.Argument(help="Folder of the registry to write.")],
    households: Annotated[int, typer.Option("--households", "-n", help="How many households.")] = 2000,
    years: Annotated[int, typer.Option("--years", "-y", help="Years of history before --until.")] = 6,
    seed: Annotated[int, typer.Option("--seed", "-s", help="The same seed gives the same bytes.")] = 1,
    until: Annotated[
        str, typer.Option("--until", help="Cut date (YYYY-MM-DD): what is known on or after it is not there.")
    ] = "2026-01-01",
    withdraw_support_from: Annotated[
        str | None,
        typer.Option(
            SUPPORT_OPTION,
            metavar="DATE",
            help="The first of a month on which all direct support ends (every measure, dibao, public-welfare posts); "
            "none is given from then on. Pensions and other transfers go on; see docs/simulator.md.",
        ),
    ] = None,
    disasters: Annotated[
        list[str] | None,
        typer.Option(
            DISASTERS_OPTION,
            metavar="YEAR=FACTOR",
            help="How many times the usual chance of a disaster a year has: 2024=2 doubles it, 2024=0 leaves none. "
            "Repeatable.",
        ),
    ] = None,
    prices: Annotated[
        list[str] | None,
        typer.Option(
            PRICES_OPTION,
            metavar="YEAR=FACTOR",
            help="How many times the usual price crops and animals are sold at in a year: 2024=0.6 is a fall by two "
            "fifths. Repeatable.",
        ),
    ] = None,
    line: Annotated[
        list[str] | None,
        typer.Option(
            LINE_OPTION,
            metavar="YEAR=YUAN",
            help="The monitoring line from 1 January of a year, until the policy record's next one. Repeatable. "
            "simulated_policy.yaml has it for a workspace's policy.yaml.",
        ),
    ] = None,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="Write into a folder that holds other files, which stay beside the registry, or replace a registry "
            "that simulate did not make.",
        ),
    ] = False,
    identity: Annotated[
        bool,
        typer.Option(
            "--identity",
            help="Also give everyone a name, ID number, telephone and bank account that cannot be anybody's: "
            "OUT.identity/identity.parquet, beside the registry, which only you can read.",
        ),
    ] = False,
    dirty: Annotated[
        float | None,
        typer.Option(
            "--dirty",
            metavar="SHARE",
            help="Plant faults in this share of each table's rows (0.01 is one in a hundred), as in data from outside: "
            "riskmodel validate sets them aside. dirt.parquet has each, dirt.json the counts.",
        ),
    ] = None,
    truth: Annotated[
        int | None,
        typer.Option(
            "--truth",
            metavar="K",
            help="Also work out each household's true risk of need within 12 months, by living its year K times from "
            "its full state: truth.parquet (household_id, as_of, risk). 100 or more; each takes a year's simulation.",
        ),
    ] = None,
    truth_at: Annotated[
        list[str] | None,
        typer.Option(
            "--truth-at",
            metavar="DATE",
            help="The first of a month to work the true risk out at. Repeatable; by default every 1 January whose "
            "twelve months end by --until.",
        ),
    ] = None,
    drivers: Annotated[
        bool,
        typer.Option(
            "--drivers",
            help="With --truth, also live each year again without each of a household's troubles, one at a time: "
            "drivers.parquet says by how much each lowers its true risk. It takes twelve times as long as --truth.",
        ),
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            metavar="N",
            help="How many blocks of villages (about 5,000 households) to live at a time; by default as many as there "
            "are cores. The registry is the same; each takes memory of its own.",
        ),
    ] = None,
    report: Annotated[
        bool,
        typer.Option(
            "--report",
            help="Hold the county against what sources say (incomes, admissions, the list, ...): a table, and "
            "calibration.md in the registry's folder with every source.",
        ),
    ] = False,
) -> None:
    """Simulate a county: households, incomes, illness, jobs, shocks, assistance, checks and the official list.

    The county has the code 369901, which is assigned to no place. Nothing in it is about real people.

    A switch (--withdraw-support-from, --disasters, --prices, --line) changes what comes after its day and nothing
    before it: the same seed with and without one gives two counties to compare household by household. simulated.json
    says what was switched.

    Example: riskmodel simulate out/county --households 2000 --years 6 --seed 1
    """
    cut = parse_date(until, option="--until")
    if truth_at and truth is None:
        raise CallError(
            "--truth-at is given without --truth: say how often each year is to be lived, such as --truth 100."
        )
    if drivers and truth is None:
        raise CallError(
            "--drivers is given without --truth: say how often each year is to be lived, such as --truth 100."
        )
    at = [parse_date(text, option="--truth-at") for text in truth_at or []]
    switches = _switches(withdraw_support_from, disasters, prices, line)
    check_output_folder(out, option="OUT")
    if report:
        _refuse_report(out, households=households, years=years, seed=seed, cut=cut, dirty=dirty)
    from riskmodel.simulation import simulate_registry

    rows = simulate_registry(
        out,
        households=households,
        years=years,
        seed=seed,
        until=cut,
        switches=switches,
        beside=force,
        identity=identity,
        dirty=dirty,
        replays=truth,
        truth_at=at,
        drivers=drivers,
        workers=workers,
    )
    for name, count in rows.items():
        typer.echo(f"  {name:<10} {count:>12,} rows")
    typer.echo(f"{out}: {households:,} households, {years} years known before {cut}, seed {seed}")
    _show_switches(out, switches)
    if identity:
        _show_identity(out)
    if truth is not None:
        _show_truth(out, replays=truth)
    if dirty is not None:
        _show_dirt(out)
    if report:
        title = f"{households:,} households, {years} years before {cut}, seed {seed}"
        title = "; ".join([title, *switches.words()])
        _report(out, title=title, households=households, seed=seed, cut=cut, switches=switches)


def _switches(
    support: str | None, disasters: list[str] | None, prices: list[str] | None, line: list[str] | None
) -> Switches:
    """Read the switches as the command line gives them."""
    from riskmodel.simulation import Switches

    return Switches(
        withdraw_support_from=None if support is None else parse_date(support, option=SUPPORT_OPTION),
        disasters=parse_by_year(disasters or [], option=DISASTERS_OPTION, such_as="2024=2"),
        prices=parse_by_year(prices or [], option=PRICES_OPTION, such_as="2024=0.6"),
        line=parse_by_year(line or [], option=LINE_OPTION, such_as="2024=9000"),
    )


def _show_switches(out: Path, switches: Switches) -> None:
    """Say what is other than usual, and what a workspace needs for it."""
    from riskmodel.simulation.made import MADE, POLICY_FILE

    said = switches.words()
    if said:
        typer.echo(f"switched: {'; '.join(said)} ({out / MADE} has it)")
    if switches.line:
        typer.echo(
            f"Features and outcomes take the line from the workspace's policy record: copy the entries of "
            f"{out / POLICY_FILE} into policy.yaml beside riskmodel.toml before building them."
        )


def _show_identity(out: Path) -> None:
    """Say where the identity table lies and how many it names."""
    import pyarrow.parquet as pq

    from riskmodel.simulation.identity import IDENTITY, place_of

    file = place_of(out.resolve()) / IDENTITY
    typer.echo(f"{file}: {pq.read_metadata(file).num_rows:,} people who cannot be real; no command reads it")


def _refuse_report(out: Path, *, households: int, years: int, seed: int, cut: date, dirty: float | None) -> None:
    """Refuse, before any work, a report on a county that cannot be held against anything."""
    from datetime import date

    from riskmodel.simulation.calibration.years import no_whole_year, whole_years
    from riskmodel.simulation.county import check_call

    if dirty is not None:
        raise CallError("--report reads a sound registry, and --dirty makes none: leave one of them out.")
    check_call(households=households, years=years, seed=seed, until=cut)
    if not whole_years(date(cut.year - years, cut.month, 1), cut):
        raise CallError(f"--report with --years {years} and --until {cut}: {no_whole_year(out, cut)}")


def _report(out: Path, *, title: str, households: int, seed: int, cut: date, switches: Switches) -> None:
    """Write how the county compares with what sources say, and show it."""
    from rich.console import Console
    from rich.table import Table

    from riskmodel.files import write_aside
    from riskmodel.simulation.calibration import calibrate, lived_twice, markdown
    from riskmodel.simulation.calibration.page import PAGE, VERDICT, banded, shown, summary

    typer.echo("living a county twice, with direct support and without it ...", err=True)
    twice = lived_twice(households=households, seed=seed, until=cut)
    lines = calibrate(out, policy=switches.policy, told=twice.figures())
    with write_aside(out / PAGE) as aside:
        page = markdown(lines, title=f"The simulated county beside its sources: {title}", remark=twice.words())
        aside.write_text(page, encoding="utf-8")
    table = Table("figure", box=None, header_style="bold")
    for heading in ("target", "band", "simulated"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("")
    for line in lines:
        name = line.name.replace("_", " ").replace(".", ": ")
        table.add_row(name, shown(line.target.value), banded(line.target), shown(line.simulated), VERDICT[line.inside])
    typer.echo("")
    Console().print(table)
    typer.echo(f"{summary(lines)} Units, sources and certainty: {out / PAGE}")
    typer.echo(twice.words())


def _show_truth(out: Path, *, replays: int) -> None:
    """Say what the true risks are like, date by date."""
    import pyarrow.parquet as pq

    from riskmodel.simulation.truth import TRUTH

    rows = pq.read_table(out / TRUTH)
    means = rows.group_by("as_of").aggregate([("risk", "mean")]).sort_by("as_of").to_pylist()
    said = ", ".join(f"{line['as_of']} {line['risk_mean']:.1%}" for line in means)
    typer.echo(f"{out / TRUTH}: true risk of need within 12 months, from {replays} lives each; mean {said}")


def _show_dirt(out: Path) -> None:
    """Say how many faults were planted, by table and kind."""
    import json

    from rich.console import Console
    from rich.table import Table

    from riskmodel.simulation.dirt import COUNTS
    from riskmodel.simulation.faults import KINDS

    told = json.loads((out / COUNTS).read_text(encoding="utf-8"))
    shown = Table("faults in", box=None, header_style="bold")
    for kind in KINDS:
        shown.add_column(kind.replace("_", " "), justify="right")
    for name, counts in told["tables"].items():
        shown.add_row(name, *(f"{counts[kind]:,}" if kind in counts else "" for kind in KINDS))
    typer.echo(f"\n{told['planted']:,} rows have a fault; dirt.parquet has each, with the rule that should find it:")
    Console().print(shown)
    typer.echo(f"All columns are text, as from outside. Next: riskmodel validate {out} --out CLEAN")
