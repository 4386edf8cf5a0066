"""What a mapping file may say: the sources it reads and the registry tables it makes of them."""

from __future__ import annotations

import datetime as dt
import re
import string
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from riskmodel.errors import did_you_mean
from riskmodel.registry.importing.text import canonical

SEPARATORS = ",，、;；"


def _names(value: object) -> object:
    return [value] if isinstance(value, str | int | float | bool | dt.date) else value


def _scalar(value: object) -> object:
    if value is None or isinstance(value, str | int | float | bool | dt.date):
        return value
    raise ValueError("expected one value: text, a number, a date, true or false")


def _text(value: object) -> object:
    return canonical(value) if isinstance(value, str | int | float | bool | dt.date) else value


def _value_map(value: object) -> object:
    if value == "labels":
        return {}
    if isinstance(value, dict):
        return {canonical(key) or "": meant for key, meant in value.items()}
    raise ValueError('expected "labels", or a map of what stands in the file to what it means')


Scalar = Annotated[Any, BeforeValidator(_scalar)]
Text = Annotated[str, BeforeValidator(_text)]
Names = Annotated[list[Text], BeforeValidator(_names)]


class Strict(BaseModel):
    """A block of keys; one that it does not know is refused with the nearest that it does."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, given: object) -> object:
        if isinstance(given, dict):
            keys = [field.alias or name for name, field in cls.model_fields.items()]
            for key in given:
                if key not in keys:
                    hint = did_you_mean(str(key), keys)
                    raise PydanticCustomError("unknown_key", "{said}", {"said": f'has no key "{key}".{hint}'})
        return given


class Source(Strict):
    """An outside file, or several of one shape.

    Attributes
    ----------
    file : str, optional
        Its name in the SOURCE folder, with ``*`` for several. Left out where SOURCE is the file itself.
    format : str, optional
        ``csv``, ``workbook``, ``stata`` or ``parquet``; found from the file's ending.
    sheet : list of str
        Sheets of a workbook, ``*`` allowed; none named: the first.
    header_row : int
        The row, as the workbook counts, in which the headings stand.
    encoding, delimiter : str, optional
        Of a CSV file; found by themselves.
    missing : list of str
        What is written for "not known", besides nothing at all.
    fill_down : list of str
        Columns in which an empty cell means "as above" (merged cells).
    labels : bool
        Stata: take value labels instead of codes.
    """

    file: Text | None = None
    format: Literal["csv", "workbook", "stata", "parquet"] | None = None
    sheet: Names = Field(default_factory=list)
    header_row: int = Field(default=1, ge=1)
    encoding: str | None = None
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    missing: Names = Field(default_factory=list)
    fill_down: Names = Field(default_factory=list)
    labels: bool = False


class DateSpec(Strict):
    """How dates are written; shared by columns and ``known_on``."""

    format: Names = Field(default_factory=list)
    month: int | None = Field(default=None, ge=1, le=12)
    day: int | Literal["first", "last"] | None = None

    @model_validator(mode="after")
    def _day_of_a_month(self) -> Self:
        if isinstance(self.day, int) and not 1 <= self.day <= 31:
            raise ValueError(f"day is {self.day}, expected 1 to 31, first or last")
        return self


class ColumnSpec(DateSpec):
    """Where a registry column comes from, and how to read it. A bare text in the file means ``{from: text}``.

    Attributes
    ----------
    from_ : str, optional
        The outside heading (``from`` in the file).
    constant : scalar, optional
        The same value for every row.
    template : str, optional
        Outside headings, ``source``, ``file``, ``sheet`` and ``row`` in braces, put together to a text.
    values : dict
        What stands in the file -> what it means; codes also go by their labels in the code book.
    contains : list of str
        For a boolean: true when one of these is among the values of the cell.
    others : list of str
        With ``contains``: values that may stand in the cell too.
    separator : str
        The marks, each one character, between several values in a cell.
    extract : str, optional
        A regular expression whose one group is the part of the cell to read.
    unit, scale : str, float, optional
        The unit of the numbers, or what one of them is in the registry's unit.
    default : scalar, optional
        For an empty cell.
    hash : bool
        Keep a keyed pseudonym in place of the identifier.
    """

    from_: Text | None = Field(default=None, alias="from")
    constant: Scalar = None
    template: str | None = None
    values: Annotated[dict[str, Scalar] | None, BeforeValidator(_value_map)] = None
    contains: Names = Field(default_factory=list)
    others: Names = Field(default_factory=list)
    separator: str = SEPARATORS
    extract: str | None = None
    unit: str | None = None
    scale: float | None = None
    default: Scalar = None
    hash: bool = False

    @model_validator(mode="before")
    @classmethod
    def _bare_heading(cls, given: object) -> object:
        return {"from": given} if isinstance(given, str | int | float) and not isinstance(given, bool) else given

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        origins = [
            name
            for name in ("from", "constant", "template")
            if (name if name != "from" else "from_") in self.model_fields_set
        ]
        if len(origins) != 1:
            raise ValueError(f"gives {' and '.join(origins) or 'no origin'}, expected one of from, constant, template")
        if self.unit is not None and self.scale is not None:
            raise ValueError("gives unit and scale, expected one of them")
        if self.others and not self.contains:
            raise ValueError("gives others without contains")
        if self.extract is not None:
            _check_extract(self.extract)
        if self.template is not None:
            _check_template(self.template)
        return self

    @property
    def outside(self) -> list[str]:
        """The outside headings that this column reads."""
        if self.from_ is not None:
            return [self.from_]
        own = {"source", "file", "sheet", "row"}
        return [name for name in template_fields(self.template or "") if name not in own]


class KnownOn(DateSpec):
    """When the registry learned of a row: a column, a constant, or the row's own date plus days."""

    column: Text | None = None
    own_date_plus_days: int | None = Field(default=None, ge=0)
    constant: Scalar = None

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        given = sorted(self.model_fields_set & {"column", "own_date_plus_days", "constant"})
        if len(given) != 1:
            said = " and ".join(given) or "nothing"
            raise ValueError(f"gives {said}, expected one of column, own_date_plus_days, constant")
        return self


