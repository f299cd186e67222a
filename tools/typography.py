"""French typography: what a typist leaves out, set in a sentence.

`’` for an apostrophe, U+202F before `; ! ? %` and in groups of digits, U+00A0 before `:` and `€` and inside « ».
Code, in backticks or straight double quotes, has ordinary spaces: it is copied and typed.
"""

from __future__ import annotations

import re

_CODE = re.compile(r'`[^`]*`|"[^"]*"')
_HELD = "\ue000"
"""Stands for a piece of code while the text around it is set."""
_RULES = (
    (r"(?<=[^\W\d])'(?=[^\W\d]|[«{\ue000])", "’"),
    (r"(?<=«)[ \u202f]|[ \u202f](?=»)", "\u00a0"),
    (r"(?<=[\d}])[ \u202f](?=(?:[kM]|Md)?€)|[ \u202f](?=:(?:\s|$))", "\u00a0"),
    (r"(?<!«)[ \u00a0](?=[;!?%](?!\w))", "\u202f"),
    (r"(?<!\d)(\d{1,3})[ \u00a0](?=\d{3}(?!\d))", "\\1\u202f"),
)


def typeset(text: str) -> str:
    """Return a French text with its apostrophes and no-break spaces."""
    code = (re.sub("[\u00a0\u202f]", " ", one) for one in _CODE.findall(text))
    text = _CODE.sub(_HELD, text)
    for pattern, sign in _RULES:
        text = re.sub(pattern, sign, text)
    return re.sub(_HELD, lambda _match: next(code), text)
