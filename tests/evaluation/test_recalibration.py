"""A recalibrated version says what is true of later years, and asks households in the same order."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pandas as pd
import pytest

from riskmodel.errors import CallError, DataError
from riskmodel.evaluation.recalibration import recalibrate, save_recalibrated
from riskmodel.features import load_catalogue
from riskmodel.model import ModelStore, load_bundle, save_bundle
from riskmodel.model.bundle import OWN_KEYS
from riskmodel.registry import Registry

LATER = (date(2024, 7, 1), date(2025, 1, 1))


@pytest.fixture(scope="module")
def grown(county, tmp_path_factory):
    """The same county two years on."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(county, "MONTHS", county.MONTHS + 24)
        patch.setattr(county, "CUT", date(2026, 2, 1))
        return county.write_county(tmp_path_factory.mktemp("grown") / "county")


@pytest.fixture(scope="module")
def catalogue(workspace):
    return load_catalogue(workspace / "features.py")


@pytest.fixture(scope="module")
def bold(trained, tmp_path_factory):
    """The trained model with risks that all say too much."""
    bundle = load_bundle(trained.bundle)
    classifier = bundle.classifier
    classifier.calibrator_ = classifier.calibrator_.then(slope=1.4, shift=1.5)
    folder = tmp_path_factory.mktemp("bold") / "1"
    save_bundle(
        classifier,
        folder,
        features=bundle.features,
        metrics=bundle.metrics,
        card=bundle.card,
        card_html=(bundle.folder / "card.html").read_text(encoding="utf-8"),
        manifest={key: value for key, value in bundle.manifest.items() if key not in OWN_KEYS},
    )
    return load_bundle(folder)


def _recalibrated(bundle, grown, catalogue, *, dates=LATER, method="auto"):
    with Registry.open(grown) as registry:
        return recalibrate(bundle, registry, model="small@1", dates=dates, catalogue=catalogue, method=method, seed=1)


@pytest.fixture(scope="module")
def found(bold, grown, catalogue):
    return _recalibrated(bold, grown, catalogue)


def test_risks_that_said_too_much_are_set_right_on_villages_that_taught_nothing(found):
    assert found.before.drifted
    assert found.before.ratio.high < 1
    assert not found.after.drifted
    assert found.after.ratio.low < 1 < found.after.ratio.high
    assert found.after.error.value < 0.5 * found.before.error.value
    assert found.overlap_months == 0


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_expected_is_found_among_the_rows_that_taught_the_map(bold, grown, catalogue, method, monkeypatch):
    from riskmodel.evaluation import recalibration

    taught = []
    fit = recalibration._fit_map

    def watch(present, margin, y, *, method):
        made = fit(present, margin, y, method=method)
        taught.append((made, margin, y))
        return made

    monkeypatch.setattr(recalibration, "_fit_map", watch)
    found = _recalibrated(bold, grown, catalogue, method=method)
    made, margin, y = max(taught, key=lambda part: len(part[2]))
    assert made is found.calibrator
    assert made.risk(margin).sum() == pytest.approx(y.sum(), rel=1e-9)
    assert sum(len(part[2]) == len(y) for part in taught) == 1


def test_the_new_version_has_the_same_trees_order_and_curves_and_stands_beside_the_old(
    bold, found, grown, catalogue, tmp_path
):
    store = ModelStore(tmp_path)
    store.add("small", lambda place: _copy(bold, place))
    version = store.add("small", lambda place: save_recalibrated(bold, place, found, model="small@1"))
    old, new = (load_bundle(store.resolve(f"small@{v}")) for v in (1, 2))
    assert version == 2
    assert store.aliases("small") == {}
    changed = {name for name, digest in new.manifest["files"].items() if old.manifest["files"][name] != digest}
    assert changed == {"calibration.json", "metrics.json", "card.md", "card.html"}
    X = pd.DataFrame(np.random.default_rng(0).normal(8000, 3000, size=(400, len(new.names))), columns=new.names)
    before, after = old.classifier.predict_proba(X)[:, 1], new.classifier.predict_proba(X)[:, 1]
    assert (np.argsort(before, kind="stable") == np.argsort(after, kind="stable")).all()
    assert not (after == before).any()
    assert new.manifest["recalibrated_from"] == "small@1"
    told = new.manifest["recalibration"]
    assert told["as_of"] == ["2024-07-01", "2025-01-01"]
    assert told["registry_cut"] == "2026-02-01"
    for when in ("before", "after_on_other_villages"):
        assert told[when]["found_per_expected"]["low"] < told[when]["found_per_expected"]["high"]
    assert new.manifest["expires"] == "2027-02-01"
    for text in (new.card, (new.folder / "card.html").read_text(encoding="utf-8")):
        assert text.index("重新校准") < text.index("用途") < text.index("small@1 recalibrated")
    # The loaded model itself was not touched by writing another.
    assert bold.classifier.calibrator_.slope_above == old.classifier.calibrator_.slope_above


def _copy(bundle, place):
    import shutil

    shutil.copytree(bundle.folder, place)


def test_a_date_that_taught_the_map_is_refused_and_another_one_is_not(bold, found, grown, catalogue, tmp_path):
    save_recalibrated(bold, tmp_path / "2", found, model="small@0")
    set_right = load_bundle(tmp_path / "2")
    with pytest.raises(CallError, match=r"2025-01-01: the map of small@1 was learned[\s\S]*recalibrate small@0"):
        _recalibrated(set_right, grown, catalogue, dates=LATER[1:])
    again = _recalibrated(set_right, grown, catalogue, dates=[date(2024, 10, 1)])
    margin = np.linspace(-6, 6, 200)
    assert np.abs(found.calibrator.risk(margin) - again.calibrator.risk(margin)).max() < 0.1


def test_the_same_rows_and_seed_give_the_same_bytes(bold, grown, catalogue, tmp_path):
    for name in ("a", "b"):
        save_recalibrated(bold, tmp_path / name, _recalibrated(bold, grown, catalogue), model="small@1")
    a, b = (json.loads((tmp_path / name / "manifest.json").read_text()) for name in ("a", "b"))
    assert a["files"] == b["files"]


def test_a_date_whose_outcome_is_not_known_is_refused_with_the_day_from_which_it_is(bold, grown, catalogue):
    with pytest.raises(DataError, match="2025-07-01: its outcomes are known from 2026-07-31 on") as error:
        _recalibrated(bold, grown, catalogue, dates=[date(2025, 7, 1)])
    assert "The newest date that can be used is 2025-01-01" in str(error.value)


def test_a_date_that_taught_the_model_is_refused(bold, grown, catalogue):
    with pytest.raises(CallError, match="small@1 learned from dates up to 2023-01-01"):
        _recalibrated(bold, grown, catalogue, dates=[date(2023, 1, 1), *LATER])


def test_outcomes_that_overlap_those_that_taught_are_told(bold, grown, catalogue):
    assert _recalibrated(bold, grown, catalogue, dates=[date(2023, 4, 1)]).overlap_months == 9


def test_too_few_cases_are_refused(bold, county, catalogue, tmp_path):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(county, "MONTHS", county.MONTHS + 24)
        patch.setattr(county, "CUT", date(2026, 2, 1))
        tiny = county.write_county(tmp_path / "county", households=25)
    with pytest.raises(DataError, match=r"a map needs 20 of each kind or more\. Add dates with more --as-of"):
        _recalibrated(bold, tiny, catalogue, dates=LATER[:1])
