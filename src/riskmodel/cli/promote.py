"""``riskmodel promote``: make a version of a model the champion, with who and why on record."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def promote(
    name: Annotated[str, typer.Argument(help="The model, as `riskmodel train` named it.")],
    version: Annotated[int, typer.Argument(help="The version that shall be the champion: 1, 2, …")],
    who: Annotated[str, typer.Option(help="Who decides: a name or an office. Kept in the log.")],
    why: Annotated[str, typer.Option(help="Why this version. Kept in the log.")],
    models: Annotated[Path | None, typer.Option(help="The folder of models; by default the workspace's.")] = None,
) -> None:
    """Move the champion alias of a model to one of its versions.

    `riskmodel score --model NAME@champion` then uses that version. Every promotion is a line of
    models/NAME/promotions.jsonl: when, who, why, from which version to which. Lines are only ever added; to go back,
    promote the older version.

    Example: riskmodel promote fengcheng 2 --who "county bureau" --why "finds more at the same capacity"
    """
    from riskmodel.model.store import ModelStore
    from riskmodel.workspace import default_models

    store = ModelStore(models if models is not None else default_models())
    moved = store.promote(name, version, who=who, why=why)
    before = "nothing" if moved.from_version is None else f"version {moved.from_version}"
    typer.echo(f"{name}@{moved.alias}: {before} -> version {moved.to_version} ({moved.who}, {moved.at}: {moved.why})")


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command()(promote)
