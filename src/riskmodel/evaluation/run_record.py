"""What MLflow is told of a training, as plain data: settings, measures, pictures, data set; of no household."""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from riskmodel.evaluation.bootstrap import Estimate
from riskmodel.evaluation.compare import POOLED, Table
from riskmodel.evaluation.regret import ORACLE
from riskmodel.evaluation.results import Evaluation
from riskmodel.evaluation.run_note import not_ahead_of, run_note

_LONGEST_PARAMETER, _LONGEST_TAG = 6000, 5000
_PICTURE = re.compile(r"<svg.*?</svg>", flags=re.DOTALL)
_TITLE = re.compile(r"<title>(.*?)</title>", flags=re.DOTALL)
_ENGLISH = '<section lang="en">'
_REPORT = "evaluation.html"


def run_record(evaluation: Evaluation, *, files: list[Path], bundle: Path, reference: str) -> dict[str, Any]:
    """Return what is logged of a training.

    Parameters
    ----------
    files : list of Path
        Report, card and the like; the report's pictures are logged one by one besides.
    bundle : Path
        The bundle's folder, in the folder of its name in the folder of models.
    reference : str
        ``NAME@VERSION``.
    """
    metrics: dict[str, float] = {}
    for mode in evaluation.tables:
        prefix = "" if mode == evaluation.main_mode else f"{mode}/"
        found = table_metrics(evaluation.summary(mode)) | regret_metrics(evaluation, mode)
        metrics |= {prefix + name: value for name, value in found.items()}
    report = next((path for path in files if path.name == _REPORT), None)
    return {
        "experiment": evaluation.experiment.name,
        "name": reference,
        "params": {name: str(value)[:_LONGEST_PARAMETER] for name, value in _params(evaluation, bundle).items()},
        "tags": {name: str(value)[:_LONGEST_TAG] for name, value in _tags(evaluation, bundle, reference).items()},
        "note": run_note(evaluation, reference=reference),
        "metrics": metrics,
        "data": _data(evaluation),
        "children": _children(evaluation),
        "files": [str(path.resolve()) for path in files],
        "pictures": {} if report is None else pictures_of(report.read_text(encoding="utf-8")),
        "bundle": str(bundle.resolve()),
    }


def _params(evaluation: Evaluation, bundle: Path) -> dict[str, Any]:
    experiment, plan = evaluation.experiment, evaluation.plan
    fitted = json.loads((bundle / "linear.json").read_bytes()).get("classifier", {})
    chosen = {name: value for name, value in fitted.items() if type(value) in (int, float)}
    return {
        "outcome": experiment.outcome,
        "cohort": str(experiment.cohort),
        "horizon_months": plan.horizon.months,
        "gap_months": plan.gap_months,
        "mode": experiment.validation.mode,
        "holdout": f"{experiment.validation.holdout.by}, {experiment.validation.holdout.folds} folds",
        "origins": ", ".join(str(o.as_of) for o in plan.origins),
        "training_dates": ", ".join(map(str, plan.training)),
        "features": len(evaluation.features),
        "final_rows": evaluation.rows,
        "final_positives": evaluation.positives,
        "seed": experiment.seed,
        "bootstrap": f"{experiment.intervals.bootstrap} by {experiment.intervals.by}",
        **{f"model.{name}": value for name, value in experiment.model.items()},
        **{f"chosen.{name}": value for name, value in chosen.items()},
    }


def _tags(evaluation: Evaluation, bundle: Path, reference: str) -> dict[str, Any]:
    manifest = json.loads((bundle / "manifest.json").read_bytes())
    commit = manifest.get("git_commit")
    behind = not_ahead_of(evaluation)
    tags = {
        "bundle": reference,
        "not_ahead_of": ", ".join(behind) or "none",
        "experiment_sha256": evaluation.experiment.sha256,
        "catalogue_hash": evaluation.record.get("catalogue_hash", ""),
        "registry_fingerprint": evaluation.record.get("registry", ""),
        "registry_cut": evaluation.plan.cut_on,
        "policy": evaluation.record.get("policy", ""),
        "bundle_seal": manifest.get("seal", ""),
        **{f"version.{name}": version for name, version in manifest.get("versions", {}).items()},
        **({} if commit is None else {"mlflow.source.git.commit": commit}),
        "mlflow.source.type": "JOB",
        "mlflow.source.name": f"riskmodel train ({evaluation.experiment.name})",
    }
    if evaluation.regret is not None:
        tags["truth"] = _truth_tag(evaluation)
    return tags


