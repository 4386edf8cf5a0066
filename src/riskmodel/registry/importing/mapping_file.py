"""Read a mapping file, and say of each mistake where it stands and what was expected."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from riskmodel.errors import CallError, did_you_mean
from riskmodel.registry.importing.columns import cell_reader
from riskmodel.registry.importing.mapping import Block, ColumnSpec, Mapping
from riskmodel.registry.importing.units import unit_scale
from riskmodel.registry.schema import TABLES, Column, Table

_SHOWN_MISTAKES = 5
_IDENTITY = re.compile(r"姓名|身份证|证件号|手机号|联系电话|电话号码|银行卡|银行账号|开户行?账", re.IGNORECASE)
_DATES = ("date", "month")
_NUMBERS = ("number", "money", "integer")
_CLOCKS = {"known_on": "the block's known_on", "known_until": "nothing: it is worked out when the registry is written"}


def load_mapping(path: Path) -> Mapping:
    """Return the mapping in the YAML file ``path``, checked against the registry's schema.

    Raises
    ------
    CallError
        The file is missing, is not YAML, or says what a mapping cannot; the message names the key, what was given,
        what was expected and the nearest spelling.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        beside = [p.name for p in path.parent.glob("*.y*ml")] if path.parent.is_dir() else []
        raise CallError(f"{path}: there is no such mapping file.{did_you_mean(path.name, beside)}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise CallError(f"{path}: cannot be read as a mapping (UTF-8 YAML): {error}") from None
    try:
        given = yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise CallError(f"{path}: not valid YAML: {_yaml_place(error)}") from None
    if not isinstance(given, dict):
        raise CallError(f"{path}: expected a block of keys: sources, tables.")
    try:
        mapping = Mapping.model_validate(given)
    except ValidationError as error:
        raise CallError(_told(path, [_mistake(entry) for entry in error.errors()])) from None
    mistakes = check_against_schema(mapping)
    if mistakes:
        raise CallError(_told(path, mistakes))
    return mapping


def check_against_schema(mapping: Mapping) -> list[str]:
    """Return what ``mapping`` says that the registry's schema does not allow, each as ``key.path problem``."""
    found: list[str] = []
    for number, block in enumerate(mapping.tables):
        place = f"tables[{number}]"
        if block.table not in TABLES:
            found.append(f'{place}.table is "{block.table}", not a registry table.{did_you_mean(block.table, TABLES)}')
            continue
        if block.source is None and len(mapping.sources) > 1:
            found.append(f"{place} lacks source: one of {', '.join(mapping.sources)}.")
        elif block.source is not None and block.source not in mapping.sources:
            hint = did_you_mean(block.source, mapping.sources)
            found.append(f'{place}.source is "{block.source}", not one of sources.{hint}')
        found += _check_block(place, block, TABLES[block.table], mapping)
    return found


def _check_block(place: str, block: Block, table: Table, mapping: Mapping) -> list[str]:
    found: list[str] = []
    columns = {c.name: c for c in table.columns if c.name not in _CLOCKS}
    for name, spec in block.columns.items():
        at = f"{place}.columns.{name}"
        if name in _CLOCKS:
            found.append(f"{at} cannot be mapped here, expected {_CLOCKS[name]}.")
        elif name not in columns:
            found.append(f"{at}: table {table.name} has no such column.{did_you_mean(name, columns)}")
        else:
            found += [f"{at}{said}" for said in _check_column(columns[name], spec)]
    given_by_default = {"record_id"}
    absent = [c.name for c in columns.values() if c.required and c.name not in block.columns]
    absent = [name for name in absent if name not in given_by_default]
    if absent:
        found.append(f"{place}.columns lacks {', '.join(absent)}, which table {table.name} requires.")
    known_on = block.known_on or mapping.known_on
    if known_on is None:
        found.append(f"{place} lacks known_on: {{column: …}}, {{own_date_plus_days: …}} or {{constant: …}}.")
    elif known_on.own_date_plus_days is not None and table.name == "member":
        found.append(
            f"{place}.known_on is own_date_plus_days, but a member's own date is the birth date: give a column."
        )
    return found


def _check_column(column: Column, spec: ColumnSpec) -> list[str]:
    found: list[str] = []

    def only_for(key: str, kinds: tuple[str, ...], words: str) -> None:
        if key in spec.model_fields_set and column.kind not in kinds:
            found.append(f".{key} is for {words}; {column.name} is {column.kind}.")

    only_for("unit", _NUMBERS, "numbers")
    only_for("scale", _NUMBERS, "numbers")
    only_for("format", _DATES, "dates")
    only_for("month", _DATES, "dates")
    only_for("day", _DATES, "dates")
    only_for("contains", ("boolean",), "booleans")
    only_for("hash", ("id", "text"), "identifiers")
    if spec.values == {} and column.kind not in ("code", "codes"):
        found.append(f'.values is "labels", which is for codes; {column.name} is {column.kind}: give a map.')
    if spec.unit is not None and column.kind in _NUMBERS:
        try:
            unit_scale(spec.unit, into=column.unit)
        except ValueError as error:
            found.append(f'.unit is "{spec.unit}", expected {error}')
    found += _check_values(column, spec)
    if not spec.hash:
        found += [
            f' reads "{name}", which looks like a name, an ID number, a phone or an account: the registry holds none. '
            "Leave it out, or add hash: true."
            for name in spec.outside
            if _IDENTITY.search(name)
        ]
    return found


def _check_values(column: Column, spec: ColumnSpec) -> list[str]:
    """Read the values that the mapping itself gives: a code misspelt here would set every row aside."""
    found: list[str] = []
    bare = spec.model_copy(update={"values": None, "contains": [], "extract": None, "hash": False})
    read = cell_reader(column, bare, known=())
    given = {"constant": spec.constant, "default": spec.default}
    given |= {f"values.{key}": meant for key, meant in (spec.values or {}).items()}
    for key, value in given.items():
        if value is not None:
            try:
                read(value)
            except ValueError as error:
                found.append(f".{key} is {_shown(value)}, expected {error}")
    return found


class _Loader(yaml.SafeLoader):
    """YAML in which a key cannot stand twice, and ``yes``, ``no``, ``on`` and ``off`` are texts."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, list | dict):
                raise yaml.constructor.ConstructorError(None, None, "a key must be one value", key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f'"{key}" stands twice', key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


# YAML 1.1 reads a bare yes, no, on or off as a boolean; as answers in a value map they are texts.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in pairs if tag != "tag:yaml.org,2002:bool"]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)


def _yaml_place(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}." if mark else f"{problem}."


def _told(path: Path, mistakes: list[str]) -> str:
    first = [f"{path}: {said}" for said in mistakes[:_SHOWN_MISTAKES]]
    more = len(mistakes) - _SHOWN_MISTAKES
    return "\n".join(first) + (f"\n({more} more)" if more > 0 else "")


_EXPECTED = {
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "float_type": "a number",
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "string_type": "text",
    "list_type": "a list",
    "dict_type": "a block of keys",
    "model_type": "a block of keys",
    "date_from_datetime_parsing": "a date such as 2024-01-31",
    "date_parsing": "a date such as 2024-01-31",
    "date_type": "a date such as 2024-01-31",
}


def _mistake(entry: Any) -> str:
    place = _place(entry["loc"])
    kind = entry["type"]
    if kind == "missing":
        return f"{place} is missing."
    if kind == "unknown_key":
        return f"{place or 'the file'} {entry['msg']}"
    if kind == "value_error":
        said = str(entry["ctx"]["error"])
        given = f" is {_shown(entry['input'])}, " if said.startswith("expected ") else " "
        return f"{place or 'the file'}{given}{said}."
    expected = _EXPECTED.get(kind) or entry["msg"][:1].lower() + entry["msg"][1:].replace("Input should be ", "")
    expected = expected.removeprefix("input should be ")
    return f"{place} is {_shown(entry['input'])}, expected {expected}."


def _place(loc: tuple[str | int, ...]) -> str:
    path = ""
    for part in loc:
        if isinstance(part, int):
            path += f"[{part}]"
        elif not re.match(r"^(literal|function|int|float|str|bool|date)(\[|-|$)", part):
            path += f".{part}" if path else part
    return path


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=lambda v: v.isoformat() if isinstance(v, dt.date) else str(v))
    return text if len(text) <= 80 else text[:77] + "…"
