"""Dated, region-keyed figures and provisions that a county may change: lines, amounts, clocks, steps, bands."""

from riskmodel.policy.record import Entry, Policy, default_policy, load_policy

__all__ = ["Entry", "Policy", "default_policy", "load_policy"]
