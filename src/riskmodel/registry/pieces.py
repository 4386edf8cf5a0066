"""Rows that come in pieces, cut anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa


def of_size(pieces: Iterable[pa.Table], size: int) -> Iterator[pa.Table]:
    """Yield the rows of all pieces, ``size`` at a time, fewer at the end."""
    waiting: list[pa.Table] = []
    many = 0
    for piece in pieces:
        waiting.append(piece)
        many += piece.num_rows
        while many >= size:
            whole = pa.concat_tables(waiting)
            yield whole.slice(0, size).combine_chunks()
            waiting, many = [whole.slice(size)], many - size
    if many:
        yield pa.concat_tables(waiting).combine_chunks()