class Melt(Strict):
    """Wide to long: each of several outside columns becomes a row of its own.

    Attributes
    ----------
    columns : dict of str to scalar
        The outside columns -> the name each gives (a list: their own names).
    pattern : str, optional
        A regular expression that picks the columns; its named groups become columns to read from.
    all_but : list of str
        Every column of the file except these (and those that the block itself reads).
    names_to, values_to : str
        What the name and the value of each are called in ``columns`` of the block.
    """

    columns: Annotated[
        dict[str, Scalar], BeforeValidator(lambda v: {c: c for c in v} if isinstance(v, list) else v)
    ] = Field(default_factory=dict)
    pattern: str | None = None
    all_but: Names = Field(default_factory=list)
    names_to: str = "name"
    values_to: str = "value"

    @model_validator(mode="after")
    def _one_choice(self) -> Self:
        given = sorted(self.model_fields_set & {"columns", "pattern", "all_but"})
        if len(given) != 1:
            raise ValueError(f"gives {' and '.join(given) or 'nothing'}, expected one of columns, pattern, all_but")
        if self.pattern is not None:
            _compiled(self.pattern, "pattern")
        return self

    @property
    def made(self) -> list[str]:
        """The names that melting makes for ``columns`` of the block to read from."""
        groups = list(re.compile(self.pattern).groupindex) if self.pattern else []
        return [*dict.fromkeys([*groups, self.names_to, self.values_to])]


class Condition(Strict):
    """What a cell must be for its row to be taken. A bare value or list means ``{is: …}``."""

    is_: Names | None = Field(default=None, alias="is")
    is_not: Names | None = Field(default=None, alias="not")
    present: bool | None = None
    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None
    below: float | None = None

    @model_validator(mode="before")
    @classmethod
    def _bare_value(cls, given: object) -> object:
        return given if isinstance(given, dict) else {"is": given}


class Block(Strict):
    """One registry table made from one source."""

    table: str
    source: str | None = None
    name: str | None = None
    columns: dict[str, ColumnSpec]
    melt: Melt | None = None
    where: dict[str, Condition] = Field(default_factory=dict)
    known_on: KnownOn | None = None
    distinct: Literal[True, False, "first"] = False


class Mapping(Strict):
    """A mapping file."""

    description: str = ""
    cut_on: dt.date | None = None
    known_on: KnownOn | None = None
    secret_env: str = "RISKMODEL_ID_SECRET"
    secret_file: str | None = None
    sources: dict[str, Source]
    tables: list[Block] = Field(min_length=1)


def template_fields(template: str) -> list[str]:
    """Return the names in braces of a template, in order."""
    return [name for _, name, _, _ in string.Formatter().parse(template) if name is not None]


def _compiled(pattern: str, key: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ValueError(f'{key} is "{pattern}", not a regular expression: {error}') from None


def _check_extract(pattern: str) -> None:
    groups = _compiled(pattern, "extract").groups
    if groups != 1:
        raise ValueError(f'extract is "{pattern}" with {groups} groups, expected one pair of parentheses')


def _check_template(template: str) -> None:
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        raise ValueError(f'template is "{template}": {error}') from None
    for _, name, form, conversion in parts:
        if name == "" or form or conversion:
            raise ValueError(f'template is "{template}", expected plain headings in braces, such as {{户编号}}-{{row}}')
