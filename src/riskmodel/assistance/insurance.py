"""Anti-poverty insurance: the terms in force at a place on a day, and a claim worked through line by line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from pydantic import BaseModel, ConfigDict, model_validator

from riskmodel.errors import CallError, did_you_mean
from riskmodel.policy import Policy
from riskmodel.registry.codes import Lang, codes, label

_FEN = Decimal("0.01")


class Band(BaseModel):
    """A slice of the loss beyond the trigger: from ``above`` on, to the next band, ``share`` of it is paid."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    above: float
    share: float


class Bands(BaseModel):
    """All bands, from 0 on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bands: tuple[Band, ...]

    @model_validator(mode="after")
    def _rising(self) -> Bands:
        starts = [band.above for band in self.bands]
        if not starts or starts[0] != 0 or starts != sorted(set(starts)):
            raise ValueError("bands begin at 0 and rise")
        if any(not 0 <= band.share <= 1 for band in self.bands):
            raise ValueError("a share lies between 0 and 1")
        return self


class _Perils(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    perils: tuple[str, ...]


@dataclass(frozen=True)
class Terms:
    """What an insurance pays.

    Attributes
    ----------
    perils : tuple of str
        Risk types that are covered.
    trigger : float
        Yuan a household and year that it bears itself, after other policies; what lies beyond is looked at.
    cap : float
        Yuan at most, a person and year.
    only_in_need : bool
        Whether only households are paid that stay below the line or a guarantee after all other policies.
    policy : tuple of str
        The entries of the policy record.
    assumed : tuple of str
        Names of those that no source gives.
    """

    perils: tuple[str, ...]
    trigger: float
    bands: tuple[Band, ...]
    cap: float
    only_in_need: bool
    policy: tuple[str, ...]
    assumed: tuple[str, ...]


@dataclass(frozen=True)
class Claim:
    """What a household lost.

    Attributes
    ----------
    peril : str
        A risk type.
    loss : float
        Yuan in the year: compliant out-of-pocket costs, or the loss itself.
    paid_by_others : float
        What medical insurance, relief, other insurances and who is liable paid of it.
    persons : int
        Persons struck: the cap counts for each.
    paid_before : float
        What this insurance has paid the household in the year already.
    in_need : bool
        Whether the household stays below the line or a guarantee after all other policies.
    """

    peril: str
    loss: float
    paid_by_others: float = 0.0
    persons: int = 1
    paid_before: float = 0.0
    in_need: bool = True

    def __post_init__(self) -> None:
        for name in ("loss", "paid_by_others", "paid_before"):
            value = getattr(self, name)
            if not 0 <= value < 1e9:
                raise CallError(f"{name} is {value}; expected yuan, not negative.")
        if self.persons < 1:
            raise CallError(f"persons is {self.persons}; expected 1 or more.")
        if self.peril not in codes("risk_type"):
            raise CallError(f'the peril is "{self.peril}".{did_you_mean(self.peril, codes("risk_type"))}')


@dataclass(frozen=True)
class Line:
    """One line of a settlement: its words and its amount in yuan."""

    zh: str
    en: str
    amount: Decimal

    def words(self, lang: Lang) -> str:
        """Return the words in ``lang``."""
        return self.zh if lang == "zh" else self.en


@dataclass(frozen=True)
class Settlement:
    """A claim worked through.

    Attributes
    ----------
    lines : tuple of Line
        From the loss to what is paid.
    paid : Decimal
        Yuan, to the fen; halves round up.
    why_nothing : tuple of str, or None
        In Chinese and English, where nothing is paid.
    """

    lines: tuple[Line, ...]
    paid: Decimal
    why_nothing: tuple[str, str] | None = None


def terms_in_force(policy: Policy, *, region: str, on: date) -> Terms:
    """Return the terms in force in a region on a day.

    Raises
    ------
    CallError
        The policy record has none there on that day.
    """
    names = ("insurance.perils", "insurance.trigger", "insurance.bands", "insurance.cap", "insurance.only_in_need")
    entries = [policy.entry(name, region=region, on=on) for name in names]
    return Terms(
        perils=policy.provision("insurance.perils", _Perils, region=region, on=on).perils,
        trigger=policy.value("insurance.trigger", region=region, on=on),
        bands=policy.provision("insurance.bands", Bands, region=region, on=on).bands,
        cap=policy.value("insurance.cap", region=region, on=on),
        only_in_need=policy.value("insurance.only_in_need", region=region, on=on) > 0,
        policy=tuple(entry.key for entry in entries),
        assumed=tuple(entry.name for entry in entries if entry.certainty == "S"),
    )


def work_through(claim: Claim, terms: Terms) -> Settlement:
    """Work a claim through, line by line: what is left after other policies, beyond the trigger, by bands, to the cap.

    Nothing is granted by it: people decide on a claim with the papers before them.

    >>> from riskmodel.policy import default_policy
    >>> terms = terms_in_force(default_policy(), region="420624", on=date(2024, 1, 1))
    >>> work_through(Claim("illness", 35_000, paid_by_others=10_000), terms).paid
    Decimal('6000.00')
    """
    loss, others = _yuan(claim.loss), _yuan(claim.paid_by_others)
    own = max(loss - others, Decimal(0))
    lines = [
        Line(
            f"损失（{label('risk_type', claim.peril, 'zh')}）", f"loss ({label('risk_type', claim.peril, 'en')})", loss
        ),
        Line("减：其他政策已支付", "less: paid by other policies", -min(others, loss)),
        Line("个人负担", "borne by the household", own),
    ]
    if claim.peril not in terms.perils:
        return Settlement(tuple(lines), Decimal(0), ("该风险不在保险责任范围内", "this peril is not covered"))
    if terms.only_in_need and not claim.in_need:
        told = ("其他政策落实后未低于监测线和保障标准", "after other policies neither below the line nor a guarantee")
        return Settlement(tuple(lines), Decimal(0), told)
    trigger = _yuan(terms.trigger)
    beyond = max(own - trigger, Decimal(0))
    lines.append(Line("减：起付线", "less: the trigger", -min(own, trigger)))
    if beyond == 0:
        return Settlement(
            tuple(lines), Decimal(0), ("个人负担未超过起付线", "what is borne does not exceed the trigger")
        )
    slices, by_bands = _slices(beyond, terms.bands)
    lines += slices
    room = max(_yuan(terms.cap) * claim.persons - _yuan(claim.paid_before), Decimal(0))
    paid = min(by_bands, room)
    lines.append(Line("分段合计", "all bands together", by_bands))
    if paid < by_bands:
        lines.append(
            Line(
                f"减：超过年度限额（每人{terms.cap:,.0f}元，{claim.persons}人，已付{claim.paid_before:,.0f}元）",
                f"less: beyond the year's cap ({terms.cap:,.0f} yuan a person, {claim.persons} persons, "
                f"{claim.paid_before:,.0f} paid before)",
                paid - by_bands,
            )
        )
    lines.append(Line("赔付", "paid", paid))
    nothing = ("年度限额已用完", "the year's cap is used up") if paid == 0 else None
    return Settlement(tuple(lines), paid, nothing)


def _slices(beyond: Decimal, bands: tuple[Band, ...]) -> tuple[list[Line], Decimal]:
    lines, total = [], Decimal(0)
    ends = [_yuan(band.above) for band in bands[1:]] + [None]
    for band, end in zip(bands, ends, strict=True):
        start = _yuan(band.above)
        part = (beyond if end is None else min(beyond, end)) - start
        if part <= 0:
            break
        amount = (part * Decimal(str(band.share))).quantize(_FEN, ROUND_HALF_UP)
        total += amount
        upto_zh, upto_en = ("以上部分", "and beyond") if end is None else (f"至{end:,.0f}元部分", f"to {end:,.0f}")
        lines.append(
            Line(
                f"超过起付线{start:,.0f}元{upto_zh}：{part:,.2f}元 × {band.share:.0%}",
                f"beyond the trigger, from {start:,.0f} {upto_en}: {part:,.2f} × {band.share:.0%}",
                amount,
            )
        )
    return lines, total


def _yuan(value: float) -> Decimal:
    return Decimal(str(value)).quantize(_FEN, ROUND_HALF_UP)
