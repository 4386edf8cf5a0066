"""Write what benchmarks measured into the pages that tell of it.

python benchmarks/tables.py            # writes the tables between their markers
python benchmarks/tables.py --check    # changes nothing; exit 1 where a page says something else
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parent
PAGES = (ROOT / "README.md", ROOT / "docs" / "scoring.md")
_BLOCK = re.compile(r"(<!-- table: score -->\n).*?(<!-- /table -->)", re.DOTALL)
AIM = 1.3
STEPS = {
    "scores": "scores: features, margins, risks, everyone's rows written",
    "selection": "selection",
    "flags": "flags: contributions, histories, what-ifs, words",
}
BARE = {
    "features": "features alone",
    "predict": "`Booster.predict`",
    "woodelf": "woodelf on the flags",
    "reading_and_writing": "reading and writing the files",
}


def score_table(told: dict[str, Any]) -> str:
    """Return what ``benchmarks/score.json`` says, as a table and the sentences below it.

    Parameters
    ----------
    told : dict
        As ``benchmarks/score.py`` writes it.
    """
    asked = f"{told['households']:,} households, five years, {told['features']} features, {told['trees']} trees"
    lines = [f"| 2 cores, {asked}, {told['flagged']:,} flagged | seconds | a second |", "|---|---|---|"]

    def row(what: str, seconds: float, many: float, of: str) -> None:
        lines.append(f"| {what} | {seconds:.0f} | {many / seconds:,.0f} {of} |")

    for name, words in STEPS.items():
        many, of = (told["flagged"], "flags") if name == "flags" else (told["households"], "households")
        row(words, told["steps"][name], many, of)
    row("**the whole**, from start to exit", told["seconds"], told["households"], "households")
    units = {"woodelf": "flags", "reading_and_writing": "rows"}
    for name, words in BARE.items():
        row(f"bare: {words}", told["bare"][name]["seconds"], told["bare"][name]["rows"], units.get(name, "households"))
    times = told["seconds"] / sum(part["seconds"] for part in told["bare"].values())
    aim = "" if times <= AIM else f" ({AIM} is aimed at)"
    peak = f"{told['peak_gib']:.2f} GiB at most, all processes together"
    below = [f"The whole is {times:.2f} times its bare parts{aim}, and held {peak}."]
    own = told["bare"]["predict"]["own_way_seconds"] / told["bare"]["predict"]["seconds"]
    below.append(
        f"Its own way to the sums of the trees, on one core, took {own:.2f} of the time of `Booster.predict` on two."
    )
    if "twice" in told:
        longer, more = (told["twice"][key] / told[key] for key in ("seconds", "peak_gib"))
        below.append(f"Twice the households took {longer:.2f} times as long and {more:.2f} times the memory.")
    return "\n".join([*lines, "", *below]) + "\n"


def main() -> int:
    """Write the tables, or check them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 where a page differs")
    check = parser.parse_args().check
    table = score_table(json.loads((HERE / "score.json").read_text(encoding="utf-8")))
    different = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        now = _BLOCK.sub(lambda found: found[1] + table + found[2], text)
        if now != text:
            different.append(page.relative_to(ROOT))
            if not check:
                page.write_text(now, encoding="utf-8")
    if check and different:
        print(f"{', '.join(map(str, different))}: not what benchmarks/score.json says", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
