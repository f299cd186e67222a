"""Translation of the YAML scanner's messages into sentences for a planner."""

from __future__ import annotations

import re

from tnt_sim.i18n.message import Text

_TAIL = re.compile(r"\d{1,3}\s*(?:(?:k|M|Md)?\s*(?:€|EUR|euros?)|k|M|%)", re.IGNORECASE)
_QUOTE = Text("Mettez la valeur entière entre guillemets.", "Put the whole value in quotes.")

# Pattern of the scanner's message, sentence, remedy; the first match is used.
_KNOWN: tuple[tuple[str, Text, Text], ...] = (
    (
        r"found character '\\t'",
        Text("une tabulation sert de retrait", "a tab is used to indent"),
        Text("Remplacez-la par des espaces.", "Replace it by spaces."),
    ),
    (
        r"found character (?P<ch>'.*'|\".*\") that cannot start",
        Text("une valeur ne peut pas commencer par « {ch} »", 'a value cannot start with "{ch}"'),
        _QUOTE,
    ),
    (
        r"mapping values are not allowed here",
        Text("« : » inattendu ici", '":" is not expected here'),
        Text(
            "Mettez le texte entre guillemets s'il contient « : », ou vérifiez le retrait et la ligne d'avant"
            " (une espace après « clé: »).",
            'Put the text in quotes if it holds ":", or check the indentation and the line before'
            ' (a space after "key:").',
        ),
    ),
    (
        r"could not find expected ':'",
        Text("il manque « : » après la clé", 'the ":" after the key is missing'),
        Text(
            "Écrivez « clé: valeur », ou vérifiez les guillemets et le retrait des lignes d'avant.",
            'Write "key: value", or check the quotes and the indentation of the lines before.',
        ),
    ),
    (
        r"expected <block end>",
        Text(
            "cette ligne n'est pas alignée avec les précédentes",
            "this line is not aligned with the ones before",
        ),
        Text(
            "Donnez le même retrait à toutes les clés d'un bloc et à tous les tirets d'une liste.",
            "Give the same indentation to all keys of a block and to all dashes of a list.",
        ),
    ),
    (
        r"(expected ',' or '[\]}]'|expected the node content), but (got|found) '<stream end>'",
        Text(
            "le fichier finit avant qu'une accolade ou un crochet soit refermé",
            "the file ends before a brace or a bracket is closed",
        ),
        Text("Ajoutez le « } » ou le « ] » qui manque.", 'Add the missing "}" or "]".'),
    ),
    (
        r"expected ',' or '(?P<ch>[\]}])'",
        Text("« , » ou « {ch} » attendu ici", '"," or "{ch}" expected here'),
        Text(
            "Fermez l'accolade ou le crochet, ou mettez la valeur entre guillemets.",
            "Close the brace or the bracket, or put the value in quotes.",
        ),
    ),
    (
        r"while scanning a (double-)?quoted scalar: found unexpected",
        Text("des guillemets ne sont pas refermés", "a quote is not closed"),
        Text("Fermez-les sur la même valeur.", "Close it on the same value."),
    ),
    (
        r"found unknown escape character (?P<ch>'.*')|hexdecimal numbers",
        Text(
            "« \\ » suivi d'un caractère inconnu entre guillemets doubles",
            '"\\" before an unknown character in double quotes',
        ),
        Text(
            "Utilisez des guillemets simples, ou « / » dans un chemin.",
            'Use single quotes, or "/" in a path.',
        ),
    ),
    (
        r"sequence entries are not allowed|mapping keys are not allowed",
        Text("« - » ou « ? » inattendu ici", '"-" or "?" is not expected here'),
        Text(
            "Mettez la liste à la ligne, en retrait sous sa clé.",
            "Start the list on a new line, indented under its key.",
        ),
    ),
    (
        r"while scanning an (alias|anchor)",
        Text("« * » ou « & » doit être suivi d'un nom", '"*" or "&" must be followed by a name'),
        _QUOTE,
    ),
    (
        r"expected the node content",
        Text("une valeur est attendue ici", "a value is expected here"),
        _QUOTE,
    ),
    (
        r"tag|URI",
        Text("les étiquettes « ! » ne sont pas lues", 'tags ("!") are not read'),
        _QUOTE,
    ),
    (
        r"directive|incompatible YAML",
        Text("les directives « % » ne sont pas lues", '"%" directives are not read'),
        Text("Retirez la ligne.", "Remove the line."),
    ),
    (
        r"document (start|end)",
        Text("ce texte n'est pas attendu ici", "this text is not expected here"),
        _QUOTE,
    ),
    (
        r"block scalar",
        Text("le texte après « | » ou « > » est mal formé", 'the text after "|" or ">" is malformed'),
        Text(
            "Laissez le signe seul en fin de ligne, puis le texte en retrait.",
            "Leave the sign alone at the end of its line, then the text, indented.",
        ),
    ),
)


def complete_sentence(text: Text) -> Text:
    """Return the text with a full stop, unless it already ends like a sentence."""
    return Text(*(part if part.endswith((".", "?", "!", "…")) else part + "." for part in (text.fr, text.en)))


def explain(words: str) -> tuple[Text, Text | None]:
    """Return what a message of the YAML scanner means, and the remedy."""
    for pattern, text, hint in _KNOWN:
        match = re.search(pattern, words)
        if match is not None:
            shown = (match.groupdict().get("ch") or "").strip("'\"")
            return complete_sentence(
                Text(text.fr.replace("{ch}", shown), text.en.replace("{ch}", shown))
            ), hint
    return (
        Text("ce texte YAML ne peut pas être lu.", "this YAML text cannot be read."),
        Text(
            "Vérifiez le retrait, les guillemets et les accolades.", "Check indentation, quotes and braces."
        ),
    )


def is_amount_tail(key: str) -> bool:
    """Return whether a key looks like what follows the comma of an amount or a rate (« 5 M€ », « 5 % »)."""
    return _TAIL.fullmatch(key) is not None


def explain_amount_tail(before: str, key: str) -> tuple[Text, Text]:
    """Return sentence and remedy for ``{amount: 22,5 M€}``, from the texts on both sides of the comma."""
    dot, comma = f"{before}.{key}", f"{before},{key}"
    return (
        Text(
            f"« {comma} » : dans une liste ou entre accolades, la virgule sépare deux valeurs,"
            f" « {before} » et « {key} »",
            f'"{comma}": between braces or brackets the comma separates two values, "{before}" and "{key}"',
        ),
        Text(
            f'Écrivez {dot}, ou "{comma}" entre guillemets.',
            f'Write {dot}, or "{comma}" in quotes.',
        ),
    )
