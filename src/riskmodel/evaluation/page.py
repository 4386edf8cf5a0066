"""The frame of a page in Chinese and English: style, and a switch of language that needs no script."""

from __future__ import annotations

import html
from collections.abc import Mapping

from riskmodel.drawing import FONTS

STYLE = f"""
body{{font-family:{FONTS};color:#222;max-width:960px;margin:0 auto;padding:16px;line-height:1.5}}
h1{{font-size:1.5em;margin:.3em 0}}h2{{font-size:1.15em;margin:1.6em 0 .4em;border-bottom:1px solid #ddd}}
h3{{font-size:1em;margin:1em 0 .3em}}
table{{border-collapse:collapse;font-size:.86em;margin:.4em 0}}
th,td{{padding:3px 8px;border-bottom:1px solid #e5e5e5;text-align:right;white-space:nowrap}}
th:first-child,td:first-child{{text-align:left}}
th{{background:#f6f6f6;white-space:normal;vertical-align:bottom;max-width:13em}}td.best{{font-weight:700}}
.scroll{{overflow-x:auto}}
.lost{{background:#fff3e0;border-left:5px solid #d55e00;padding:8px 14px}}
.won{{background:#eef6f0;border-left:5px solid #009e73;padding:8px 14px}}
td.why{{text-align:left;color:#555}}.told td:first-child{{white-space:normal;max-width:20em}}
.note{{color:#555;font-size:.88em}}
.pick{{position:absolute;opacity:0}}
label.tab{{display:inline-block;padding:3px 12px;border:1px solid #bbb;cursor:pointer}}
section[lang]{{display:none}}
#zh:checked~section[lang=zh],#en:checked~section[lang=en]{{display:block}}
#zh:checked~label[for=zh],#en:checked~label[for=en]{{background:#222;color:#fff}}
.pick:focus-visible+label{{outline:2px solid #0072b2}}
"""


def bilingual_page(title: str, sections: Mapping[str, str], *, style: str = "") -> str:
    """Return the whole page; the reader picks the language, Chinese first.

    Parameters
    ----------
    title : str
        Plain text.
    sections : dict
        ``zh`` and ``en``: what stands in each, as HTML.
    style : str
        Style rules of this page alone.
    """
    body = "".join(f'<section lang="{lang}">{sections[lang]}</section>' for lang in ("zh", "en"))
    return (
        '<!DOCTYPE html>\n<html lang="zh"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{STYLE}{style}</style></head><body>"
        '<input class="pick" type="radio" name="lang" id="zh" checked><label class="tab" for="zh">中文</label>'
        '<input class="pick" type="radio" name="lang" id="en"><label class="tab" for="en">English</label>'
        f"{body}</body></html>\n"
    )
