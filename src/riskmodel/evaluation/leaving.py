"""What a training leaves: the bundle, and in the output folder the report, the card, figures and predictions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from riskmodel.evaluation.backtest import Predictions
from riskmodel.evaluation.card import card_html, expires_on, model_card
from riskmodel.evaluation.report import evaluation_html
from riskmodel.evaluation.results import Evaluation
from riskmodel.evaluation.splits_picture import splits_svg
from riskmodel.files import write_aside

if TYPE_CHECKING:
    from riskmodel.model import RiskClassifier
    from riskmodel.training.training_set import TrainingSet


def save(classifier: RiskClassifier, folder: Path, evaluation: Evaluation) -> None:
    """Write the bundle: the final model with everything that was found."""
    from riskmodel.model import save_bundle

    experiment, plan = evaluation.experiment, evaluation.plan
    save_bundle(
        classifier,
        folder,
        features=list(evaluation.features),
        metrics=evaluation.to_dict(),
        card=model_card(evaluation),
        card_html=card_html(evaluation),
        manifest={
            "name": experiment.name,
            "outcome": experiment.outcome,
            "outcome_zh": evaluation.outcome_words[0],
            "outcome_en": evaluation.outcome_words[1],
            "cohort": experiment.cohort.name,
            "cohort_without": list(experiment.cohort.without),
            "rule": evaluation.record["rule"],
            "cohort_definition": evaluation.record["cohort_definition"],
            "cohort_zh": evaluation.cohort_words[0],
            "cohort_en": evaluation.cohort_words[1],
            "horizon_months": plan.horizon.months,
            "seed": experiment.seed,
            "catalogue_hash": evaluation.record["catalogue_hash"],
            "policy": evaluation.record["policy"],
            "registry_fingerprint": evaluation.record.get("registry"),
            "training_cut": str(plan.cut_on),
            "expires": str(expires_on(evaluation)),
            "as_of": [str(day) for day in plan.training],
            "rows": evaluation.rows,
            "positives": evaluation.positives,
            "experiment_sha256": experiment.sha256,
        },
    )


def write_results(
    evaluation: Evaluation, predictions: dict[str, Predictions], *, rows: TrainingSet, out: Path
) -> list[Path]:
    """Write the report and what it is made of.

    ``predictions.parquet`` holds household ids: it stays in ``out`` and is not among the files returned.

    Returns
    -------
    list of Path
        Files that name no household: they may be logged.
    """
    content = {
        "evaluation.html": evaluation_html(evaluation),
        "metrics.json": json.dumps(evaluation.to_dict(), ensure_ascii=False, indent=1) + "\n",
        "card.md": model_card(evaluation),
        "card.html": card_html(evaluation),
        "flow.csv": evaluation.flow.to_csv(index=False),
        "splits.svg": splits_svg(evaluation.plan, lang="en"),
    }
    for name, body in content.items():
        with write_aside(out / name) as aside:
            aside.write_text(body, encoding="utf-8")
    with write_aside(out / "predictions.parquet") as aside:
        prediction_rows(predictions, rows).to_parquet(aside, index=False)
    return [out / name for name in content]


def prediction_rows(predictions: dict[str, Predictions], rows: TrainingSet) -> pd.DataFrame:
    """Return every prediction made while testing: household_id, as_of, mode, fold, outcome, a column a scorer."""
    parts = []
    for mode, asked in predictions.items():
        part = rows.frame.iloc[asked.rows][["household_id", "as_of"]].reset_index(drop=True)
        part["mode"], part["fold"], part["outcome"] = mode, asked.fold, asked.outcome
        parts.append(part.assign(**asked.scores))
    return pd.concat(parts, ignore_index=True)
