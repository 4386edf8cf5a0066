"""Reading one value: numbers, yes and no, codes by their labels, several values in one cell."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping

from riskmodel.errors import did_you_mean
from riskmodel.registry.codes import CODE_BOOK, codes
from riskmodel.registry.importing.text import canonical, kept

Reader = Callable[[object], object]
"""Takes a cell that is not empty, gives the registry's value or raises ValueError(what was expected)."""

_NUMBER = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:,\d{3})+)?(?:\.\d*)?(?:[eE][+-]?\d+)?")
_PARENTHESES = re.compile(r"\([^)]*\)")
_YES = ("是", "有", "对", "真", "√", "✓", "☑", "达标", "合格", "true", "yes", "y", "t", "1")
_NO = ("否", "无", "没有", "不是", "假", "×", "✗", "x", "未达标", "不达标", "不合格", "false", "no", "n", "f", "0")
_YES_NO = {word: True for word in _YES} | {word: False for word in _NO}
# Excel keeps 15 digits of a number and writes zeros for the rest: a longer id kept as a number is already lost.
_EXACT_BELOW = 10**15
_HASH_BYTES = 12
# An ID number of 18 characters whose check digit is ten: people type it as x, and it is one person.
_ID_NUMBER_X = re.compile(r"\d{17}[xX]")


def read_number(value: object, *, unit: str = "") -> float:
    """Return a number, in the unit in which it was written.

    ``unit`` may stand behind it; thousands may be parted by commas, in their right places.

    >>> read_number("1,200.50"), read_number("3.5万元", unit="万元")
    (1200.5, 3.5)
    """
    text = canonical(value) or ""
    if unit:
        text = text.removesuffix(canonical(unit) or "").rstrip()
    if isinstance(value, bool) or not _NUMBER.fullmatch(text) or not any(c.isdigit() for c in text):
        raise ValueError("a number such as 1200 or 1,200.50")
    number = float(text.replace(",", ""))
    if number in (float("inf"), float("-inf")):
        raise ValueError("a number that is not infinite")
    return number


def read_integer(value: object) -> int:
    """Return a whole number."""
    number = read_number(value)
    if not number.is_integer():
        raise ValueError("a whole number")
    return int(number)


def read_boolean(value: object) -> bool:
    """Return what a yes or no says, in Chinese, English, ticks or 1/0.

    >>> read_boolean("是"), read_boolean("×"), read_boolean(0.0)
    (True, False, False)
    """
    word = (canonical(value) or "").casefold()
    if word not in _YES_NO:
        raise ValueError("是 or 否 (有/无, yes/no, true/false, 1/0, √/×)")
    return _YES_NO[word]


def read_id(value: object) -> str:
    """Return an identifier as text; a number so long that Excel has cut it is refused."""
    text = canonical(value) or ""
    if isinstance(value, float) and abs(value) >= _EXACT_BELOW:
        raise ValueError("a number kept as text: a workbook keeps only 15 digits of a number, the rest is lost")
    return text


def read_text(value: object) -> str:
    """Return a text, trimmed."""
    return kept(value) or ""


def code_reader(code_list: str) -> Reader:
    """Return a reader that takes a code, or its Chinese or English label, of ``code_list``.

    A label may leave out what stands in its parentheses: ``A级`` for ``A级（安全）``.

    >>> read = code_reader("sex")
    >>> read("男"), read("Female"), read("male")
    ('male', 'female', 'male')
    """
    known: dict[str, str] = {}
    for entry in CODE_BOOK[code_list]:
        for name in (entry.code, entry.zh, entry.en):
            word = (canonical(name) or "").casefold()
            known.setdefault(word, entry.code)
            known.setdefault(_PARENTHESES.sub("", word).strip(), entry.code)
    labels = [entry.zh for entry in CODE_BOOK[code_list]]

    def read(value: object) -> str:
        word = (canonical(value) or "").casefold()
        if word not in known:
            raise ValueError(f"a code or label of {code_list}.{_nearest(word, [*labels, *codes(code_list)], labels)}")
        return known[word]

    return read


def mapped_reader(values: Mapping[str, object], then: Reader, *, strict: bool) -> Reader:
    """Return a reader that looks a cell up in ``values`` and gives what it finds to ``then``.

    Parameters
    ----------
    values
        Outside value (compared in canonical form) to what is meant; None means that nothing is known.
    strict
        A cell that is not in the map is refused; otherwise it goes to ``then`` as it is.
    """
    table = {(canonical(key) or "").casefold(): meant for key, meant in values.items()}

    def read(value: object) -> object:
        word = (canonical(value) or "").casefold()
        if word in table:
            meant = table[word]
            return None if meant is None else then(meant)
        if strict:
            raise ValueError(f"a value of the map.{did_you_mean(canonical(value) or '', values)}")
        try:
            return then(value)
        except ValueError as error:
            raise ValueError(f"a value of the map ({', '.join(values)}), or {error}") from None

    return read


def split_parts(value: object, separators: str) -> list[str]:
    """Return the values that one cell holds.

    >>> split_parts("残疾，患有大病", ",，、;；")
    ['残疾', '患有大病']
    """
    marks = {mark for mark in canonical(separators) or "" if not mark.isspace()}
    text = canonical(value) or ""
    for mark in marks:
        text = text.replace(mark, "\n")
    return [part.strip() for part in text.split("\n") if part.strip()]


def list_reader(read_part: Reader, separators: str) -> Reader:
    """Return a reader of cells that hold several values, each read by ``read_part``; repeats count once."""

    def read(value: object) -> list[object]:
        parts = (read_part(part) for part in split_parts(value, separators))
        return list(dict.fromkeys(part for part in parts if part is not None))

    return read


def contains_reader(wanted: Iterable[str], *, known: Iterable[str], separators: str) -> Reader:
    """Return a reader that says whether one of ``wanted`` is among the values of a cell.

    Every value of the cell must be among ``known``: a misspelt illness is refused, never read as "not ill".
    """
    wanted_words = {(canonical(word) or "").casefold() for word in wanted}
    known_names = list(known)
    known_words = {(canonical(word) or "").casefold() for word in known_names} | wanted_words

    def read(value: object) -> bool:
        parts = split_parts(value, separators)
        for part in parts:
            if part.casefold() not in known_words:
                hint = _nearest(part, known_names, known_names)
                raise ValueError(f'only values that the mapping lists (contains, others); "{part}" is none.{hint}')
        return any(part.casefold() in wanted_words for part in parts)

    return read


def hasher(secret: bytes, *, column: str) -> Reader:
    """Return a function that turns an identifier into a pseudonym that only the holder of ``secret`` can make.

    Keyed BLAKE2b, 96 bits; the same identifier in the same registry column gives the same pseudonym in every
    table and every import, so tables still join. The check character X that may end an ID number counts the same in
    lower case.
    """
    person = hashlib.blake2b(column.encode(), digest_size=16).digest()

    def read(value: object) -> str:
        text = read_id(value)
        if _ID_NUMBER_X.fullmatch(text):
            text = text.upper()
        return hashlib.blake2b(text.encode(), digest_size=_HASH_BYTES, key=secret, person=person).hexdigest()

    return read


def _nearest(word: str, options: list[str], listed: list[str]) -> str:
    hint = did_you_mean(word, options)
    if hint.startswith(" Known:"):
        return " Known: " + ", ".join(listed[:20]) + (", …" if len(listed) > 20 else "") + "."
    return hint
