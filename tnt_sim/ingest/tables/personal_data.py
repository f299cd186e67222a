"""Columns that look personal: names, addresses, numbers and dates of natural persons, by header and by content.

A header counts if it asks for a person; yes/no, counts and amounts under such a header do not. A cell counts if it
holds an e-mail address, a telephone number, a social security number, a bank account, or the name of a natural
person who applies: after « Monsieur » or « Madame », or before « EI ».
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from tnt_sim.domain.portfolio import CANONICAL, ColumnKind, get_table_column
from tnt_sim.ingest.tables.headers import is_personal, normalise_header


class PersonalKind(StrEnum):
    """The kind of statement about natural persons."""

    E_MAIL = "e_mail"
    TELEPHONE = "telephone"
    SOCIAL_SECURITY = "social_security"
    BANK = "bank"
    BIRTH = "birth"
    ADDRESS = "address"
    SOLE_TRADER = "sole_trader"
    AGENT = "agent"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class PersonalColumn:
    """A column that looks personal.

    Attributes
    ----------
    name : its name in the table
    kind : what it says about persons
    n_cells : cells that look personal; all filled ones where the header says so
    by_header : whether the header says so
    """

    name: str
    kind: PersonalKind
    n_cells: int
    by_header: bool

    @property
    def is_mark(self) -> bool:
        """Whether it only says which applicants are natural persons, by a legal category."""
        return self.by_header and self.kind is PersonalKind.SOLE_TRADER


E_MAIL = r"[\w.+-]+@[\w-]+\.[\w-]+"
TELEPHONE = r"(?:\+\d{2} ?(?:\(0\) ?)?|\b0)[1-9](?:[ .-]?[0-9]{2}){4}\b"
_BIRTH_NUMBER = r"\b[12] ?\d{2} ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3}(?: ?\d{2})?\b"
_ACCOUNT = r"\b[A-Z]{2}\d{2}(?: ?[0-9A-Z]{4}){3,7}(?: ?[0-9A-Z]{1,3})?\b"
_OFFICE = r"(?i:le |la |les |l['\u2019]|maire|pr\S?sident|pr\S?fet|directeur|directrice|mayor|ministre)"
_PERSON_NAME = r"^(?:M\.|Mr\.?|Mme\.?|Mlle\.?|Mrs\.?|Ms\.?|Miss|(?i:monsieur|madame|mademoiselle)) +"
_SOLE_TRADER = r"\bEI\b|\bEIRL\b|(?i:\bentrepreneure? individuel|\bsole trader\b)"

CONTACTS = f"{E_MAIL}|{TELEPHONE}|{_BIRTH_NUMBER}|{_ACCOUNT}"
"""Text that leads to one natural person, wherever it stands in a cell."""
_CONTACTS = re.compile(CONTACTS)

_SUSPECT = r"@|\d\d"
"""Each pattern of `_CELLS` needs this: few cells of a large table have it, and they alone are searched."""
_CELLS: tuple[tuple[PersonalKind, str], ...] = (
    (PersonalKind.E_MAIL, E_MAIL),
    (PersonalKind.SOCIAL_SECURITY, _BIRTH_NUMBER),
    (PersonalKind.BANK, _ACCOUNT),
    (PersonalKind.TELEPHONE, TELEPHONE),
)
_HEADERS: tuple[tuple[PersonalKind, re.Pattern[str]], ...] = (
    (PersonalKind.E_MAIL, re.compile(r"\b(?:e ?mails?|mel|courriels?|adresse electronique|adresse mail)\b")),
    (PersonalKind.TELEPHONE, re.compile(r"\b(?:telephones?|tel|portable|mobile|fax|phone)\b")),
    (PersonalKind.SOCIAL_SECURITY, re.compile(r"\b(?:nir|securite sociale|social security|ssn)\b")),
    (PersonalKind.BANK, re.compile(r"\b(?:iban|rib|bic|compte bancaire|bank account)\b")),
    (PersonalKind.BIRTH, re.compile(r"\b(?:naissance|ne le|nee le|birth|birthday|date of birth)\b")),
    (
        PersonalKind.AGENT,
        re.compile(
            r"\b(?:jures?|jurors?|membres? du jury|jury members?|instructeurs?|instructrice|rapporteurs?|"
            r"evaluateurs?|evaluator|reviewers?|case officers?|gestionnaire|signataire|agent)\b"
        ),
    ),
    (
        PersonalKind.ADDRESS,
        re.compile(
            r"^(?:adresse|address|rue|street|domicile)$|"
            r"\b(?:adresse|address) (?:postale|personnelle|du domicile|du contact|du demandeur|postal|home)\b"
        ),
    ),
    (
        PersonalKind.NAME,
        re.compile(
            r"^noms? (?:du|de la|de l|des) (?:maire|presidente?|responsable|referente?|contact|agent|"
            r"direct(?:eur|rice)|secretaire|chef)\b|"
            r"\b(?:contact name|name of (?:the )?(?:contact|mayor|officer))\b"
        ),
    ),
    (PersonalKind.SOLE_TRADER, re.compile(r"\b(?:categorie|forme) juridique\b|\blegal (?:category|form)\b")),
)
_NO_PERSON = re.compile(
    r"\b(?:groupe|service|site|web|internet|projet|siege|project|note|score|avis|points|nombre|nb|number of|"
    r"montant|cout|amount|cost|taux|rate)\b"
)
_CODED = (PersonalKind.TELEPHONE, PersonalKind.SOCIAL_SECURITY, PersonalKind.BIRTH, PersonalKind.SOLE_TRADER)
"""Kinds whose cells may be numbers or days."""


def find_personal_labels(labels: Iterable[str]) -> set[str]:
    """Return the labels that ask for a natural person: « Prénom du maire », and « Nom du maire » beside it."""
    all_items = list(labels)
    found = {label for label in all_items if is_personal(label)}
    ends = {normalise_header(label).removeprefix("prenom") for label in found}
    return found | {
        label
        for label in all_items
        if normalise_header(label).startswith("nom") and normalise_header(label).removeprefix("nom") in ends
    }


def find_personal_columns(table: pl.DataFrame) -> list[PersonalColumn]:
    """Return the columns of a table that look personal, in its order; columns that begin with `_` are not read.

    >>> table = pl.DataFrame({"dossier": ["A"], "contact": ["Jeanne Martin"], "note": ["jm@exemple.fr"]})
    >>> [(column.name, column.kind.value, column.n_cells) for column in find_personal_columns(table)]
    [('contact', 'name', 1), ('note', 'e_mail', 1)]
    """
    known = {get_table_column(name) for name in CANONICAL}
    own = [name for name in table.columns if name not in known and not name.startswith("_")]
    persons = find_personal_labels(own)
    columns = []
    for name in table.columns:
        if name.startswith("_"):
            continue
        kind = identify_header(name, persons) if name in own else None
        patterns = _CELLS[:1] if CANONICAL.get(name) is ColumnKind.CODE else _CELLS
        column = _read_column(table[name], kind, patterns)
        if column is not None:
            columns.append(column)
    return columns


def identify_header(name: str, persons: set[str]) -> PersonalKind | None:
    """Return what a header asks of a natural person; None for nothing. `persons` are headers known to ask."""
    plain = normalise_header(name)
    if _NO_PERSON.search(plain):
        return None
    for kind, pattern in _HEADERS:
        if pattern.search(plain):
            return kind
    return PersonalKind.NAME if name in persons else None


def _read_column(
    values: pl.Series, by_header: PersonalKind | None, patterns: Sequence[tuple[PersonalKind, str]]
) -> PersonalColumn | None:
    """Return a column if its header or some of its cells look personal."""
    coded = values.dtype.is_numeric() or values.dtype.is_temporal()
    is_text = not coded and values.dtype != pl.Boolean
    if values.null_count() == values.len() or (by_header is None and not is_text):
        return None
    text = _convert_to_text(values)
    if by_header is PersonalKind.SOLE_TRADER:
        n_traders = int(_select_traders(text).sum())
        return PersonalColumn(values.name, by_header, n_traders, True) if n_traders else None
    if by_header is not None and values.dtype != pl.Boolean and (not coded or by_header in _CODED):
        n_filled = int((text != "").sum())
        if n_filled and not _is_choice(text, by_header):
            return PersonalColumn(values.name, by_header, n_filled, True)
    if not is_text:
        return None
    suspects = text.filter(text.str.contains(_SUSPECT))
    for kind, pattern in patterns:
        n_cells = int(suspects.str.contains(pattern).sum())
        if n_cells:
            return PersonalColumn(values.name, kind, n_cells, False)
    n_persons = int(select_persons(text).sum()) if len(patterns) > 1 else 0
    return PersonalColumn(values.name, PersonalKind.SOLE_TRADER, n_persons, False) if n_persons else None


def _convert_to_text(values: pl.Series) -> pl.Series:
    if isinstance(values.dtype, pl.List):
        return values.list.join("; ").fill_null("")
    return values.cast(pl.String, strict=False).fill_null("")


def _is_choice(text: pl.Series, kind: PersonalKind) -> bool:
    """Return whether the cells answer yes or no, or count: « Adresse électronique donnée : oui »."""
    if kind in _CODED:
        return bool(text.filter(text != "").str.to_lowercase().is_in(["oui", "non", "yes", "no"]).all())
    return bool(text.filter(text != "").str.contains(r"^(?i:oui|non|yes|no|true|false|-?\d{1,3})$").all())


def select_persons(text: pl.Series) -> pl.Series:
    """Return which cells name a natural person, Boolean: « Monsieur Jean Petit », « Jean Petit EI ».

    >>> names = pl.Series(["Mme Anne Roy", "Madame la maire de Lyon", "Jean Petit EI", "Commune de Lyon"])
    >>> select_persons(names).to_list()
    [True, False, True, False]
    """
    addressed = text.str.contains(_PERSON_NAME)
    in_office = text.str.replace(_PERSON_NAME, "").str.contains(f"^(?:{_OFFICE})")
    return (addressed & ~in_office) | text.str.contains(_SOLE_TRADER)


def select_marked_persons(table: pl.DataFrame) -> pl.Series:
    """Return which rows are of natural persons, by their applicant's name or a legal category of 1000, Boolean."""
    marks = pl.Series("person", [False]).new_from_index(0, table.height)
    if "applicant" in table.columns:
        marks = marks | select_persons(_convert_to_text(table["applicant"]))
    for name in table.columns:
        if identify_header(name, set()) is PersonalKind.SOLE_TRADER and name not in CANONICAL:
            marks = marks | _select_traders(_convert_to_text(table[name]))
    return marks


def _select_traders(text: pl.Series) -> pl.Series:
    return text.str.contains(rf"^1\d{{3}}$|{_SOLE_TRADER}")


def mask_contacts(text: pl.Expr) -> pl.Expr:
    """Return a text in which each e-mail address, telephone, social security and account number is « … »."""
    return text.str.replace_all(CONTACTS, "…")


def mask_contacts_in_text(text: str) -> str:
    """Return one text masked in the same way.

    >>> mask_contacts_in_text("jean@exemple.fr, 06 12 34 56 78")
    '…, …'
    """
    return _CONTACTS.sub("…", text)
