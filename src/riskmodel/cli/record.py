"""``riskmodel record``: write into MLflow what a training could not write there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def record(
    kept: Annotated[Path, typer.Argument(metavar="MLFLOW_RUN.json", help="The file that the training named.")],
    models: Annotated[Path | None, typer.Option(help="The folder of models; by default the workspace's.")] = None,
) -> None:
    """Write a training's MLflow run that could not be written when it was trained.

    When models/mlflow.db is damaged, locked or of another MLflow, `riskmodel train` leaves the model and its report all
    the same, keeps the run in mlflow_run.json beside the report and says so. Mend the store, then run this; the file
    is removed once the run is written.

    Example: riskmodel record out/train/fengcheng/mlflow_run.json
    """
    from riskmodel.evaluation.tracking import write_kept
    from riskmodel.workspace import default_models

    place = models if models is not None else default_models()
    run_id = write_kept(kept, models=place)
    typer.echo(f"MLflow  run {run_id} in {place / 'mlflow.db'}")


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command()(record)