def _truth_tag(evaluation: Evaluation) -> str:
    assert evaluation.regret is not None
    if not evaluation.regret.believable:
        return "NOT BELIEVABLE: every oracle/, regret/ and truth_ metric of this run is to be set aside"
    return "believable" if evaluation.regret.checked else "unchecked: it does not say which county it is of"


def _children(evaluation: Evaluation) -> list[dict[str, Any]]:
    return [
        {
            "name": f"{mode}: {table.name}",
            "params": {"mode": mode, "origin": table.name, "rows": table.rows, "positives": table.positives}
            | {"trained_rows": table.trained_rows, "trained_positives": table.trained_positives},
            "tags": {"origin": table.name, "mode": mode}
            | ({} if evaluation.regret is None else {"truth": _truth_tag(evaluation)}),
            "metrics": table_metrics(table) | regret_metrics(evaluation, mode, origin=table.origin),
        }
        for mode, tables in evaluation.tables.items()
        for table in tables
        if table.origin != POOLED
    ]


def _data(evaluation: Evaluation) -> dict[str, Any]:
    """The data set: which registry, cut when, which dates, how many rows; its columns by name."""
    record, plan = evaluation.record, evaluation.plan
    flow = [{key: str(value) for key, value in row.items()} for row in evaluation.flow.to_dict(orient="records")]
    return {
        "name": f"{evaluation.experiment.name}: households at {len(plan.training)} dates",
        "digest": str(record.get("registry", "")),
        "source": {
            "registry_fingerprint": record.get("registry"),
            "registry_cut": str(plan.cut_on),
            "catalogue_hash": record.get("catalogue_hash"),
            "policy": record.get("policy"),
            "outcome": evaluation.experiment.outcome,
            "cohort": str(evaluation.experiment.cohort),
        },
        "columns": [str(feature["name"]) for feature in evaluation.features],
        "profile": {
            "rows": evaluation.rows,
            "positives": evaluation.positives,
            "as_of": [str(day) for day in plan.training],
            "flow": flow,
        },
    }


def pictures_of(page: str) -> dict[str, str]:
    """Return the pictures of a report's English half, each as a file of its own named after its title."""
    english = page.partition(_ENGLISH)[2]
    out: dict[str, str] = {}
    for number, drawn in enumerate(_PICTURE.findall(english), start=1):
        title = _TITLE.search(drawn)
        said = html.unescape(title.group(1)).lower().replace("'s ", "s ") if title else ""
        words = re.sub(r"[^a-z0-9]+", "_", said)[:60].strip("_")
        out[f"{number:02d}_{words or 'picture'}.svg"] = drawn
    return out


def table_metrics(table: Table) -> dict[str, float]:
    """Return a table as metrics: the model's under their own names, a baseline's as ``rule/auc``; ends as ``_low``."""
    return {
        f"{'' if scorer == 'model' else f'{scorer}/'}{name}": value
        for scorer, by_measure in table.estimates.items()
        for name, value in _with_ends(by_measure)
    }


def regret_metrics(evaluation: Evaluation, mode: str, *, origin: date | str | None = POOLED) -> dict[str, float]:
    """Return the distance to the best possible as metrics; none where no truth is known.

    Parameters
    ----------
    origin : date or None
        The table's; the last one (pooled over the origins whose truth is known) when left out.

    Returns
    -------
    dict
        ``oracle/auc``; ``regret/auc`` and ``truth_slope`` of the model, ``rule/regret/auc`` of a baseline.
    """
    tables = [] if evaluation.regret is None else evaluation.regret.tables.get(mode, [])
    chosen = tables[-1:] if origin == POOLED else [table for table in tables if table.origin == origin]
    out: dict[str, float] = {}
    for table in chosen:
        out |= {f"{ORACLE}/{name}": value for name, value in _with_ends(table.estimates[ORACLE])}
        for scorer in table.regrets:
            prefix = "" if scorer == "model" else f"{scorer}/"
            out |= {f"{prefix}regret/{name}": value for name, value in _with_ends(table.regrets[scorer])}
            out |= {f"{prefix}{name}": value for name, value in _with_ends(table.distances.get(scorer, {}))}
    return out


def _with_ends(by_measure: Mapping[str, Estimate]) -> Iterator[tuple[str, float]]:
    for measure, estimate in by_measure.items():
        for ending, value in (("", estimate.value), ("_low", estimate.low), ("_high", estimate.high)):
            if not math.isnan(value):
                yield f"{measure}{ending}", float(value)
