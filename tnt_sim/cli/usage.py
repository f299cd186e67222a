"""What the command line refuses, in both languages, with what to write instead."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Any

from tnt_sim.errors import Text, UsageError, did_you_mean

_SHOWN = 40
_NO_COMMAND = re.compile(r"No such command '(.+?)'")
_EXTRA = re.compile(r"unexpected extra argument(?:s|\(s\))? \((.+)\)")
_MISSING = re.compile(r"Missing \w+ '(.+?)'")
_NO_VALUE = re.compile(r"Option '(.+?)' requires an argument")


def usage_error(error: Any, verbs: Sequence[str], verb: str) -> UsageError:
    """A refusal of the command-line parser as one of ours; `verb` is the one that was written, or ""."""
    text, hint = _said(error, verbs)
    path = f"tnt-sim {verb}".strip()
    hint = hint or Text(f"Voir « {path} --help ».", f'See "{path} --help".')
    return UsageError(Text(f"{text.fr} {hint.fr}", f"{text.en} {hint.en}"))


def check_encoding(verb: str, words: Sequence[str]) -> None:
    """Every word of the command, and the folder it runs in, is text in UTF-8.

    Raises
    ------
    UsageError
        With the word, the byte and its place.
    """
    for number, word in enumerate(words, start=1):
        _check_utf8(word, f"le mot n° {number} de la commande", f"word {number} of the command")
    if verb and "--help" not in words:
        _check_utf8(_here(), "le chemin du dossier courant", "the path of the current folder")


def name_refused(error: UnicodeEncodeError) -> UsageError | None:
    """The refusal of a name that was met later, of a file or of a folder behind a link; None for another fault."""
    if not _is_lone(error.object[error.start]):
        return None
    return _not_utf8(error.object, error.start, "un nom", "a name")


def _here() -> str:
    try:
        return os.getcwd()
    except OSError:  # the folder was deleted: no name to check
        return ""


def _check_utf8(text: str, fr: str, en: str) -> None:
    at = next((k for k, letter in enumerate(text) if _is_lone(letter)), None)
    if at is not None:
        raise _not_utf8(text, at, fr, en)


def _is_lone(letter: str) -> bool:
    return "\ud800" <= letter <= "\udfff"


def _not_utf8(text: str, at: int, fr: str, en: str) -> UsageError:
    """`text` is shown around the letter `at`, bytes that are no letter as `\\xE9`."""
    cut = text[max(0, at - _SHOWN) : at + _SHOWN]
    shown = "".join(_byte(letter) if _is_lone(letter) else letter for letter in cut)
    return UsageError(
        Text(
            f"{fr} n'est pas en UTF-8, caractère {at + 1} ({_byte(text[at])}) : « {shown} ». Retapez-le dans "
            "un terminal en UTF-8, ou renommez le fichier ou le dossier.",
            f'{en} is not in UTF-8, character {at + 1} ({_byte(text[at])}): "{shown}". Type it again in a '
            "terminal that uses UTF-8, or rename the file or the folder.",
        ),
        code="usage.encoding",
    )


def _byte(letter: str) -> str:
    """A byte that could not be read as text, as Python keeps it; another lone half of a letter by its number."""
    code = ord(letter)
    return f"\\x{code - 0xDC00:02X}" if 0xDC80 <= code <= 0xDCFF else f"U+{code:04X}"


def _said(error: Any, verbs: Sequence[str]) -> tuple[Text, Text | None]:
    message = str(getattr(error, "message", "") or error)
    option = getattr(error, "option_name", None)
    command = _NO_COMMAND.search(message)
    if command:
        name = command[1]
        text = Text(f"le verbe « {name} » n'existe pas.", f'there is no verb "{name}".')
        return text, did_you_mean(name, verbs)
    no_value = _NO_VALUE.search(message)
    if no_value:
        return Text(
            f"l'option {no_value[1]} veut une valeur.", f"the option {no_value[1]} wants a value."
        ), None
    if option is not None:
        known = getattr(error, "possibilities", None) or ()
        near = did_you_mean(option, known) if known else None
        return Text(f"l'option {option} n'existe pas ici.", f"there is no option {option} here."), near
    extra = _EXTRA.search(message)
    if extra:
        return Text(f"argument en trop : {extra[1]}.", f"one argument too many: {extra[1]}."), None
    shown = error.format_message() if hasattr(error, "format_message") else message
    missing = _MISSING.search(shown)
    if missing:
        return Text(f"il manque {missing[1]}.", f"{missing[1]} is missing."), None
    return Text(f"commande refusée : {shown}", f"command refused: {shown}"), None
