"""The people of the identity table are those of the registry and cannot be anybody."""

from __future__ import annotations

import stat
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskmodel.registry import write as registry_write
from riskmodel.simulation import county as simulated_county
from riskmodel.simulation import identity, simulate_registry
from riskmodel.simulation.identity import IDENTITY, place_of, write_identity
from riskmodel.simulation.names import OF_MEN, OF_WOMEN, SURNAMES
from riskmodel.simulation.unreal import Draw, Numbers

COUNTY = {"households": 400, "years": 2, "seed": 6, "until": date(2025, 1, 1)}


@pytest.fixture(scope="module")
def county(tmp_path_factory):
    out = tmp_path_factory.mktemp("identity") / "county"
    simulate_registry(out, **COUNTY, identity=True)
    return out


@pytest.fixture(scope="module")
def people(county) -> list[dict]:
    return pq.read_table(place_of(county) / IDENTITY).to_pylist()


def right_digit(seventeen: str) -> str:
    """The check digit by GB 11643-1999, digit by digit."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return "10X98765432"[sum(w * int(d) for w, d in zip(weights, seventeen, strict=True)) % 11]


def passes_luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def cannot_be_real(id_number: str) -> bool:
    return len(id_number) == 18 and id_number[:6] == "369901" and id_number[17] != right_digit(id_number[:17])


def test_the_oracles_know_what_is_real():
    """The standard's own example, and a card number that is in every textbook."""
    assert right_digit("11010519491231002") == "X"
    assert right_digit("44052418800101001") == "4"
    assert passes_luhn("79927398713") and not passes_luhn("79927398714")


def test_everybody_of_the_registry_is_there_once(county, people):
    members = pq.read_table(county / "member.parquet", columns=["household_id", "member_id"])
    known = {(row["household_id"], row["member_id"]) for row in members.to_pylist()}
    assert [(row["household_id"], row["member_id"]) for row in people] == sorted(known)


def test_no_id_number_is_anybodys_and_each_is_of_its_person(county, people):
    members = {row["member_id"]: row for row in pq.read_table(county / "member.parquet").to_pylist()}
    for row in people:
        number, member = row["id_number"], members[row["member_id"]]
        assert cannot_be_real(number), number
        assert number[6:14] == f"{member['birth_date']:%Y%m%d}"
        assert int(number[16]) % 2 == (member["sex"] == "male")
    assert len({row["id_number"] for row in people}) == len(people)


def test_phones_cannot_be_dialled_and_accounts_cannot_be_right(people):
    for row in people:
        assert len(row["phone"]) == 11 and row["phone"].isdigit() and row["phone"].startswith("000")
        account = row["account"]
        assert len(account) == 19 and account.isdigit() and account[0] == "0" and not passes_luhn(account)
    for name in ("phone", "account"):
        assert len({row[name] for row in people}) == len(people)


def test_names_are_of_the_stated_lists_and_run_in_the_house(county, people):
    """As they entered the registry: a widow who becomes head keeps her name."""
    rows = pq.read_table(county / "member.parquet").to_pylist()
    members = {row["member_id"]: row for row in reversed(rows)}
    lengths, houses, married = [], {}, []
    for row in people:
        member, name = members[row["member_id"]], row["name"]
        assert name[0] in SURNAMES
        assert set(name[1:]) <= set(OF_WOMEN if member["sex"] == "female" else OF_MEN)
        lengths.append(len(name))
        if member["relation"] in {"head", "son", "daughter", "grandchild"}:
            houses.setdefault(row["household_id"], set()).add(name[0])
        elif member["relation"] == "spouse":
            married.append((row["household_id"], name[0]))
    assert set(lengths) == {2, 3}
    assert 0.6 < np.mean(np.array(lengths) == 3) < 0.73
    assert all(len(surnames) == 1 for surnames in houses.values())
    assert np.mean([{surname} == houses.get(house) for house, surname in married]) < 0.1


@given(
    days=st.lists(st.tuples(st.integers(-30_000, 20_000), st.booleans()), min_size=1, max_size=60),
    seed=st.integers(0, 2**70),
    cut=st.integers(0, 60),
)
def test_whoever_is_born_gets_a_number_that_cannot_be(days, seed, cut):
    """In one batch or in two: the same numbers."""
    birth, female = np.array([d for d, _ in days]), np.array([f for _, f in days])
    whole = Numbers(Draw(seed)).id_numbers(birth=birth, female=female).to_pylist()
    for number, (day, woman) in zip(whole, days, strict=True):
        assert cannot_be_real(number)
        assert number[6:14] == f"{date(1970, 1, 1) + timedelta(days=day):%Y%m%d}"
        assert int(number[16]) % 2 != woman
    assert len(set(whole)) == len(whole)
    again = Numbers(Draw(seed))
    parts = [again.id_numbers(birth=birth[part], female=female[part]) for part in (slice(0, cut), slice(cut, None))]
    assert pa.concat_arrays(parts).to_pylist() == whole


