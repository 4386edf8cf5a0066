"""Dated, region-keyed figures that a county may change: lines, amounts, clocks."""

from riskmodel.policy.record import Entry, Policy, default_policy, load_policy

__all__ = ["Entry", "Policy", "default_policy", "load_policy"]
