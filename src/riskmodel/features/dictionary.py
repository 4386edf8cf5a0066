"""The data dictionary: a page made from the catalogue, in Chinese and English, a table for each theme."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from riskmodel.engine import plan
from riskmodel.features.catalogue import Catalogue
from riskmodel.features.declare import FeatureSpec
from riskmodel.registry import codes, schema

_HEAD = (
    "name 名称",
    "zh 中文",
    "en 英文",
    "unit 单位",
    "risk 方向",
    "risk type 风险类型",
    "sensitive 敏感",
    "when missing 缺失含义",
    "lineage 来源",
)
_DIRECTIONS = {"rises": "↑ rises 越高风险越大", "falls": "↓ falls 越高风险越小", None: ""}
_PLACES = {"village": "village 本村", "township": "township 本乡镇"}


def dictionary(catalogue: Catalogue) -> str:
    """Return the data dictionary of a catalogue as Markdown.

    Lineage is read off each feature's plan: the tables and columns that it reads, and the windows in calendar months
    before as_of (a state or an open window is "whole history").
    """
    themes: dict[tuple[str, str], list[FeatureSpec]] = {}
    for spec in catalogue.features.values():
        themes.setdefault(spec.theme, []).append(spec)
    parts = [_preamble(catalogue, len(themes))]
    for (zh, en), specs in themes.items():
        title = zh if zh == en else f"{en} {zh}"
        parts.append(f"## {title}\n\n{_table(specs)}")
    return "\n\n".join(parts) + "\n"


def sources(node: plan.Household) -> str:
    """Return the tables, columns and windows that a feature reads, in words.

    >>> from riskmodel.features import History
    >>> sources(History().event.where(kind="illness").last(months=12).sum("loss").node)
    'event: happened_on, kind, loss; 12m'
    """
    around = plan.peers(node)
    own = _tables(plan.reductions(_without(node, around)))
    others = [f"others of the {_PLACES[p.place]}: {_tables(plan.reductions(p.part))}" for p in around]
    figures = [f"policy: {value.name}{_shift(value.at_months)}" for value in plan.policy_values(node)]
    return "<br>".join(part for part in [own, *others, *figures] if part)


def _preamble(catalogue: Catalogue, themes: int) -> str:
    many = len(catalogue.features)
    return (
        "# Data dictionary 数据字典\n\n"
        "<!-- Made by `riskmodel features --dictionary`; do not edit. -->\n\n"
        f"{many} features in {themes} themes, catalogue `{catalogue.hash}`. Each looks back from its `as_of`: a row "
        "counts if it was known, and its own date lies, strictly before. Windows are calendar months: `12m` is "
        "[as_of − 12 months, as_of), `12m before 12m` the twelve months before those. A value is also missing where a "
        "table that it reads is absent from the registry. Others of a village or township are the households present "
        "there at the same as_of, never the household itself.\n\n"
        f"共{many}个特征，分{themes}类，目录编号 `{catalogue.hash}`。每个特征都从基准日（as_of）向前看："
        "只有登记获知日期和发生日期都严格早于基准日的记录才计入。窗口按自然月计：`12m` 为 [基准日前12个月, 基准日)，"
        "`12m before 12m` 为再往前的12个月。所需的表在登记库中不存在时，取值也为缺失。"
        "本村、本乡镇“其他农户”指同一基准日在册在户的农户，不含本户。"
    )


def _table(specs: Iterable[FeatureSpec]) -> str:
    rows = [_HEAD, tuple("---" for _ in _HEAD), *(_row(spec) for spec in specs)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(spec: FeatureSpec) -> tuple[str, ...]:
    kind = "" if spec.risk_type == "other" else _label(spec.risk_type)
    return (
        f"`{spec.name}`",
        spec.zh,
        spec.en,
        spec.unit,
        _DIRECTIONS[spec.direction],
        kind,
        "yes 是" if spec.sensitive else "",
        f"{spec.missing} {spec.missing_zh}" if _may_be_missing(spec.node) else "",
        sources(spec.node) if spec.node is not None else "",
    )


def _label(risk_type: str) -> str:
    return f"{codes.label('risk_type', risk_type, 'en')} {codes.label('risk_type', risk_type, 'zh')}"


def _may_be_missing(node: plan.Household | None) -> bool:
    """Whether the value can be missing where all tables are there, so far as the plan tells."""
    match node:
        case plan.Reduction(table="household", op="latest", column=column):
            return not all(schema.table("household").column(name).required for name in plan.columns(column))
        case plan.Reduction(op=op):
            return op not in {"sum", "count", "exists", "distinct", "days"}
        case plan.Binary("/", left, plan.Reduction(table="member", op="count", where=where)) if len(where) == 1:
            # Nobody gets a row without a member present.
            return _may_be_missing(left)
        case plan.Binary("/", left, plan.Constant(value)) if value:
            return _may_be_missing(left)
        case plan.Binary("/", left, plan.PolicyValue()):
            return _may_be_missing(left)
        case plan.Binary("/") | plan.Peers() | plan.Unary("sqrt" | "log1p"):
            return True
        case plan.Unary("is_missing"):
            return False
        case plan.Coalesce(parts):
            return all(_may_be_missing(part) for part in parts)
    return node is not None and any(_may_be_missing(child) for child in plan.children(node))


def _without(node: plan.Household, around: Iterable[plan.Peers]) -> plan.Household:
    """Return a node with the same reductions as ``node`` has outside of what it asks of other households."""
    inside = {reduction for peers in around for reduction in plan.reductions(peers.part)}
    return plan.Coalesce(tuple(r for r in plan.reductions(node) if r not in inside or _outside(node, r)))


def _outside(node: plan.Household, reduction: plan.Reduction) -> bool:
    if isinstance(node, plan.Peers):
        return False
    return node == reduction or any(_outside(child, reduction) for child in plan.children(node))


def _tables(reductions: Iterable[plan.Reduction]) -> str:
    columns: dict[str, dict[str, None]] = {}
    windows: dict[str, dict[str, None]] = {}
    for reduction in reductions:
        own = schema.table(reduction.table).own_date
        read = columns.setdefault(reduction.table, {})
        # The household's row is looked up as it stands; its own date is read only where it is named.
        if reduction.table not in {"household", "member"}:
            read[own] = None
        read.update(dict.fromkeys(_columns(reduction)))
        windows.setdefault(reduction.table, {})[_window(reduction)] = None
    return "<br>".join(f"{table}: {', '.join(read)}{_joined(windows[table])}" for table, read in columns.items())


def _joined(windows: Iterable[str]) -> str:
    words = [window for window in windows if window]
    if len(words) > 6:
        words = [words[0], "…", words[-1]]
    return f"; {', '.join(words)}" if words else ""


def _columns(reduction: plan.Reduction) -> Iterator[str]:
    for node in (*reduction.where, reduction.column):
        yield from plan.columns(node)
    if reduction.end_column:
        yield reduction.end_column


def _window(reduction: plan.Reduction) -> str:
    window = reduction.window
    if window is None or window.start is None:
        return "" if reduction.table in {"household", "member"} else "whole history"
    length = f"{window.end - window.start}m"
    return length if window.end == 0 else f"{length} before {-window.end}m"


def _shift(months: int) -> str:
    return "" if months == 0 else f" {-months}m ago"
