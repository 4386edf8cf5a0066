"""What the commands of the list take alike: where it is, who acts, on which day, and in which words."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from riskmodel.cli.options import parse_date

if TYPE_CHECKING:
    from riskmodel.watchlist.store import ListStore

ListOption = Annotated[
    str | None,
    typer.Option(
        "--list",
        envvar="RISKMODEL_LIST",
        help="The list: a file (SQLite) or postgresql://user@host/database; by default list.db of the workspace.",
    ),
]
OnOption = Annotated[str | None, typer.Option("--on", help="The day that counts (YYYY-MM-DD); by default today.")]
ActorOption = Annotated[str, typer.Option("--actor", help="The account that acts; never a person's name.")]
TownshipOption = Annotated[str | None, typer.Option(help="Only this township's code.")]
VillageOption = Annotated[str | None, typer.Option(help="Only this village's code.")]
RegistryOption = Annotated[Path | None, typer.Option(help="The registry, for what it knows of the households.")]


class Language(StrEnum):
    zh = "zh"
    en = "en"


LangOption = Annotated[Language, typer.Option(help="The language of what is printed.")]


def open_list(url: str | None, *, create: bool = False) -> ListStore:
    """Open the list that is meant."""
    from riskmodel.watchlist.store import ListStore
    from riskmodel.workspace import find_workspace, workspace_policy

    place = url if url is not None else str((find_workspace() or Path.cwd()) / "list.db")
    return ListStore(place, policy=workspace_policy(), create=create)


def day_of(on: str | None) -> date:
    """Return the day that ``--on`` names, today where it is absent."""
    return now().date() if on is None else parse_date(on, option="--on")


def now() -> datetime:
    """Return the moment at which the command runs, with its time zone."""
    return datetime.now().astimezone()
