"""Assistance: what was done for households, and what came after it."""
