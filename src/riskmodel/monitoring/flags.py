"""The files of a scored registry: their columns and types, and reading them back.

``scores.parquet`` has a row for everyone present at ``as_of``; ``flags.parquet`` one for every flagged household,
with its reasons, in the order of the queue; ``contributions.parquet`` the same households in the order of their ids,
with one column a feature, so that base_value plus all contributions can be compared with the margin for every flag;
``histories.parquet`` what a sheet draws of each.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from riskmodel.errors import DataError

_CODE = pa.string()

SCORES = pa.schema(
    [
        pa.field("household_id", pa.string(), nullable=False),
        pa.field("as_of", pa.date32(), nullable=False),
        pa.field("risk", pa.float64(), nullable=False),
        pa.field("margin", pa.float64(), nullable=False),
        # The place in the queue of households that may be flagged; missing for one on the list or outside the cohort.
        pa.field("rank", pa.int64()),
        pa.field("on_list", pa.bool_(), nullable=False),
        # Whether it belongs to those whom the model learned from and was tested on.
        pa.field("in_cohort", pa.bool_(), nullable=False),
        pa.field("county_code", _CODE),
        pa.field("township_code", _CODE),
        pa.field("village_code", _CODE),
    ]
)

REASON = pa.struct(
    [
        # The most telling feature of its idea; the idea's other features are in the contribution.
        pa.field("feature", pa.string()),
        pa.field("idea", pa.string()),
        pa.field("together", pa.list_(pa.string())),
        pa.field("risk_type", pa.string()),
        pa.field("value", pa.float64()),
        pa.field("contribution", pa.float64()),
        pa.field("village_median", pa.float64()),
        pa.field("year_ago", pa.float64()),
        # Whether the value lies outside what the model saw in training.
        pa.field("unseen", pa.bool_()),
        pa.field("zh", pa.string()),
        pa.field("en", pa.string()),
    ]
)

# What the model would say if a help were given: its arithmetic, not a promise.
WHAT_IF = pa.struct(
    [
        pa.field("lever", pa.string()),
        pa.field("risk", pa.float64()),
        pa.field("margin", pa.float64()),
        pa.field("zh", pa.string()),
        pa.field("en", pa.string()),
    ]
)

FLAGS = pa.schema(
    [
        pa.field("household_id", pa.string(), nullable=False),
        pa.field("as_of", pa.date32(), nullable=False),
        pa.field("risk", pa.float64(), nullable=False),
        pa.field("rank", pa.int64(), nullable=False),
        pa.field("flagged_by", pa.string(), nullable=False),
        pa.field("rules", pa.list_(pa.string()), nullable=False),
        pa.field("category", pa.string()),
        pa.field("base_value", pa.float64(), nullable=False),
        pa.field("margin", pa.float64(), nullable=False),
        pa.field("reasons", pa.list_(REASON), nullable=False),
        # All contributions beyond the listed reasons, in one number.
        pa.field("other_contributions", pa.float64(), nullable=False),
        pa.field("risk_types", pa.list_(pa.string()), nullable=False),
        pa.field("measures", pa.list_(pa.string()), nullable=False),
        pa.field("what_if", pa.list_(WHAT_IF), nullable=False),
        # The model's features whose values lie outside what it saw in training, and the share that is missing.
        pa.field("unseen", pa.list_(pa.string()), nullable=False),
        pa.field("missing_share", pa.float64(), nullable=False),
        pa.field("model", pa.string(), nullable=False),
        pa.field("model_version", pa.int64(), nullable=False),
        pa.field("catalogue_hash", pa.string(), nullable=False),
    ]
)


# Twelve rows a flag: its last three years by quarters counted back from as_of, money of the whole household.
HISTORIES = pa.schema(
    [
        pa.field("household_id", pa.string(), nullable=False),
        pa.field("quarter", pa.date32(), nullable=False),
        *(
            pa.field(name, pa.float64())
            for name in ("wage", "operating", "property", "transfer", "operating_cost", "claims", "medical_oop")
        ),
        pa.field("members", pa.float64()),
        # Yuan per person and year, in force when the quarter ends.
        pa.field("line", pa.float64()),
        pa.field("events", pa.list_(pa.string()), nullable=False),
    ]
)


def contributions_schema(features: list[str]) -> pa.Schema:
    """Return the schema of ``contributions.parquet`` for these features."""
    return pa.schema(
        [
            pa.field("household_id", pa.string(), nullable=False),
            pa.field("as_of", pa.date32(), nullable=False),
            pa.field("base_value", pa.float64(), nullable=False),
            pa.field("margin", pa.float64(), nullable=False),
            *(pa.field(name, pa.float64(), nullable=False) for name in features),
        ]
    )


def read_output(path: Path, schema: pa.Schema) -> pa.Table:
    """Read one of the files, or folders of parts, and check that it is what it should be.

    Raises
    ------
    DataError
        The file is missing, is not a whole Parquet file, or lacks a column.
    """
    if not path.exists():
        raise DataError(
            f"{path}: not there. It is made by `riskmodel score REGISTRY --as-of D --model NAME --out DIR`."
        )
    try:
        table = pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(
            f"{path}: not a whole Parquet file ({str(error).splitlines()[0]}). Run `riskmodel score` again."
        ) from error
    for field in schema:
        if field.name not in table.column_names:
            raise DataError(
                f'{path}: has no column "{field.name}": not a file of `riskmodel score`, or one that another version '
                "of it wrote. Run it again."
            )
    rows = table.select(schema.names)
    # Parts lie in the order of household_id; flags are read in the order of the queue.
    return rows.sort_by("rank") if path.is_dir() and schema is FLAGS else rows
