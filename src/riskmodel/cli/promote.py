"""``riskmodel promote``: make a version of a model the champion, with who and why on record."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def promote(
    name: Annotated[str, typer.Argument(help="The model, as `riskmodel train` named it.")],
    version: Annotated[int, typer.Argument(help="The version that the alias shall stand for: 1, 2, …")],
    who: Annotated[str, typer.Option(help="Who decides: a name or an office. Kept in the log.")],
    why: Annotated[str, typer.Option(help="Why this version. Kept in the log.")],
    alias: Annotated[str, typer.Option(help="champion, or challenger: scored beside the champion.")] = "champion",
    models: Annotated[Path | None, typer.Option(help="The folder of models; by default the workspace's.")] = None,
) -> None:
    """Move the champion (or challenger) alias of a model to one of its versions.

    `riskmodel score --model NAME@champion` then uses that version, and scores NAME@challenger beside it. Every
    promotion is a line of models/NAME/promotions.jsonl: when, who, why, from which version to which, and the headline
    figures of both. Lines are only ever added; to go back, promote the older version. MLflow's registry shows the same
    aliases where there is a store.

    Example: riskmodel promote fengcheng 2 --who "county bureau" --why "finds more at the same capacity"
    """
    from riskmodel.evaluation.tracking import show_in_mlflow
    from riskmodel.model.store import ModelStore
    from riskmodel.workspace import default_models

    store = ModelStore(models if models is not None else default_models())
    moved = store.promote(name, version, who=who, why=why, alias=alias)
    before = "nothing" if moved.from_version is None else f"version {moved.from_version}"
    typer.echo(f"{name}@{moved.alias}: {before} -> version {moved.to_version} ({moved.who}, {moved.at}: {moved.why})")
    for each, figures in moved.figures.items():
        said = ", ".join(f"{measure} {value:.3f}" for measure, value in figures.items())
        typer.echo(f"  version {each}, in its own evaluation: {said or 'no figures'}")
    untold = show_in_mlflow(store.root, name)
    if untold:
        typer.echo(f"MLflow: {untold} The promotion stands.", err=True)


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command()(promote)
