"""``riskmodel demo``: the whole chain on a simulated county, by the same commands that run a real one."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from riskmodel.cli.options import check_output_folder
from riskmodel.errors import CallError

UNTIL = "2026-01-01"
# When the flags come to the list.
ARRIVED = "2026-01-03"
LIST = "list.db"
YEARS = 6
HOUSEHOLDS = 2000
SEED = 1
MADE_BY_THE_DEMO = "demo.txt"


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command("demo")(demo)


def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for everything that is made.")] = Path("out/demo"),
    households: Annotated[
        int, typer.Option("--households", "-n", min=1, help="Size of the simulated county.")
    ] = HOUSEHOLDS,
    seed: Annotated[int, typer.Option("--seed", "-s", min=0, help="Another seed, another county.")] = SEED,
) -> None:
    """Run the whole chain on a simulated county: registry, model, flags with reasons, list and report.

    Leaves in --out: registry/ (the county), models/ and training/ (the model and how well it does), scores.parquet,
    flags.parquet (whom to visit first, and why), report/index.html and report/list.xlsx, list.db (the flags as clues).
    A folder that an earlier demo made is replaced.

    Example: riskmodel demo --out out/demo
    """
    from riskmodel.cli.list_ import update
    from riskmodel.cli.report import _Language, report
    from riskmodel.cli.score import score
    from riskmodel.cli.simulate import simulate
    from riskmodel.cli.train import train_command
    from riskmodel.workspace import find_workspace, shipped

    started = time.monotonic()
    _make_room(out)
    registry, models, training = out / "registry", out / "models", out / "training"
    experiment = (find_workspace() or shipped()) / "experiments" / "fengcheng.yaml"
    size = f"--households {households} --years {YEARS} --seed {seed} --until {UNTIL}"
    _say(f"simulate {registry} {size}")
    simulate(registry, households=households, years=YEARS, seed=seed, until=UNTIL, force=True)
    _say(f"train {experiment.name} --registry {registry} --models {models} --out {training}")
    train_command(experiment, registry=registry, models=models, out=training, check=False)
    _say(f"score {registry} --as-of {UNTIL} --model fengcheng@champion --models {models} --out {out} --capacity 5%")
    score(
        str(registry),
        as_of=UNTIL,
        model="fengcheng@champion",
        out=out,
        capacity="5%",
        rule_capacity="all",
        challenger="none",
        engine="auto",
        models=models,
        catalogue=None,
        resume=False,
    )
    _say(f"report {out}")
    report(out, lang=_Language.zh, out=None)
    _say(f"list update {out} --registry {registry} --list {out / LIST} --on {ARRIVED}")
    update(out, list_=str(out / LIST), registry=registry, catalogue=None, on=ARRIVED, actor="batch")
    _show(out, seconds=time.monotonic() - started)


def _make_room(out: Path) -> None:
    """Clear what an earlier demo left; refuse a folder of anything else."""
    import shutil

    check_output_folder(out)
    if out.exists() and any(out.iterdir()) and not (out / MADE_BY_THE_DEMO).exists():
        raise CallError(f"{out}: exists and was not made by the demo. Name another folder with --out.")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    (out / MADE_BY_THE_DEMO).write_text("Made by `riskmodel demo`, which replaces this folder when it is run again.\n")


def _say(command: str) -> None:
    typer.secho(f"\n$ riskmodel {command}", bold=True)


def _show(out: Path, *, seconds: float) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table()
    table.add_column("what")
    table.add_column("where", no_wrap=True)
    for what, where in (
        ("the registry of a county that does not exist", "registry/"),
        ("the model, plain text that cannot execute", "models/fengcheng/1/"),
        ("how well it does, beside the plain baselines", "training/evaluation.html"),
        ("the model card", "training/card.md"),
        ("everyone's risk", "scores.parquet"),
        ("whom to visit first, and why", "flags.parquet"),
        ("the list as pages, 中文 and English", "report/index.html"),
        ("the list as a workbook for the visits", "report/list.xlsx"),
        ("the monitoring list: what is due, and its log", LIST),
    ):
        table.add_row(what, where)
    typer.echo(f"\nWhat the demo made in {seconds:.0f} s, in {out}:")
    Console().print(table)
    typer.echo("Open the report in a browser first. A score is a clue for a visit; people decide.")
