"""Translation of the YAML scanner's messages into sentences for a planner."""

from __future__ import annotations

import re

from tnt_sim.i18n.message import Bilingual, Text, _

_TAIL = re.compile(r"\d{1,3}\s*(?:(?:k|M|Md)?\s*(?:€|EUR|euros?)|k|M|%)", re.IGNORECASE)
_QUOTE = _("Put the whole value in quotes.")

# Pattern of the scanner's message, sentence, remedy; the first match is used.
_KNOWN: tuple[tuple[str, Text, Text], ...] = (
    (
        r"found character '\\t'",
        _("a tab is used to indent"),
        _("Replace it by spaces."),
    ),
    (
        r"found character (?P<ch>'.*'|\".*\") that cannot start",
        _('a value cannot start with "{{ch}}"'),
        _QUOTE,
    ),
    (
        r"mapping values are not allowed here",
        _('":" is not expected here'),
        _(
            'Put the text in quotes if it holds ":", or check the indentation and the line before (a '
            'space after "key:").'
        ),
    ),
    (
        r"could not find expected ':'",
        _('the ":" after the key is missing'),
        _('Write "key: value", or check the quotes and the indentation of the lines before.'),
    ),
    (
        r"expected <block end>",
        _("this line is not aligned with the ones before"),
        _("Give the same indentation to all keys of a block and to all dashes of a list."),
    ),
    (
        r"(expected ',' or '[\]}]'|expected the node content), but (got|found) '<stream end>'",
        _("the file ends before a brace or a bracket is closed"),
        _('Add the missing "}}" or "]".'),
    ),
    (
        r"expected ',' or '(?P<ch>[\]}])'",
        _('"," or "{{ch}}" expected here'),
        _("Close the brace or the bracket, or put the value in quotes."),
    ),
    (
        r"while scanning a (double-)?quoted scalar: found unexpected",
        _("a quote is not closed"),
        _("Close it on the same value."),
    ),
    (
        r"found unknown escape character (?P<ch>'.*')|hexdecimal numbers",
        _('"\\" before an unknown character in double quotes'),
        _('Use single quotes, or "/" in a path.'),
    ),
    (
        r"sequence entries are not allowed|mapping keys are not allowed",
        _('"-" or "?" is not expected here'),
        _("Start the list on a new line, indented under its key."),
    ),
    (
        r"while scanning an (alias|anchor)",
        _('"*" or "&" must be followed by a name'),
        _QUOTE,
    ),
    (
        r"expected the node content",
        _("a value is expected here"),
        _QUOTE,
    ),
    (
        r"tag|URI",
        _('tags ("!") are not read'),
        _QUOTE,
    ),
    (
        r"directive|incompatible YAML",
        _('"%" directives are not read'),
        _("Remove the line."),
    ),
    (
        r"document (start|end)",
        _("this text is not expected here"),
        _QUOTE,
    ),
    (
        r"block scalar",
        _('the text after "|" or ">" is malformed'),
        _("Leave the sign alone at the end of its line, then the text, indented."),
    ),
)


def complete_sentence(text: Text) -> Text:
    """Return the text with a full stop, unless it already ends like a sentence."""
    return Bilingual(
        *(part if part.endswith((".", "?", "!", "…")) else part + "." for part in (text.fr, text.en))
    )


def explain(words: str) -> tuple[Text, Text | None]:
    """Return what a message of the YAML scanner means, and the remedy."""
    for pattern, text, hint in _KNOWN:
        match = re.search(pattern, words)
        if match is not None:
            shown = (match.groupdict().get("ch") or "").strip("'\"")
            return complete_sentence(
                Bilingual(text.fr.replace("{ch}", shown), text.en.replace("{ch}", shown))
            ), hint
    return (
        _("this YAML text cannot be read."),
        _("Check indentation, quotes and braces."),
    )


def is_amount_tail(key: str) -> bool:
    """Return whether a key looks like what follows the comma of an amount or a rate (« 5 M€ », « 5 % »)."""
    return _TAIL.fullmatch(key) is not None


def explain_amount_tail(before: str, key: str) -> tuple[Text, Text]:
    """Return sentence and remedy for ``{amount: 22,5 M€}``, from the texts on both sides of the comma."""
    dot, comma = f"{before}.{key}", f"{before},{key}"
    return (
        _(
            '"{comma}": between braces or brackets the comma separates two values, "{before}" and "{key}"',
            comma=comma,
            before=before,
            key=key,
        ),
        _('Write {dot}, or "{comma}" in quotes.', dot=dot, comma=comma),
    )
