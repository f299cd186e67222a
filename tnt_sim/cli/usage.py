"""What the command line refuses, in both languages, with what to write instead."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from tnt_sim.errors import Text, UsageError, did_you_mean

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
