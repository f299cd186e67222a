"""Arguments of commands that messages show, quoted so that a shell gives them back and executes nothing."""

from __future__ import annotations

import re
import shlex

_PLAIN = re.compile(r"[\w.,:/=%+@€-]+")
"""Arguments that no shell reads otherwise than as they are."""
_LIVE = re.compile(r'["$`!]|\\\\|\\$')
"""Characters that a shell reads between double quotes: substitutions, history, the quote itself."""


def quote_argument(text: str) -> str:
    """Quote a path or a change so that it can be pasted into a command line.

    >>> print(quote_argument("programme.amount=90 M€"), quote_argument('rules.jury.fund=["E-24"]'))
    "programme.amount=90 M€" 'rules.jury.fund=["E-24"]'
    """
    return text if _PLAIN.fullmatch(text) else quote_value(text)


def quote_value(text: str) -> str:
    r"""Quote a text from a table, always: in double quotes, or in single ones where a shell would read more.

    >>> print(quote_value("Note /20"), quote_value('Fonds "Vert" $x = `a`'))
    "Note /20" 'Fonds "Vert" $x = `a`'
    """
    return shlex.quote(text) if _LIVE.search(text) else f'"{text}"'