@pytest.mark.parametrize(
    "until", [date(simulated_county.EARLIEST_YEAR + 1, 1, 1), date(simulated_county.LATEST_YEAR, 12, 31)]
)
def test_the_first_and_the_last_possible_cut_have_people_too(tmp_path, until):
    simulate_registry(tmp_path / "county", households=150, years=1, seed=1, until=until, identity=True)
    assert pq.read_metadata(place_of(tmp_path / "county") / IDENTITY).num_rows > 150


def test_whoever_is_born_on_the_last_possible_day_has_a_number():
    last = (date(simulated_county.LATEST_YEAR, 12, 31) - date(1970, 1, 1)).days
    numbers = Numbers(Draw(1)).id_numbers(birth=np.array([last, last]), female=np.array([True, False])).to_pylist()
    assert {number[6:14] for number in numbers} == {"20991231"}


def test_thousands_born_on_one_day_stay_apart():
    numbers = Numbers(Draw(1)).id_numbers(birth=np.full(5000, 10_000), female=np.ones(5000, dtype=bool)).to_pylist()
    assert len(set(numbers)) == 5000
    assert all(map(cannot_be_real, numbers))


@given(seed=st.integers(0, 2**70), counts=st.lists(st.integers(0, 50), max_size=4))
def test_phones_and_accounts_go_on_where_they_stopped(seed, counts):
    whole, parts = Numbers(Draw(seed)), Numbers(Draw(seed))
    together = whole.phones_and_accounts(sum(counts))
    apart = [parts.phones_and_accounts(count) for count in counts]
    for number, column in enumerate(together):
        assert [text for part in apart for text in part[number].to_pylist()] == column.to_pylist()
    phones, accounts = (column.to_pylist() for column in together)
    assert len(set(phones)) == len(phones) and len(set(accounts)) == len(accounts)
    assert all(phone.startswith("000") and len(phone) == 11 for phone in phones)
    assert not any(map(passes_luhn, accounts))


def test_the_registry_is_the_same_with_and_without(county, tmp_path):
    simulate_registry(tmp_path / "plain", **COUNTY)
    assert {path.name for path in county.iterdir()} == {path.name for path in (tmp_path / "plain").iterdir()}
    for file in county.iterdir():
        assert file.read_bytes() == (tmp_path / "plain" / file.name).read_bytes(), file.name
    assert [path.name for path in tmp_path.iterdir()] == ["plain"]


def test_only_the_owner_may_read_it(county):
    folder = place_of(county)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / IDENTITY).stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == [IDENTITY]


def test_the_same_whatever_the_slices(county, tmp_path, monkeypatch):
    """A registry of a million households is read a row group at a time; a household may lie across two."""
    monkeypatch.setattr(registry_write, "ROW_GROUP", 7)
    simulate_registry(tmp_path / "county", **COUNTY)
    assert pq.ParquetFile(tmp_path / "county" / "member.parquet").num_row_groups > 100
    assert write_identity(tmp_path / "county", tmp_path / "sliced", seed=6) > 1000
    sliced, whole = (pq.read_table(folder / IDENTITY) for folder in (tmp_path / "sliced", place_of(county)))
    assert sliced.equals(whole)


def test_another_seed_names_them_otherwise(county, people, tmp_path):
    write_identity(county, tmp_path / "other", seed=7)
    others = pq.read_table(tmp_path / "other" / IDENTITY).to_pylist()
    for column in ("name", "phone", "account"):
        assert np.mean([a[column] == b[column] for a, b in zip(people, others, strict=True)]) < 0.05


def test_a_dirty_registry_keeps_its_sound_people(county, people, tmp_path):
    simulate_registry(tmp_path / "dirty", **COUNTY, identity=True, dirty=0.1)
    assert pq.read_table(place_of(tmp_path / "dirty") / IDENTITY).to_pylist() == people


def test_what_fails_leaves_neither(tmp_path, monkeypatch):
    def fail(*args, **kwargs):
        raise OSError("no space left")

    monkeypatch.setattr(identity, "names", fail)
    with pytest.raises(OSError, match="no space"):
        simulate_registry(tmp_path / "county", **{**COUNTY, "households": 20}, identity=True)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("fails_at", ["county", "county.identity"])
def test_no_identity_lies_beside_a_registry_of_other_people(tmp_path, monkeypatch, snapshot, fails_at):
    out, small = tmp_path / "county", {**COUNTY, "households": 20}
    simulate_registry(out, **small, identity=True)
    before = snapshot(out)

    def failing(move):
        def moved(self: Path, target: Path) -> Path:
            if Path(target).name == fails_at and self.name.endswith(".partial"):
                raise OSError("the power went")
            return move(self, target)

        return moved

    with monkeypatch.context() as patched:
        for name in ("rename", "replace"):
            patched.setattr(Path, name, failing(getattr(Path, name)))
        with pytest.raises(OSError, match="the power went"):
            simulate_registry(out, **{**small, "seed": small["seed"] + 1}, identity=True)
    assert [entry.name for entry in tmp_path.iterdir()] == ["county"]
    assert (snapshot(out) == before) == (fails_at == "county")
