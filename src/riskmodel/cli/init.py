"""``riskmodel init``: lay out a workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from riskmodel.cli.options import check_output_folder


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command("init")(init)


def init(folder: Annotated[Path, typer.Argument(help="Folder to make; it must be new or empty.")]) -> None:
    """Lay out a workspace: features/, experiments/, models/, notebooks/ and riskmodel.toml, ready to be changed.

    Example: riskmodel init mycounty && cd mycounty
    """
    check_output_folder(folder, option="")
    from riskmodel.workspace import lay_out

    for path in lay_out(folder):
        typer.echo(f"{folder / path}")
