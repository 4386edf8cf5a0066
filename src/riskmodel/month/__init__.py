"""A county's month in one call: validate, score, list, report, with one record, and on from where it stopped."""
