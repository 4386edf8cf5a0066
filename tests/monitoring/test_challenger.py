"""A challenger is scored beside the champion: its risks and the overlap of the lists are told, no flag changes."""

from __future__ import annotations

import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest

from riskmodel.errors import CallError
from riskmodel.features import load_catalogue
from riskmodel.model import ModelStore, RiskClassifier, load_bundle, save_bundle
from riskmodel.monitoring.capacity import Capacity
from riskmodel.monitoring.challenger import Challenger, challenger_of


@pytest.fixture(scope="module")
def challenger(scored_county, tmp_path_factory):
    """Learnt from other features, one of which the champion does not know."""
    from scored import ROOT

    whole = load_catalogue(ROOT / "features")
    names = ["members", "net_income_pc_12m", "members_chronic"]
    X = scored_county.features()[["members", "net_income_pc_12m"]].assign(members_chronic=0.0)
    X["members_chronic"] = np.arange(len(X)) % 3
    y = X["net_income_pc_12m"].rank(pct=True) + 0.2 * X["members_chronic"] < 0.4
    folder = tmp_path_factory.mktemp("challenger") / "2"
    save_bundle(
        RiskClassifier(rounds=10, folds=2).fit(X[names], y.astype(int)),
        folder,
        features=[whole.features[name].to_dict() for name in names],
        metrics={},
        card="# need\n",
        manifest={"horizon_months": 12},
    )
    return Challenger("need", 2, load_bundle(folder))


@pytest.fixture(scope="module")
def both(scored_county, challenger, tmp_path_factory):
    """What one scoring left with a challenger, and what its record says."""
    from scored import ROOT

    out = tmp_path_factory.mktemp("both") / "run"
    return out, scored_county.score(
        out, challenger=challenger, catalogue=load_catalogue(ROOT / "features"), slice_rows=150
    )


def test_flags_and_contributions_are_those_of_the_champion_alone(scored_county, both, tmp_path):
    from scored import ROOT

    alone = scored_county.score(tmp_path / "alone", catalogue=load_catalogue(ROOT / "features"), slice_rows=150)
    assert "challenger" not in alone
    for name in ("flags.parquet", "contributions.parquet"):
        assert (both[0] / name).read_bytes() == (tmp_path / "alone" / name).read_bytes()
    scores = pq.read_table(both[0] / "scores.parquet")
    assert scores.drop_columns("challenger_risk").equals(pq.read_table(tmp_path / "alone" / "scores.parquet"))


def test_everyone_has_the_challengers_calibrated_risk(scored_county, challenger, both):
    from scored import AS_OF, ROOT

    from riskmodel import Registry, build_features
    from riskmodel.policy import default_policy

    catalogue = load_catalogue(ROOT / "features").only(challenger.bundle.names)
    with Registry.open(scored_county.registry) as opened:
        rows = build_features(opened, as_of=AS_OF, catalogue=catalogue, policy=default_policy())
    risk = challenger.bundle.classifier.predict_proba(rows[challenger.bundle.names])[:, 1]
    scores = pq.read_table(both[0] / "scores.parquet").to_pandas().set_index("household_id")
    assert scores.loc[rows["household_id"], "challenger_risk"].tolist() == risk.tolist()


def test_the_record_tells_overlap_and_expected_cases(both):
    out, told = both
    beside = told["challenger"]
    scores = pq.read_table(out / "scores.parquet").to_pandas()
    queue = scores[scores["in_cohort"] & ~scores["on_list"]]
    places = Capacity.parse("5%").households(len(queue))
    flags = pq.read_table(out / "flags.parquet").to_pandas()
    mine = set(flags.loc[flags["flagged_by"] != "rule", "household_id"])
    least = queue["challenger_risk"].nlargest(places).min()
    surely = set(queue.loc[queue["challenger_risk"] > least, "household_id"])
    perhaps = set(queue.loc[queue["challenger_risk"] >= least, "household_id"])
    assert (beside["name"], beside["version"], beside["places"]) == ("need", 2, places)
    assert len(mine & surely) <= beside["on_both_lists"] <= len(mine & perhaps)
    assert beside["overlap"] == beside["on_both_lists"] / places
    expected = beside["expected_cases"]
    theirs = queue["challenger_risk"].nlargest(places).sum()
    assert expected["challenger"]["by_challenger"] == pytest.approx(theirs)
    assert expected["champion"]["by_champion"] == pytest.approx(queue["risk"].nlargest(places).sum())
    assert expected["champion"]["by_challenger"] <= theirs
    assert told["inputs"]["challenger"] == "need@2"


def test_a_run_with_another_challenger_is_not_resumed(scored_county, both):
    with pytest.raises(CallError, match="challenger was need@2, is None"):
        scored_county.score(both[0], resume=True, slice_rows=150)


@pytest.fixture
def store(scored_county, challenger, tmp_path):
    store = ModelStore(tmp_path / "models")
    for folder in (scored_county.bundle.folder, challenger.bundle.folder):
        store.add("need", lambda place, folder=folder: shutil.copytree(folder, place))
    store.promote("need", 1, who="Li", why="first")
    return store


def _asked(store, asked, scored_county, catalogue):
    return challenger_of(
        store, asked, model=store.resolve("need@1"), champion=scored_county.bundle, catalogue=catalogue
    )


def test_the_challenger_is_the_alias_unless_another_or_none_is_named(store, scored_county):
    from scored import ROOT

    catalogue = load_catalogue(ROOT / "features")
    assert _asked(store, "auto", scored_county, catalogue) is None
    assert _asked(store, "need@2", scored_county, catalogue).model_version == 2
    store.promote("need", 2, who="Li", why="to be compared", alias="challenger")
    assert _asked(store, "auto", scored_county, catalogue).model_version == 2
    assert _asked(store, "none", scored_county, catalogue) is None
    with pytest.raises(CallError, match="which flags"):
        _asked(store, "need@champion", scored_county, catalogue)


def test_one_that_cannot_be_compared_is_an_error_when_named_and_a_warning_when_not(store, scored_county, caplog):
    store.promote("need", 2, who="Li", why="to be compared", alias="challenger")
    with pytest.raises(CallError, match='"members_chronic" is gone'):
        _asked(store, "need@2", scored_county, scored_county.catalogue)
    assert _asked(store, "auto", scored_county, scored_county.catalogue) is None
    assert '"members_chronic" is gone' in caplog.text


def test_models_of_different_horizons_are_not_compared(scored_county, challenger, tmp_path):
    from scored import ROOT

    other = scored_county.with_bundle(tmp_path / "other", horizon_months=6)
    with pytest.raises(CallError, match="horizon_months 12, need, version 3, for 6"):
        other.score(tmp_path / "out", challenger=challenger, catalogue=load_catalogue(ROOT / "features"))
