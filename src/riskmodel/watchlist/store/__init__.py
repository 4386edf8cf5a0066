"""Where the list is kept: a database that many write to at once, and whose log is only ever added to."""

from riskmodel.watchlist.store.store import ListStore
from riskmodel.watchlist.store.writer import Outcome, Writer

__all__ = ["ListStore", "Outcome", "Writer"]
