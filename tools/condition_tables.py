"""The two sections of the rule book on conditions: what a condition may say, and the columns of the table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from tnt_sim.domain.portfolio import CANONICAL, FIXED_VALUES, ColumnKind
from tnt_sim.domain.territory import TYPES
from tnt_sim.i18n.message import Bilingual, Lang, Text
from tnt_sim.rules.expressions.column_text import describe_column, describe_value
from tnt_sim.rules.expressions.selectors import DATE_TESTS, LIST_TESTS, NUMBER_TESTS, OPTIONS

ANCHOR = "conditions-where-require"
"""Where the section begins in the page, in both languages."""


class Test(NamedTuple):
    """The meaning of a word of a condition, with an example."""

    meaning: Text
    example: str


_TITLE = "Conditions (`where`, `require`)"
_INTRO = Bilingual(
    "Une condition dit quels dossiers une ligne concerne. Elle s’écrit `{colonne: ce que la colonne doit "
    "valoir}`, après `where`, `require` ou `of`. Plusieurs colonnes, ou plusieurs bornes d’une colonne, doivent "
    "être vraies à la fois.",
    "A condition says which applications an entry concerns. It is written `{column: what the column must be}`, "
    "after `where`, `require` or `of`. Several columns, or several bounds of one column, must be true at once.",
)
_COLUMNS = Bilingual("s’écrit | sens | exemple", "is written | meaning | example")
VALUES: tuple[tuple[Text, Test], ...] = (
    (Bilingual("une valeur", "a value"), Test(
        Bilingual("la colonne a cette valeur", "the column has this value"), "applicant_type: commune")),
    (Bilingual("`[une, autre]`", "`[one, other]`"), Test(
        Bilingual("la colonne a l’une de ces valeurs", "the column has one of these values"),
        "department: [01, 02]")),
)  # fmt: skip
TESTS: Mapping[str, Test] = {
    "min": Test(Bilingual("au moins", "at least"), "population: {min: 2000}"),
    "max": Test(Bilingual("au plus", "at most"), "requested: {max: 100 k€}"),
    "above": Test(Bilingual("plus de, borne exclue", "more than, the bound excluded"), "score: {above: 12.5}"),
    "below": Test(
        Bilingual(
            "moins de, borne exclue ; une autre colonne peut donner la borne de ces quatre mots",
            "less than, the bound excluded; another column may give the bound of these four words",
        ),
        "requested: {below: {column: cost, times: 0.8}}",
    ),
    "from": Test(Bilingual("ce jour ou après", "this day or later"), "filed_at: {from: 2026-01-15}"),
    "until": Test(Bilingual("ce jour ou avant", "this day or earlier"), "filed_at: {until: 2026-02-10}"),
    "before": Test(
        Bilingual("avant ce jour, ou avant un jour compté depuis la décision", "before this day, or before a day "
             "counted from the decision"),
        "filed_at: {before: {date: decision, plus: -2 months}}",
    ),
    "after": Test(
        Bilingual("après ce jour ; une autre colonne de dates peut donner le jour de ces quatre mots",
             "after this day; another column of dates may give the day of these four words"),
        "start: {after: {column: filed_at}}",
    ),
    "has": Test(Bilingual(
        "la liste contient au moins une de ces valeurs", "the list has at least one of these values"),
                "tags: {has: vert}"),
    "has_all": Test(Bilingual("la liste contient toutes ces valeurs", "the list has all of these values"),
                    "tags: {has_all: [vert, partage]}"),
    "only": Test(Bilingual("la liste n’est pas vide et ne contient rien d’autre", "the list is not empty and has "
                      "nothing else"), "tags: {only: [vert, partage]}"),
    "in": Test(Bilingual(
        "la colonne a l’une de ces valeurs ; permet d’ajouter une option", "the column has one of "
                    "these values; allows an option beside it"), "department: {in: [01, 02]}"),
    "exact": Test(
        Bilingual("option de `in`, `has`, `has_all` et `only` : la casse et les accents comptent",
             "option of `in`, `has`, `has_all` and `only`: case and accents count"),
        "applicant: {in: [Métropole d'Exemple], exact: true}",
    ),
    "allow_absent": Test(
        Bilingual("option des mêmes mots : admet une valeur qu’aucun dossier n’a",
             "option of the same words: allows a value that no application has"),
        "department: {in: [01, 99], allow_absent: true}",
    ),
    "empty": Test(Bilingual("la cellule est vide (`false` : elle est remplie)",
                       "the cell is empty (`false`: it is filled)"),
                  "score: {empty: false}"),
    "not": Test(
        Bilingual(
            "le contraire, pour une colonne ou pour une condition entière ; une cellule vide n’est ni dans une "
             "borne ni égale à une valeur, et le contraire est donc vrai",
             "the opposite, of one column or of a whole condition; an empty cell is within no bound and equals no "
             "value, so the opposite is true"),
        "applicant_type: {not: [metropole, region]}",
    ),
    "any": Test(Bilingual("l’une au moins de ces conditions", "at least one of these conditions"),
                "any: [{population: {max: 3500}}, {applicant_type: epci}]"),
    "all": Test(Bilingual("toutes ces conditions", "all of these conditions"),
                "all: [{population: {max: 3500}}, {not: {department: 01}}]"),
}  # fmt: skip
"""Every word that a condition may use; `render_conditions` lists those that the code reads."""

_LISTED = Bilingual(
    "`envelope: axe-1` désigne aussi les dossiers des enveloppes placées sous `axe-1`. Dans `units` (règle "
    "`coverage`), les colonnes sont celles de la carte, dont `population` et `type` : {types}.",
    "`envelope: axe-1` also names the applications of the envelopes under `axe-1`. In `units` (rule `coverage`), "
    "the columns are those of the map, among them `population` and `type`: {types}.",
)
_TABLE_TITLE = Bilingual("Colonnes de la table", "Columns of the table")
_TABLE_INTRO = Bilingual(
    "tnt_sim connaît ces colonnes. Les autres colonnes de votre table gardent leur nom et s’emploient de même. Un "
    'en-tête différent se traduit sous `dossiers` : `columns: {requested: "Montant demandé"}`.',
    "tnt_sim knows these columns. The other columns of your table keep their names and may be used in the same "
    "way. A "
    'header of another name is translated under `dossiers`: `columns: {requested: "Amount requested"}`.',
)
_TABLE_COLUMNS = Bilingual("colonne | ce que c’est | contient", "column | what it is | contains")
_MEANINGS = {
    "variant_of": Bilingual(
        "les variantes d’un même projet : une au plus est financée parmi les dossiers qui ont la "
                       "même valeur", "variants of one project: at most one is funded among the applications with "
                       "the same value"),
    "requires": Bilingual(
        "les dossiers sans lesquels celui-ci n’est pas financé", "the applications without which "
                     "this one is not funded"),
}  # fmt: skip
_CONTENTS = {
    ColumnKind.TEXT: Bilingual("texte", "text"),
    ColumnKind.CODE: Bilingual("code ou nom court", "code or short name"),
    ColumnKind.MONEY: Bilingual("montant", "amount"),
    ColumnKind.DECIMAL: Bilingual("nombre", "number"),
    ColumnKind.INTEGER: Bilingual("nombre entier", "whole number"),
    ColumnKind.WHEN: Bilingual("jour ou instant", "day or instant"),
    ColumnKind.LIST: Bilingual("liste", "list"),
}


def render_conditions(lang: Lang) -> Iterator[str]:
    """Render the section on conditions: what may be written after a column."""
    yield f"## {_TITLE}\n"
    yield f"{_INTRO.in_(lang)}\n"
    yield f"| {_COLUMNS.in_(lang)} |\n|---|---|---|"
    for written, test in VALUES:
        yield f"| {written.in_(lang)} | {test.meaning.in_(lang)} | `{test.example}` |"
    for name in (*NUMBER_TESTS, *DATE_TESTS, *LIST_TESTS, "in", *OPTIONS, "empty", "not", "any", "all"):
        yield f"| `{name}` | {TESTS[name].meaning.in_(lang)} | `{TESTS[name].example}` |"
    types = ", ".join(f"`{name}`" for name in TYPES)
    yield f"\n{_LISTED.in_(lang).format(types=types)}\n"


def render_columns(lang: Lang) -> Iterator[str]:
    """Render the section on the columns that the program knows, with their values where these are listed."""
    yield f"## {_TABLE_TITLE.in_(lang)}\n"
    yield f"{_TABLE_INTRO.in_(lang)}\n"
    yield f"| {_TABLE_COLUMNS.in_(lang)} |\n|---|---|---|"
    for name, kind in CANONICAL.items():
        meaning = _MEANINGS.get(name) or describe_column(name)
        yield f"| `{name}` | {meaning.in_(lang)} | {_describe_content(name, kind, lang)} |"
    yield ""


def _describe_content(name: str, kind: ColumnKind, lang: Lang) -> str:
    values = FIXED_VALUES.get(name, ())
    if not values:
        return _CONTENTS[kind].in_(lang)
    said = ((value, describe_value(name, value).in_(lang)) for value in values)
    return ", ".join(f"`{value}`" if value == words else f"`{value}` ({words})" for value, words in said)
