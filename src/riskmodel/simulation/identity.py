"""On request, who the people of a simulated county would be: names and numbers that cannot be anybody's.

``OUT.identity/identity.parquet`` lies beside the registry, never in it: what is copied, validated, scored or published
of the registry holds none of it, and nothing in this package but an authorised export may open it. Only its owner may
read it (mode 600, in a folder of mode 700). It is drawn apart from the county, so the tables are the same with and
without.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from riskmodel.errors import CallError
from riskmodel.files import remove
from riskmodel.simulation.names import names
from riskmodel.simulation.unreal import Draw, Numbers

IDENTITY = "identity.parquet"
COLUMNS = ("household_id", "member_id", "name", "id_number", "phone", "account")
SCHEMA = pa.schema(
    [pa.field(name, pa.string(), nullable=False) for name in COLUMNS],
    # By this a table of people who do not exist is told from one of people who do.
    metadata={b"riskmodel.identity": b"simulated: nobody's"},
)
_READ = ["household_id", "member_id", "sex", "birth_date", "relation"]
_MARRIED_IN = ("spouse", "daughter_in_law")


def place_of(registry: Path) -> Path:
    """Return the folder that the identity table of a registry lies in."""
    registry = Path(registry)
    return registry.parent / f"{registry.name}.identity"


def is_ours(folder: Path) -> bool:
    """Whether a folder holds an identity table of a simulated county and nothing else."""
    if not folder.is_dir() or [entry.name for entry in folder.iterdir()] != [IDENTITY]:
        return False
    try:
        found = pq.read_schema(folder / IDENTITY)
    except (OSError, pa.ArrowInvalid):
        return False
    return (found.metadata or {}).items() >= SCHEMA.metadata.items()


def check_room(registry: Path) -> None:
    """Refuse, before any work, to write where something else lies.

    Raises
    ------
    CallError
        The folder of the identity table is there and is not one that simulate wrote.
    """
    folder = place_of(registry)
    if os.path.lexists(folder) and not is_ours(folder):
        raise CallError(
            f"--identity: {folder} is there already and is not the identity table of a simulated county. Move it, or "
            "name another folder for the registry."
        )


def forget(registry: Path) -> None:
    """Take away the identity table of the county that stood here before: its people are not those of the new one."""
    folder = place_of(registry)
    if is_ours(folder):
        remove(folder)


def write_identity(registry: Path, folder: Path, *, seed: int) -> int:
    """Write the identity table of a registry's members into a new folder and give their number.

    Parameters
    ----------
    registry : Path
        As :class:`~riskmodel.registry.RegistryWriter` wrote it: its members are read a row group at a time.
    folder : Path
        Is made; nobody but the owner may look into it.
    seed : int
        The same members and seed give the same bytes.
    """
    folder.mkdir(mode=0o700)
    draw = Draw(seed)
    numbers, written = Numbers(draw), 0
    opened = os.open(folder / IDENTITY, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(opened, "wb") as file, pq.ParquetWriter(file, SCHEMA, compression="zstd") as writer:
        for people in _by_household(registry / "member.parquet"):
            rows = _identities(people, draw, numbers)
            writer.write_table(rows)
            written += rows.num_rows
    return written


def _by_household(members: Path) -> Iterator[pa.Table]:
    """Yield the members' rows in slices that hold households whole."""
    with pq.ParquetFile(members) as source:
        held = source.schema_arrow.empty_table().select(_READ)
        for group in range(source.num_row_groups):
            rows = pa.concat_tables([held, source.read_row_group(group, columns=_READ).select(_READ)])
            last = pc.equal(rows["household_id"].cast(pa.string()), str(rows["household_id"][-1]))
            held = rows.filter(last)
            yield rows.filter(pc.invert(last))
        yield held


def _identities(people: pa.Table, draw: Draw, numbers: Numbers) -> pa.Table:
    """Give one row a person, by household and member, as the first of the registry's rows has them."""
    person = _number(people["member_id"])
    person, first = np.unique(person, return_index=True)
    people = people.take(pa.array(first))
    household = _number(people["household_id"])
    female = _is(people["sex"], "female")
    own = np.logical_or.reduce([_is(people["relation"], word) for word in _MARRIED_IN])
    # Of the head's parents the mother married in, once.
    own |= _is(people["relation"], "parent") & female
    birth = people["birth_date"].cast(pa.int32()).to_numpy()
    phones, accounts = numbers.phones_and_accounts(len(person))
    columns = [
        people["household_id"].cast(pa.string()),
        people["member_id"].cast(pa.string()),
        names(draw, household=household, person=person, female=female, own=own),
        numbers.id_numbers(birth=birth, female=female),
        phones,
        accounts,
    ]
    return pa.table(columns, schema=SCHEMA)


def _number(identifiers: pa.ChunkedArray) -> np.ndarray:
    """Give the number in identifiers such as H0000012."""
    return pc.utf8_slice_codeunits(identifiers.cast(pa.string()), 1).cast(pa.int64()).to_numpy()


def _is(values: pa.ChunkedArray, word: str) -> np.ndarray:
    return pc.equal(values.cast(pa.string()), word).fill_null(False).to_numpy(zero_copy_only=False)
