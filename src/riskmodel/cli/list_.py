"""``riskmodel list``: clues come in, people act, clocks run, and everything is kept in a log that can be checked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from riskmodel.cli import list_out
from riskmodel.cli.list_options import (
    ActorOption,
    LangOption,
    Language,
    ListOption,
    OnOption,
    RegistryOption,
    TownshipOption,
    VillageOption,
    day_of,
    now,
    open_list,
)
from riskmodel.errors import CallError

if TYPE_CHECKING:
    from riskmodel.watchlist.facts import Facts

app = typer.Typer(
    no_args_is_help=True,
    help="The monitoring list: from a clue to an admission, to measures, to the end of the risk.",
)


def register(main: typer.Typer) -> None:
    """Attach the commands."""
    main.add_typer(app, name="list")


@app.command()
def update(
    run: Annotated[Path, typer.Argument(metavar="DIR", help="What `riskmodel score --out DIR` left.")],
    list_: ListOption = None,
    registry: Annotated[
        Path | None, typer.Option(help="The scored registry: then the policy record's triggers name households too.")
    ] = None,
    catalogue: Annotated[
        Path | None, typer.Option(help="Folder or file of features; by default the workspace's features/.")
    ] = None,
    on: OnOption = None,
    actor: ActorOption = "batch",
) -> None:
    """Take in a scoring run's flags, and with --registry what the triggers in force name.

    A household without an open spell gets one; one that has one keeps it, with the new clue. After a visit that found
    no risk, clues rest for a while. The same run twice changes nothing; an interrupted update leaves nothing behind.

    Example: riskmodel list update out/2025-01 --registry county/ --on 2025-01-03
    """
    from riskmodel.watchlist.updating import update_from_run, update_from_scoring

    day = day_of(on)
    with open_list(list_, create=True) as store:
        if registry is None:
            arrived = {"flags": update_from_run(store, run, on=day, now=now(), actor=actor)}
        else:
            from riskmodel.features import load_catalogue

            arrived = update_from_scoring(
                store, run, registry, on=day, now=now(), actor=actor, catalogue=load_catalogue(catalogue)
            )
        for name, one in arrived.items():
            typer.echo(f"{name}: {one}")
        typer.echo(f"-> {store.place}: log of {store.head.seq:,} entries, head {store.head.hash[:16]}")


@app.command()
def show(
    household: Annotated[str | None, typer.Argument(help="One household: its spells, clues, what is due.")] = None,
    list_: ListOption = None,
    township: TownshipOption = None,
    village: VillageOption = None,
    state: Annotated[list[str] | None, typer.Option(help="Only these states. Repeatable.")] = None,
    on: OnOption = None,
    lang: LangOption = Language.zh,
    most: Annotated[int, typer.Option("--most", min=1, help="The most to show.")] = 50,
) -> None:
    """Show the list, the most pressing first, or one household.

    Example: riskmodel list show --township 360981100 --lang en
    """
    with open_list(list_) as store:
        if household is not None:
            list_out.show_household(store, household, on=day_of(on), lang=lang.value)
        else:
            list_out.show_cases(
                store, township=township, village=village, states=state, on=day_of(on), lang=lang.value, most=most
            )


@app.command()
def act(
    household: Annotated[str, typer.Argument(help="The household's id.")],
    action: Annotated[str, typer.Argument(help="visit, authorise, compare, review, notice, ... (see docs/list.md)")],
    role: Annotated[str, typer.Option(help="For whom: village, township, county, department, household.")],
    actor: Annotated[str, typer.Option("--actor", help="The account that acts; never a person's name.")],
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="What the act carries: KEY=VALUE; several risk types with commas. Repeatable."),
    ] = None,
    fact: Annotated[
        list[str] | None, typer.Option("--fact", help="What is known of the household: KEY=NUMBER. Repeatable.")
    ] = None,
    place: Annotated[
        str | None, typer.Option(help="COUNTY/TOWNSHIP/VILLAGE codes, for the first clue of a household.")
    ] = None,
    registry: RegistryOption = None,
    list_: ListOption = None,
    on: OnOption = None,
) -> None:
    """Do one step for one household, if it may be done; else say every condition that fails.

    With --registry the facts (income, guarantees, who can work) are what it knew before the day; --fact adds what a
    visit saw, and wins.

    Example: riskmodel list act H0000017 visit --role village --actor v12 --set verdict=at_risk
    """
    from riskmodel.watchlist.act import Act
    from riskmodel.watchlist.carried import read_carried

    day = day_of(on)
    carried = {key: read_carried(key, text) for key, text in _pairs(set_, option="--set").items()}
    with open_list(list_, create=action == "clue") as store:
        facts = _facts(store.policy, registry, household, day, _pairs(fact, option="--fact"))
        with store.writing(now=now()) as writer:
            case = writer.must(household, Act(action, day, actor, role, carried), facts=facts, place=_place(place))
    typer.echo(f"{household}: {action} -> {case.state}")


@app.command()
def due(
    list_: ListOption = None,
    township: TownshipOption = None,
    village: VillageOption = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only what is late.")] = False,
    on: OnOption = None,
    lang: LangOption = Language.zh,
    to: Annotated[Path | None, typer.Option(help="A CSV file instead of the screen.")] = None,
) -> None:
    """Say what is due on which day, what is late first.

    Example: riskmodel list due --township 360981100 --overdue
    """
    with open_list(list_) as store:
        list_out.show_due(
            store, township=township, village=village, overdue=overdue, on=day_of(on), lang=lang.value, to=to
        )


@app.command()
def sample(
    run: Annotated[Path, typer.Argument(metavar="DIR", help="What `riskmodel score --out DIR` left.")],
    size: Annotated[int, typer.Option(help="How many unflagged households to visit as well.")],
    seed: Annotated[int, typer.Option(min=0, help="Another seed, other households.")],
    list_: ListOption = None,
    on: OnOption = None,
    actor: ActorOption = "batch",
) -> None:
    """Draw a small random sample of the unflagged and put it on the list: by its visits missed cases are estimated.

    Example: riskmodel list sample out/2025-01 --size 100 --seed 1
    """
    from riskmodel.watchlist.sampling import draw_sample

    day = day_of(on)
    with open_list(list_, create=True) as store:
        drawn = draw_sample(store, run, size=size, seed=seed, on=day, now=now(), actor=actor)
        typer.echo(f"{len(drawn):,} households drawn" if drawn else "this sample was drawn before, nothing changed")


@app.command()
def results(
    list_: ListOption = None,
    registry: Annotated[
        Path | None, typer.Option(help="A later registry: of runs whose year is over, how many flags came to need.")
    ] = None,
    catalogue: Annotated[
        Path | None, typer.Option(help="Folder or file of features; by default the workspace's features/.")
    ] = None,
    to: Annotated[Path | None, typer.Option(help="A .json file as well.")] = None,
    lang: LangOption = Language.zh,
) -> None:
    """Say what the list has taught: finds by source, what model and rules add, missed cases, days, alerts.

    What visits found is the precision now; with --registry that of flags whose year is over is told as well.

    Example: riskmodel list results --lang en
    """
    with open_list(list_) as store:
        later = [] if registry is None else list_out.realised_of(store, registry, catalogue)
        list_out.show_results(store, later, to=to, lang=lang.value)


@app.command("import-verdicts")
def import_verdicts(
    workbook: Annotated[Path, typer.Argument(help="A list.xlsx that was filled in during the visits.")],
    actor: Annotated[str, typer.Option("--actor", help="The account that enters them; never a person's name.")],
    role: Annotated[str, typer.Option(help="For whom.")] = "village",
    list_: ListOption = None,
    rejects: Annotated[
        Path | None, typer.Option(help="A CSV file for the rejected rows; by default beside the workbook.")
    ] = None,
) -> None:
    """Enter the verdicts of a filled-in list: each row is taken or rejected with its reason; nothing is lost.

    The same workbook may come twice. Exits with 1 when rows were rejected: mend them and import it again.

    Example: riskmodel list import-verdicts list.xlsx --actor township-3
    """
    from riskmodel.report.verdicts import read_workbook
    from riskmodel.watchlist.verdicts import Reject, Verdict, import_verdicts

    returned = read_workbook(workbook)
    wrong = [
        Reject(f"{row.sheet}, {row.row}", row.household_id, "表格填写有误", row.wrong)
        for row in returned.rows
        if row.wrong
    ]
    verdicts = [
        Verdict(f"{row.sheet}, {row.row}", row.household_id, row.verdict, row.visited_on, row.note)
        for row in returned.rows
        if not row.wrong and row.visited_on is not None
    ]
    with open_list(list_) as store:
        imported = import_verdicts(store, verdicts, run=returned.flags_sha256, now=now(), actor=actor, role=role)
    found = [*wrong, *imported.rejects]
    typer.echo(
        f"{imported.taken:,} verdicts taken, {imported.already:,} were there already, {len(found):,} rejected, "
        f"{returned.untouched:,} rows without a visit"
    )
    place = rejects if rejects is not None else workbook.with_suffix(".rejects.csv")
    list_out.write_rejects(found, place)
    if found:
        raise typer.Exit(1)


@app.command()
def notice(
    out: Annotated[Path, typer.Argument(help="The page to write (HTML).")],
    list_: ListOption = None,
    township: TownshipOption = None,
    village: VillageOption = None,
    leaving: Annotated[bool, typer.Option("--leaving", help="Of those who leave, instead of those who enter.")] = False,
    registry: RegistryOption = None,
    identity: Annotated[Path | None, typer.Option(help="The identity table, for the heads' names.")] = None,
    authorised_by: Annotated[str, typer.Option(help="Who answers for opening the identity table.")] = "",
    purpose: Annotated[str, typer.Option(help="What it is opened for.")] = "",
    on: OnOption = None,
    lang: LangOption = Language.zh,
) -> None:
    """Write the public notice of a village: who is shown, village, category, size, and nothing else.

    Without --identity households stand by their pseudonymous ids. With it (and --registry, which says who the head is)
    their heads' names stand there; the list keeps who opened the table, why, and for how many households.

    Example: riskmodel list notice notice.html --village 360981100201
    """
    with open_list(list_) as store:
        list_out.write_notice(
            store,
            out,
            township=township,
            village=village,
            leaving=leaving,
            registry=registry,
            identity=identity,
            authorised_by=authorised_by,
            purpose=purpose,
            on=day_of(on),
            now=now(),
            lang=lang.value,
        )


@app.command()
def export(
    out: Annotated[Path, typer.Argument(help="A .csv, .xlsx or .parquet file; with --registry-rows a folder.")],
    list_: ListOption = None,
    registry_rows: Annotated[
        bool,
        typer.Option("--registry-rows", help="What the list teaches: visit, listing and measure for the registry."),
    ] = False,
    onto: Annotated[
        Path | None, typer.Option(help="With --registry-rows: write a new registry, this one's rows and those.")
    ] = None,
    township: TownshipOption = None,
    village: VillageOption = None,
    on: OnOption = None,
    lang: LangOption = Language.zh,
) -> None:
    """Write the list's cases, or its visits, listings and measures as rows of the registry. Nothing personal.

    Example: riskmodel list export list.csv --township 360981100
    """
    with open_list(list_) as store:
        if onto is not None and not registry_rows:
            raise CallError("--onto goes with --registry-rows.")
        if registry_rows:
            counts = list_out.write_rows(store, out, onto=onto)
            typer.echo(", ".join(f"{count:,} rows of {name}" for name, count in counts.items()) + f" -> {out}")
            return
        list_out.export_cases(store, out, township=township, village=village, on=day_of(on), lang=lang.value)


@app.command()
def audit(
    household: Annotated[str | None, typer.Argument(help="Only this household.")] = None,
    list_: ListOption = None,
    to: Annotated[Path | None, typer.Option(help="A .jsonl file instead of the screen.")] = None,
) -> None:
    """Show the audit log: who did what, when, from which state to which, by which entries of the policy record.

    Example: riskmodel list audit H0000017
    """
    with open_list(list_) as store:
        list_out.show_log(store, household, to=to)


@app.command("verify-log")
def verify_log(
    list_: ListOption = None,
    expect: Annotated[str | None, typer.Option(help="A head noted earlier, SEQ:HASH: it must still be there.")] = None,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Make the cases anew from the log.")] = False,
) -> None:
    """Check every entry of the log against the one before, and that the list is what the log amounts to.

    Example: riskmodel list verify-log --expect 1204:9f2c...
    """
    from riskmodel.watchlist.log import Head

    expected = None
    if expect is not None:
        seq, colon, told = expect.partition(":")
        if not colon or not seq.isdigit():
            raise CallError(f'--expect is "{expect}"; expected SEQ:HASH, as `riskmodel list verify-log` prints it.')
        expected = Head(int(seq), told)
    with open_list(list_) as store:
        if rebuild:
            typer.echo(f"{store.rebuild():,} cases made anew from the log")
        head = store.verify(expected=expected)
    typer.echo(f"the log is whole: {head.seq:,} entries, head {head.seq}:{head.hash}")


def _pairs(texts: list[str] | None, *, option: str) -> dict[str, str]:
    found = {}
    for text in texts or []:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise CallError(f'{option} is "{text}"; expected KEY=VALUE.')
        found[key] = value
    return found


def _fact(key: str, text: str) -> Any:
    """Read a fact as it was typed: a type of household, yes or no, or a number."""
    if key == "household_type":
        return text
    if key == "already_compared":
        return text.lower() in ("true", "yes", "1")
    try:
        return float(text)
    except ValueError:
        raise CallError(f'--fact: {key} is "{text}"; expected a number.') from None


def _place(text: str | None) -> tuple[str, str, str] | None:
    if text is None:
        return None
    parts = text.split("/")
    if len(parts) != 3 or not all(parts):
        raise CallError(f'--place is "{text}"; expected COUNTY/TOWNSHIP/VILLAGE codes.')
    return parts[0], parts[1], parts[2]


def _facts(policy: Any, registry: Path | None, household: str, day: Any, told: dict[str, str]) -> Facts:
    from dataclasses import fields, replace

    from riskmodel.errors import did_you_mean
    from riskmodel.watchlist.facts import UNKNOWN, Facts

    facts = UNKNOWN
    if registry is not None:
        from riskmodel.registry import Registry
        from riskmodel.watchlist.looking_up import facts_of

        with Registry.open(registry) as opened:
            facts = facts_of(opened, [household], as_of=day, policy=policy).get(household, UNKNOWN)
    known = {one.name for one in fields(Facts)} - {"as_of"}
    for key in told:
        if key not in known:
            raise CallError(f'--fact: there is no fact "{key}".{did_you_mean(key, known)}')
    return replace(facts, **{key: _fact(key, text) for key, text in told.items()})
