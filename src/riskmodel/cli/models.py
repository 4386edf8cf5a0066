"""``riskmodel models``: which models there are, who is the champion, how good each version was."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated

import typer


def models(
    name: Annotated[str | None, typer.Argument(help="Only this model.", show_default=False)] = None,
    models: Annotated[Path | None, typer.Option(help="The folder of models; by default the workspace's.")] = None,
) -> None:
    """List models, versions, aliases, what each learned from, and its headline figures.

    The figures are of each version's own evaluation, on the dates of its own experiment: two versions may have been
    tested on different ones. Their cards say more.

    Example: riskmodel models fengcheng
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from riskmodel.model.promotions import headline
    from riskmodel.model.store import ModelStore
    from riskmodel.workspace import default_models

    store = ModelStore(models if models is not None else default_models())
    if name is not None:
        store.check_known(name)
    shown = store.names() if name is None else [name]
    if not shown:
        typer.echo(f"{store.root}: no models yet: riskmodel train makes one.")
        return
    table = Table(box=box.SIMPLE)
    for head in ("model", "alias", "registry cut", "rows", "AUC", "AP", "recall"):
        table.add_column(head, no_wrap=True, justify="left" if head in ("model", "alias", "registry cut") else "right")
    for each in shown:
        aliases = store.aliases(each)
        for version in store.versions(each):
            folder = store.root / each / str(version)
            told, figures = _manifest(folder), headline(folder)
            rows = told.get("rows")
            table.add_row(
                f"{each}@{version}",
                ", ".join(alias for alias, stands_for in aliases.items() if stands_for == version),
                str(told.get("training_cut", "")),
                f"{rows:,}" if isinstance(rows, int) else "",
                _figure(figures, "auc"),
                _figure(figures, "average_precision"),
                _recall(figures),
            )
    Console().print(table)


def _manifest(folder: Path) -> dict[str, object]:
    try:
        return dict(json.loads((folder / "manifest.json").read_bytes()))
    except (OSError, ValueError, TypeError):
        return {}


def _figure(figures: dict[str, float], measure: str) -> str:
    return f"{figures[measure]:.3f}" if measure in figures else ""


def _recall(figures: dict[str, float]) -> str:
    """The recall at the capacity nearest to 5 %."""
    at = {float(name[10:-3]): value for name, value in figures.items() if re.fullmatch(r"recall_at_[\d.]+pct", name)}
    if not at:
        return ""
    share = min(at, key=lambda percent: abs(percent - 5))
    return f"{at[share]:.1%} at {share:g}%"


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command()(models)
