"""The withdrawal of direct support: what was given to a household in need of it ends on one day, and no more is given.

Direct support is what the table ``measure`` holds: industry, jobs, finance, public-welfare posts, health, schooling,
housing and water measures, and dibao (``protection``); with it goes the income from dibao and from the posts. What
stays comes by general rules, or from others than the programme: pensions, disability allowances, farm and ecological
subsidies, medical insurance with its shares, insurance claims, dividends of village assets, what relatives send. The
official list goes on, without measures.

What the study of Yucheng counts as direct support was NOT FOUND in detail: where the line is drawn is a judgement.
"""

from __future__ import annotations

import numpy as np

from riskmodel.simulation import labour, measures
from riskmodel.simulation.state import County


def step(county: County) -> None:
    """End all support if it is withdrawn on the first day of this month; nothing is drawn."""
    if county.today != county.switches.withdrawn_on:
        return
    support = county.support
    for kind in measures.TIMED:
        running = np.flatnonzero(support.has(kind))
        measures.end(county, running, kind, record=support.record[kind][running], day=county.today)
        support.months_left[kind][:] = 0
    on_dibao = np.flatnonzero(support.dibao > 0)
    measures.end(county, on_dibao, "protection", record=support.dibao_record[on_dibao], day=county.today)
    support.dibao[:] = 0.0
    labour.end_public_posts(county)
