"""A line of links to the sections of a page, above the first of them."""

from __future__ import annotations

import re

_HEADING = re.compile(r"<h2>(.*?)</h2>", flags=re.S)


def with_contents(body: str, *, lang: str) -> str:
    """Give every section a place to jump to, and put links to all of them above the first.

    Examples
    --------
    >>> with_contents("<p>first</p><h2>A</h2><h2>B</h2>", lang="en")
    '<p>first</p><nav><a href="#en-1">A</a> · <a href="#en-2">B</a></nav><h2 id="en-1">A</h2><h2 id="en-2">B</h2>'
    """
    names = _HEADING.findall(body)
    if not names:
        return body
    links = " · ".join(f'<a href="#{lang}-{number}">{name}</a>' for number, name in enumerate(names, 1))
    numbers = iter(range(1, len(names) + 1))
    marked = _HEADING.sub(lambda found: f'<h2 id="{lang}-{next(numbers)}">{found[1]}</h2>', body)
    first = marked.index("<h2 ")
    return f"{marked[:first]}<nav>{links}</nav>{marked[first:]}"
