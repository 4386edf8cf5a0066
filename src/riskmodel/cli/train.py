"""``riskmodel train``: run an experiment file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from riskmodel.cli.options import check_output_folder
from riskmodel.errors import DataError

if TYPE_CHECKING:
    from rich.table import Table as RichTable

    from riskmodel.evaluation.inputs import Prepared
    from riskmodel.evaluation.results import Evaluation
    from riskmodel.evaluation.train import Trained


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command("train")(train_command)


def train_command(
    experiment: Annotated[Path, typer.Argument(metavar="EXPERIMENT.yaml", help="What to learn, and how to judge it.")],
    registry: Annotated[
        Path | None, typer.Option(help="The registry, instead of the one that the file names.", show_default=False)
    ] = None,
    models: Annotated[
        Path | None,
        typer.Option(help="Where bundles and the MLflow store live (default: the workspace's models/)."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where the report goes (default: out/train/NAME).")] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Take nothing from an earlier run into the same folder.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Only check the file and draw splits.svg; nothing is trained.")
    ] = False,
) -> None:
    """Train a model and test it honestly: forward in time, on households not trained on, beside the county's rule.

    The file names the outcome, the cohort, the training dates, the test origins and the baselines
    (experiments/fengcheng.yaml explains each line). Paths in it are relative to the folder it lies in.

    Leaves a model bundle under models/NAME/VERSION, MLflow runs in models/mlflow.db (docs/mlflow.md), and in the output
    folder evaluation.html and card.html (Chinese and English), card.md, metrics.json, splits.svg and
    predictions.parquet. The first version becomes the champion; later ones are promoted with "riskmodel promote".

    Where the registry is simulated and holds truth.parquet (riskmodel simulate OUT --truth K), all of them say besides
    how far the model and each baseline stay behind who knows every household's true risk.

    A run that was interrupted goes on where it stopped, and a stage that has not changed is not run again: they lie in
    the output folder's .stages, which names households and stays there. --fresh works everything out anew.

    Example: riskmodel train experiments/fengcheng.yaml --registry out/demo/registry
    """
    from rich.console import Console

    from riskmodel.evaluation.train import check_experiment, run_experiment

    console = Console()
    if out is not None:
        check_output_folder(out, registry=registry)
    if models is not None:
        check_output_folder(models, registry=registry, option="--models")
    if check:
        prepared, picture = check_experiment(experiment, registry=registry, out=out)
        console.print(dates_table(prepared))
        console.print(f"The file is in order. Splits: {picture}", soft_wrap=True)
        return
    trained = run_experiment(experiment, registry=registry, models=models, out=out, fresh=fresh)
    show(trained, console=console)
    if trained.unrecorded:
        raise DataError(trained.unrecorded)


def dates_table(prepared: Prepared) -> RichTable:
    """Return the dates that would be trained on and tested."""
    from rich.table import Table

    table = Table(title=f"{prepared.experiment.name}: dates", title_justify="left")
    for head in ("tested at", "taught by", "outcome known on"):
        table.add_column(head)
    for origin in prepared.plan.origins:
        taught = f"{origin.training[0]} … {origin.training[-1]} ({len(origin.training)} dates)"
        table.add_row(str(origin.as_of), taught, str(prepared.plan.horizon.known_on(origin.as_of)))
    days = prepared.plan.training
    table.add_row("final model", f"{days[0]} … {days[-1]} ({len(days)} dates)", "")
    return table


def show(trained: Trained, *, console: object) -> None:
    """Print the measures beside the baselines, where the model does not win, and where everything is."""
    from rich.console import Console
    from rich.markup import escape

    from riskmodel.evaluation.drift_words import drift_sentence
    from riskmodel.evaluation.findings import compared, findings
    from riskmodel.evaluation.regret_words import not_believed
    from riskmodel.evaluation.run_note import standing

    assert isinstance(console, Console)
    console.print(scores_table(trained.evaluation))
    for line in compared(trained.evaluation, "en")[1:]:
        console.print(f"  {escape(line)}", highlight=False)
    for finding in findings(trained.evaluation):
        console.print(f"{'[green]ahead[/]' if finding.good else '[red]NOT AHEAD[/]'}  {escape(finding.en)}")
    doubted = not_believed(trained.evaluation, "en")
    if doubted:
        console.print(f"[bold red]NOT THE TRUTH[/]  {escape(doubted)}", soft_wrap=True, highlight=False)
    for line in _best_possible(trained.evaluation):
        console.print(f"Regret  {escape(line)}", soft_wrap=True, highlight=False)
    if trained.evaluation.drift is not None:
        found = trained.evaluation.drift
        head = "[bold red]DRIFT[/]" if found.seen else "Drift"
        console.print(f"{head}  {escape(drift_sentence(found, 'en'))}", soft_wrap=True, highlight=False)
    report = trained.out / "evaluation.html"
    console.print(f"Bundle  {trained.bundle} ({trained.reference})", soft_wrap=True, highlight=False)
    console.print(f"Report  {report}", soft_wrap=True, highlight=False)
    if trained.run_id:
        store = trained.bundle.parent.parent / "mlflow.db"
        console.print(f"MLflow  run {trained.run_id} in {store}", soft_wrap=True, highlight=False)
    name, version = trained.reference.split("@")
    said = (
        f"{name}@champion is now version {version}: there was none before; {standing(trained.evaluation)}."
        if trained.champion
        else f"The champion stands as it was. To change it: riskmodel promote {name} {version}"
    )
    console.print(said, soft_wrap=True, highlight=False)


def _best_possible(evaluation: Evaluation) -> list[str]:
    """Say how far the model stays behind the true risks of a simulated county, and where they are not known."""
    from riskmodel.evaluation.regret_words import distance_said, where_missing

    if evaluation.regret is None:
        return []
    return [line for line in (*distance_said(evaluation, "en"), where_missing(evaluation.regret, "en")) if line]


def scores_table(evaluation: Evaluation) -> RichTable:
    """Return AUC, average precision and recall of every scorer at every origin, with intervals."""
    from rich import box
    from rich.table import Table

    from riskmodel.evaluation.compare import headline_measures
    from riskmodel.evaluation.findings import measure_name, mode_name, shown, table_name

    measures = headline_measures(evaluation.experiment.capacities)
    table = Table(title=f"{evaluation.experiment.name}: model beside baselines", title_justify="left", box=box.SIMPLE)
    table.add_column("tested", max_width=16)
    table.add_column("by")
    for measure in measures:
        table.add_column(measure_name(measure, "en"), justify="right", min_width=13)
    for mode, tables in evaluation.tables.items():
        for one in tables:
            where = table_name(one, "en") if mode == "out_of_time" else mode_name(mode, "en")
            tested = iter([where, f"{one.positives:,} of {one.rows:,}"])
            for place, scorer in enumerate(evaluation.scorers):
                values = [shown(one.estimates[scorer.name][m], m) for m in measures]
                table.add_row(next(tested, ""), scorer.en, *values, end_section=place == len(evaluation.scorers) - 1)
    return table
