"""Watching: has the world moved away from the model, and which feed, policy, price or unit is it that moved."""
