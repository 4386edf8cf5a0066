"""A model is scored with the features that it learned from, or not at all."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scored import County, listing

from riskmodel.errors import CallError, DataError
from riskmodel.features import Catalogue
from riskmodel.monitoring.cohort import trained_cohort


def changed(county: County, **features) -> County:
    """The county with another catalogue: each of ``features`` replaced, or gone where None."""
    kept = {**county.catalogue.features, **features}
    left = {name: spec for name, spec in kept.items() if spec is not None}
    return replace(county, catalogue=Catalogue(left, county.catalogue.outcomes, county.catalogue.cohorts))


def refused(county: County, out) -> str:
    with pytest.raises(CallError) as error:
        county.score(out)
    assert not out.exists() or not listing(out)
    return str(error.value)


def test_a_feature_that_is_gone_is_named_with_the_nearest_left(scored_county, tmp_path):
    told = refused(changed(scored_county, wage_income_pc_3m=None), tmp_path / "out")
    assert 'need, version 3, was trained with other features than the catalogue now has: "wage_income_pc_3m" is' in told
    assert 'is gone (Did you mean "wage_income_pc_12m"?). Score with the catalogue' in told
    assert "--catalogue FOLDER" in told


def test_a_feature_that_is_gone_without_a_like_is_only_named(scored_county, tmp_path):
    told = refused(changed(scored_county, head_age=None), tmp_path / "out")
    assert '"head_age" is gone. Score with' in told


def test_another_definition_under_the_same_name_is_told_with_both(scored_county, tmp_path):
    spec = scored_county.catalogue.features["members_disabled"]
    other = replace(spec, definition="0123456789abcdef", unit="count")
    told = refused(changed(scored_county, members_disabled=other), tmp_path / "out")
    assert '"members_disabled" has another ' in told
    assert "unit (was 'person', is 'count')" in told
    assert f"definition (was '{spec.definition}', is '0123456789abcdef')" in told


def test_a_cohort_that_is_gone_is_named_with_the_nearest_left(scored_county, tmp_path):
    told = refused(scored_county.with_bundle(tmp_path / "bundle", cohort="not_listd"), tmp_path / "out")
    assert 'learned from the cohort "not_listd", which the catalogue does not have. Did you mean "not_listed"?' in told
    assert "--catalogue FOLDER" in told


def test_a_cohort_whose_rules_changed_is_told_with_both(scored_county, tmp_path):
    now = scored_county.catalogue.cohort("at_risk")
    before = now.without("washout after elimination").definition
    other = scored_county.with_bundle(tmp_path / "bundle", cohort="at_risk", cohort_definition=before)
    told = refused(other, tmp_path / "out")
    assert (
        f'the cohort "at_risk", whose rules have changed since (definition was {before}, is {now.definition})' in told
    )


def test_a_cohort_is_the_one_that_was_trained_with_its_rules_switched_off(scored_county):
    off = "washout after elimination"
    now = scored_county.catalogue.cohort("at_risk").without(off)
    told = {"cohort": "at_risk", "cohort_without": [off], "cohort_definition": now.definition}
    assert trained_cohort(told, scored_county.catalogue, model="need") == now


def test_many_changes_are_counted_not_listed_without_end(scored_county, tmp_path):
    names = list(scored_county.catalogue.features)[:14]
    told = refused(changed(scored_county, **dict.fromkeys(names)), tmp_path / "out")
    assert "and 4 more" in told


def test_another_catalogue_altogether_is_said_so(scored_county, tmp_path):
    county = replace(scored_county, catalogue=Catalogue({}, {}, {}))
    assert "was trained with another catalogue: none of its 16 features" in refused(county, tmp_path / "out")


def test_features_that_the_model_does_not_use_may_change(scored_county, scored_run, tmp_path):
    spec = scored_county.catalogue.features["members_disabled"]
    more = changed(scored_county, one_more=replace(spec, name="one_more", en="one more"))
    told = more.score(tmp_path / "out")
    assert (tmp_path / "out" / "scores.parquet").read_bytes() == (scored_run / "scores.parquet").read_bytes()
    assert told["model"]["catalogue_hash"] == scored_county.catalogue.hash


@pytest.mark.parametrize(("key", "said"), [("zh", "its words in Chinese"), ("en", "its words in English")])
def test_a_bundle_whose_catalogue_lacks_a_language_is_refused_by_name(scored_county, tmp_path, key, said):
    rows = [dict(row) for row in scored_county.bundle.features]
    rows[3][key] = ""
    county = scored_county.with_bundle(tmp_path / "bundle", features=rows)
    with pytest.raises(DataError, match=rf'features\.json, "{rows[3]["name"]}": has no {key} \({said}\)'):
        county.score(tmp_path / "out")
    del rows[3][key]
    with pytest.raises(DataError, match=f"has no {key}"):
        scored_county.with_bundle(tmp_path / "other", features=rows).score(tmp_path / "out")
    assert not (tmp_path / "out").exists()
