"""Numbers that look as they should and cannot be anybody's: ID numbers, telephones, bank accounts.

An ID number (GB 11643-1999) has the area code 369901, which is assigned to no place, the person's own birth date, a
sequence number that is odd for men and even for women, and a check digit that is wrong. A telephone number has eleven
digits and begins with 000: 00 is the way out of the country and no country's code begins with 0, so it can be neither
given to anybody nor dialled. A bank account has nineteen digits, begins with 0, which no bank's cards do (ISO/IEC 7812
keeps it for others), and ends with a digit that fails Luhn's check.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from riskmodel.simulation.geography import COUNTY_CODE

WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
# By the weighted sum's remainder by 11.
CHECK_DIGITS = np.frombuffer(b"10X98765432", dtype=np.uint8)
PHONE_PREFIX, ACCOUNT_PREFIX = "000", "0"
_PHONES, _ACCOUNTS = 10**8, 10**17
_SEQUENCES = 500
# Births of a county's people lie between these days: 1870-01-01, as days since 1970, and the end of the last year in
# which a county may be cut (county.LATEST_YEAR).
_FIRST_BIRTH, _BIRTHS = -36_524, 84_006
_STREAM = 0x1DE27117


@dataclass(frozen=True)
class Draw:
    """Whole numbers that depend on a seed, a number and what they are for, and on nothing drawn before."""

    seed: int

    def below(self, most: int, number: np.ndarray, purpose: str) -> np.ndarray:
        """Give, for each number, one from 0 to ``most`` - 1."""
        key = np.random.SeedSequence([self.seed, _STREAM, zlib.crc32(purpose.encode())]).generate_state(1, np.uint64)
        mixed = _mixed(_mixed(np.asarray(number).astype(np.uint64)) + key)
        return (mixed % np.uint64(most)).astype(np.int64)


def _mixed(bits: np.ndarray) -> np.ndarray:
    """Spread 64 bits evenly (the finalizer of splitmix64)."""
    bits = bits + np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


@dataclass
class Numbers:
    """Numbers for one person after another: no two have the same.

    ID numbers stay apart for up to 5,000 persons of one birth date and sex, telephones for a hundred million persons.
    """

    draw: Draw
    _given: int = 0
    _born: np.ndarray = field(default_factory=lambda: np.zeros(2 * _BIRTHS, dtype=np.int64))

    def __post_init__(self) -> None:
        # Odd and no multiple of five: such a step meets every number once.
        self._phone_step = 10 * self._once(_PHONES // 10, "phone step") + 7
        self._account_step = 10 * self._once(10**9, "account step") + 3
        self._first_phone, self._first_account = self._once(_PHONES, "phone"), self._once(_ACCOUNTS, "account")

    def _once(self, most: int, purpose: str) -> int:
        return int(self.draw.below(most, np.zeros(1, dtype=np.int64), purpose)[0])

    def id_numbers(self, *, birth: np.ndarray, female: np.ndarray) -> pa.Array:
        """Give an ID number to each person in turn; ``birth`` in days since 1970."""
        group = 2 * (birth.astype(np.int64) - _FIRST_BIRTH) + female
        rank = self._born[group] + _place_within(group)
        np.maximum.at(self._born, group, rank + 1)
        calendar = birth.astype("datetime64[D]")
        year, month = calendar.astype("datetime64[Y]"), calendar.astype("datetime64[M]")
        day = (calendar - month.astype("datetime64[D]")).astype(np.int64) + 1
        date_ = (year.astype(np.int64) + 1970) * 10_000 + (month.astype(np.int64) % 12 + 1) * 100 + day
        body = np.hstack(
            [
                _digits(np.full(len(birth), int(COUNTY_CODE)), 6),
                _digits(date_, 8),
                _digits(2 * (rank % _SEQUENCES) + ~female, 3),
            ]
        )
        right = body @ WEIGHTS % 11
        wrong = CHECK_DIGITS[(right + 1 + rank // _SEQUENCES % 10) % 11]
        return _text(np.column_stack([body + ord("0"), wrong]))

    def phones_and_accounts(self, count: int) -> tuple[pa.Array, pa.Array]:
        """Give the next ``count`` persons a telephone number and a bank account."""
        turn = self._given + np.arange(count, dtype=np.int64)
        self._given += count
        phone = _digits((turn % _PHONES * self._phone_step + self._first_phone) % _PHONES, 8)
        account = _digits((turn % _PHONES * self._account_step + self._first_account) % _ACCOUNTS, 17)
        body = np.hstack([_prefix(ACCOUNT_PREFIX, count), account])
        right = -_luhn_sum(body) % 10
        wrong = (right + 1 + self.draw.below(9, turn, "account check")) % 10
        phone = np.hstack([_prefix(PHONE_PREFIX, count), phone])
        return _text(phone + ord("0")), _text(np.column_stack([body, wrong]) + ord("0"))


def _luhn_sum(body: np.ndarray) -> np.ndarray:
    """Sum digits as Luhn's check does, for bodies to which the check digit is yet to be added."""
    doubled = body.copy()
    doubled[:, ::-1][:, ::2] *= 2
    return (doubled // 10 + doubled % 10).sum(axis=1)


def _place_within(group: np.ndarray) -> np.ndarray:
    """Say how many entries of its own group come before each entry."""
    order = np.argsort(group, kind="stable")
    grouped = group[order]
    fresh = np.ones(len(order), dtype=bool)
    fresh[1:] = grouped[1:] != grouped[:-1]
    starts = np.flatnonzero(fresh)
    out = np.empty(len(order), dtype=np.int64)
    out[order] = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
    return out


def _digits(number: np.ndarray, width: int) -> np.ndarray:
    return np.asarray(number, dtype=np.int64)[:, None] // 10 ** np.arange(width - 1, -1, -1, dtype=np.int64) % 10


def _prefix(digits: str, count: int) -> np.ndarray:
    return np.tile(np.array([int(digit) for digit in digits], dtype=np.int64), (count, 1))


def _text(characters: np.ndarray) -> pa.Array:
    """Turn rows of character codes into text."""
    rows = np.ascontiguousarray(characters.astype(np.uint8))
    return pa.array(rows.view(f"S{rows.shape[1]}").ravel()).cast(pa.string())


def picked(words: Sequence[str], at: np.ndarray) -> pa.Array:
    """Give the words at these places."""
    return pa.array(list(words), pa.string()).take(pa.array(at))
