"""Reading a YAML file of settings, and saying what is wrong with it in terms of the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from riskmodel.errors import CallError, did_you_mean

_TAGS = {"dates", "grid", "number", "figure", "one", "several"}

# What pydantic found wanting -> what was expected, in words.
_EXPECTED = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "string_type": "text",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "date_type": "a date such as 2024-01-01",
    "date_parsing": "a date such as 2024-01-01",
    "date_from_datetime_parsing": "a date such as 2024-01-01",
    "date_from_datetime_inexact": "a date without a time of day",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "names with values",
    "model_type": "names with values",
    "path_type": "a path",
}


class _Loader(yaml.SafeLoader):
    """Refuses a key that is written twice: the second would silently win."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in seen:
            raise yaml.constructor.ConstructorError(None, None, f'"{key}" is written twice', key_node.start_mark)
        seen.add(key)
    return loader.construct_mapping(node, deep=True)


# A date stays text here, so that an impossible one (2024-13-01) is reported by its key like any other fault.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file that holds names with values.

    Raises
    ------
    CallError
        If there is no such file, or it is not YAML (naming the line), or it holds something else.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        beside = [p.name for p in path.parent.glob("*.y*ml")] if path.parent.is_dir() else []
        raise CallError(f"{path}: there is no such file.{did_you_mean(path.name, beside)}") from None
    except IsADirectoryError:
        raise CallError(f"{path} is a folder, expected a YAML file.") from None
    except UnicodeDecodeError as error:
        raise CallError(f"{path} is not UTF-8 text (byte {error.start}).") from None
    try:
        content = yaml.load(text, Loader=_Loader)  # a SafeLoader: plain values only
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise CallError(f"{path}{place}: {error.problem or 'this is not YAML'}.") from None
    except yaml.YAMLError as error:
        raise CallError(f"{path}: this is not YAML: {error}") from None
    if not isinstance(content, dict):
        raise CallError(f"{path}: expected names with values, found {_show(content)}.")
    return content


def explain_errors(error: ValidationError, *, model: type[BaseModel], path: Path, content: dict[str, Any]) -> str:
    """Return one line for every fault: file, key, what was given, what was expected, the nearest name."""
    lines = []
    for fault in error.errors(include_url=False):
        loc = [part for part in fault["loc"] if part not in _TAGS]
        key = _key(loc)
        kind = fault["type"]
        if kind == "extra_forbidden":
            fields = _fields_at(model, loc[:-1])
            lines.append(f"{key} is not a key here.{did_you_mean(str(loc[-1]), fields)}")
        elif kind == "missing":
            lines.append(f"{key} is missing.")
        elif kind == "value_error":
            what = str(fault["ctx"]["error"])
            lines.append(_sentence(f"{key} {what}"))
        else:
            lines.append(_sentence(f"{key} is {_show(fault['input'])}, expected {_expected(kind, fault)}"))
    if len(lines) == 1:
        return f"{path}: {lines[0]}"
    return f"{path}: {len(lines)} things are wrong:\n" + "\n".join(f"- {line}" for line in lines)


def _sentence(words: str) -> str:
    """Close with a full stop what is not closed already."""
    return words if words.endswith((".", "?")) else f"{words}."


def _expected(kind: str, fault: Any) -> str:
    bounds = {
        "greater_than_equal": ("ge", "{} or more"),
        "greater_than": ("gt", "more than {}"),
        "less_than_equal": ("le", "{} or less"),
        "less_than": ("lt", "less than {}"),
    }
    if kind in bounds:
        name, words = bounds[kind]
        return words.format(f"{fault['ctx'][name]:g}")
    if kind == "literal_error":
        hint = did_you_mean(str(fault["input"]), _literals(fault["ctx"]["expected"]))
        return f"{fault['ctx']['expected']}.{hint}".rstrip(".")
    if kind == "string_pattern_mismatch":
        return "letters, digits, _ . - (64 at most, beginning with a letter or digit)"
    return _EXPECTED.get(kind) or fault["msg"].removeprefix("Input should be ")


def _literals(expected: str) -> list[str]:
    return [part.strip().strip("'") for part in expected.replace(" or ", ",").split(",")]


def _key(loc: list[Any]) -> str:
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or "the file"


def _show(value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= 60 else f'"{value[:57]}…"'
    if isinstance(value, dict):
        return "names with values"
    return "a list" if isinstance(value, list | tuple) else str(value)


def _fields_at(model: type[BaseModel], loc: list[Any]) -> list[str]:
    for part in loc:
        if isinstance(part, str) and part in model.model_fields:
            inner = _model_in(model.model_fields[part].annotation)
            if inner is None:
                return []
            model = inner
    return [f.alias or n for n, f in model.model_fields.items() if not f.exclude]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in get_args(annotation):
        found = _model_in(part)
        if found is not None:
            return found
    return None
