"""``riskmodel recalibrate``: set a model's risks right by later outcomes, as a new version."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from riskmodel.cli.options import parse_dates
from riskmodel.errors import CallError, did_you_mean

if TYPE_CHECKING:
    from riskmodel.evaluation.recalibration import Recalibration


def recalibrate(
    model: Annotated[str, typer.Argument(help="NAME@champion, or a version: NAME@3.")],
    registry: Annotated[Path, typer.Argument(help="The registry, grown since: later outcomes are known in it.")],
    as_of: Annotated[
        list[str],
        typer.Option(
            "--as-of", help="A date (YYYY-MM-DD) later than those that taught, its outcomes known. Repeatable."
        ),
    ],
    method: Annotated[
        str, typer.Option(help="auto, sigmoid (level and slope) or isotonic (a new curve, for 1,000 cases or more).")
    ] = "auto",
    models: Annotated[Path | None, typer.Option(help="The folder of models; by default the workspace's.")] = None,
    catalogue: Annotated[
        Path | None, typer.Option(help="Folder or file of features; by default the workspace's features/.")
    ] = None,
) -> None:
    """Set a model's risks right when they no longer come true as often as they say.

    Households of the model's cohort are asked at dates whose outcomes have become known since it was trained. Cases
    found are set against cases expected, a new map from margin to risk is learned, and judged on villages that taught
    it nothing. It is left as a new version with the same trees, curves and order of households; card and manifest say
    from which version it comes, and before and after. It becomes the champion only by "riskmodel promote".

    Example: riskmodel recalibrate fengcheng@champion county/ --as-of 2024-07-01 --as-of 2024-10-01
    """
    days = parse_dates(as_of)
    from riskmodel.evaluation.recalibration import METHODS, save_recalibrated
    from riskmodel.evaluation.recalibration import recalibrate as learn
    from riskmodel.evaluation.tracking import show_in_mlflow
    from riskmodel.features import load_catalogue
    from riskmodel.model import ModelStore, load_bundle
    from riskmodel.monitoring.cohort import trained_cohort
    from riskmodel.monitoring.matching import check_same_features, trained_specs
    from riskmodel.progress import step
    from riskmodel.registry import Registry
    from riskmodel.workspace import default_models, workspace_policy

    if method not in METHODS:
        raise CallError(f'--method is "{method}": expected {", ".join(METHODS)}.{did_you_mean(method, METHODS)}')
    store = ModelStore(models if models is not None else default_models())
    folder = store.resolve(model)
    name, reference = folder.parent.name, f"{folder.parent.name}@{folder.name}"
    bundle = load_bundle(folder)
    known, policy = load_catalogue(catalogue), workspace_policy()
    for key in ("outcome", "cohort"):
        if key not in bundle.manifest:
            raise CallError(
                f"{reference}: its manifest names no {key}, so nothing can be held against it. Train again."
            )
    check_same_features(trained_specs(bundle.features), known, model=reference)
    trained_cohort(bundle.manifest, known, model=reference)
    _check_figures(bundle.manifest.get("policy"), policy.digest, model=reference)
    with Registry.open(registry) as opened, step(f"Outcomes at {len(set(days))} dates"):
        found = learn(
            bundle,
            opened,
            model=reference,
            dates=days,
            catalogue=known,
            policy=policy,
            method=method,
            seed=int(bundle.manifest.get("seed") or 0),
        )
    version = store.add(name, lambda place: save_recalibrated(bundle, place, found, model=reference))
    untold = show_in_mlflow(store.root, name)
    for line in told(found, reference=reference):
        typer.echo(line)
    typer.echo(f"Bundle  {store.resolve(f'{name}@{version}')} ({name}@{version})")
    if untold:
        typer.echo(f"MLflow: {untold}", err=True)
    typer.echo(f"The champion stands as it was. To change it: riskmodel promote {name} {version} --who … --why …")


def told(found: Recalibration, *, reference: str) -> list[str]:
    """Return what the terminal says: before, after, and what to mind."""
    lines = []
    for label, one in (("before", found.before), ("after ", found.after)):
        ratio, error = one.ratio, one.error
        lines.append(
            f"{label}  {one.expected:,.1f} cases expected, {one.found:,} found among {one.rows:,}: "
            f"{ratio.value:.2f} times ({ratio.low:.2f}–{ratio.high:.2f}); calibration error {error.value:.4f} "
            f"({error.low:.4f}–{error.high:.4f})"
        )
    lines.append("“after” is measured on villages that taught the new map nothing.")
    lines.append(f"{reference} had drifted." if found.before.drifted else f"{reference} had not drifted by its rule.")
    if found.overlap_months:
        lines.append(
            f"warning: these outcomes overlap by {found.overlap_months} months in time with those that taught: "
            "households may be known to the trees, and the figures may flatter."
        )
    return lines


def _check_figures(trained_with: str | None, now: str, *, model: str) -> None:
    if trained_with is not None and trained_with != now:
        raise CallError(
            f"{model} was trained with the policy figures {trained_with}, the ones in force here are {now}: the "
            "outcome would not be the same one. Recalibrate in the workspace it was trained in, or train again."
        )


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command()(recalibrate)
