"""Findings, what is odd in a table, one row each; their kinds with severity, wording and remedy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from tnt_sim.i18n.message import Text


class Severity(StrEnum):
    """Severity of a finding: it stops a run, should be looked at, or is for information."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class FindingKind:
    """One kind of finding: severity, title, sentence and remedy.

    `{column}`, `{value}`, `{expected}` are filled in.
    """

    severity: Severity
    title: Text
    text: Text
    hint: Text


def _build_kind(
    severity: Severity, title: tuple[str, str], text: tuple[str, str], hint: tuple[str, str]
) -> FindingKind:
    return FindingKind(severity, Text(*title), Text(*text), Text(*hint))


_E, _W, _I = Severity.ERROR, Severity.WARNING, Severity.INFO
_LOOK = ("Vérifiez auprès du porteur.", "Check with the applicant.")
_AT_SOURCE = ("Corrigez la cellule dans le fichier d'origine.", "Correct the cell in the original file.")

KINDS: dict[str, FindingKind] = {
    "missing": _build_kind(_W, ("cellule vide", "empty cell"),
        ("« {column} » est vide.", '"{column}" is empty.'),
        ("Complétez-la si la règle en a besoin.", "Fill it in if a rule needs it.")),
    "missing_number": _build_kind(_E, ("sans numéro de dossier", "no dossier number"),
        ("La ligne n'a pas de numéro de dossier.", "The row has no dossier number."),
        ("Donnez-lui un numéro.", "Give it a number.")),
    "unreadable": _build_kind(_E, ("cellule illisible", "unreadable cell"),
        ("« {column} » : « {value} » n'est pas {expected}.", '"{column}": "{value}" cannot be read.'),
        ("Corrigez-la dans le fichier d'origine ; pour « 1.234 », écrivez decimal: ',' dans mapping.yaml.",
         "Correct it in the original file; for \"1.234\", write decimal: ',' in mapping.yaml.")),
    "negative": _build_kind(_E, ("montant négatif", "negative amount"),
        ("« {column} » : {value} € est négatif.", '"{column}": {value} € is negative.'), _AT_SOURCE),
    "unknown_value": _build_kind(_E, ("valeur inconnue", "unknown value"),
        ("« {column} » : « {value} » n'a pas d'équivalent.", '"{column}": "{value}" has no equivalent.'),
        ("Ajoutez-la sous « values » dans mapping.yaml.", 'Add it under "values" in mapping.yaml.')),
    "duplicate_number": _build_kind(_E, ("numéro déjà pris", "number already taken"),
        ("Le numéro {value} est déjà à la ligne {expected}.", "The number {value} is already in row {expected}."),
        ("Gardez une ligne, ou mettez « duplicates: number » ou « last » dans mapping.yaml.",
         'Keep one row, or write "duplicates: number" or "last" in mapping.yaml.')),
    "renumbered": _build_kind(_W, ("numéro déjà pris, ligne renumérotée", "number already taken, row renumbered"),
        ("Le numéro {value} est déjà à la ligne {expected} : autre demande du même projet.",
         "The number {value} is already in row {expected}: another request of the same project."),
        ("Vérifiez que ce n'est pas deux fois la même demande.", "Check that it is not the same request twice.")),
    "error_cell": _build_kind(_W, ("erreur de tableur", "spreadsheet error"),
        ("« {column} » vaut « {value} ».", '"{column}" is "{value}".'),
        ("Corrigez la formule dans le fichier d'origine.", "Correct the formula in the original file.")),
    "zero_amount": _build_kind(_W, ("montant nul", "amount of zero"),
        ("« {column} » vaut 0 €.", '"{column}" is 0 €.'), _LOOK),
    "zero_as_empty": _build_kind(_I, ("0 tenu pour vide", "0 taken as empty"),
        ("« {column} » : l'export écrit 0 quand rien n'a été répondu ; tenu pour vide.",
         '"{column}": the export writes 0 where nothing was answered; taken as empty.'),
        ("Ôtez la colonne de « zero_is_empty » dans mapping.yaml si 0 est une réponse.",
         'Take the column out of "zero_is_empty" in mapping.yaml if 0 is an answer.')),
    "grant_above_cost": _build_kind(_W, ("aide au-dessus du coût", "grant above cost"),
        ("L'aide ({value} €) dépasse le coût ({expected} €).",
         "The grant ({value} €) exceeds the cost ({expected} €)."),
        _LOOK),
    "grant_above_base": _build_kind(_W, ("aide au-dessus de l'assiette", "grant above the eligible base"),
        ("L'aide ({value} €) dépasse l'assiette ({expected} €).",
         "The grant ({value} €) exceeds the eligible base ({expected} €)."), _LOOK),
    "base_above_cost": _build_kind(_W, ("assiette au-dessus du coût", "eligible base above cost"),
        ("L'assiette ({value} €) dépasse le coût ({expected} €).",
         "The eligible base ({value} €) exceeds the cost ({expected} €)."), _LOOK),
    "split_total": _build_kind(_W, ("parts qui ne font pas le total", "parts that do not add up"),
        ("L'aide demandée ({value} €) n'est pas la somme de ses parts ({expected} €).",
         "The sum asked ({value} €) is not that of its parts ({expected} €)."),
        ("Les parts sont prises ; vérifiez auprès du porteur.", "The parts are taken; check with the applicant.")),
    "rate_above_cap": _build_kind(_W, ("taux au-dessus du plafond légal", "rate above the legal cap"),
        ("Le taux ({value} %) dépasse {expected} %.", "The rate ({value} %) exceeds {expected} %."),
        ("Ramenez l'aide au plafond, ou relevez la dérogation (CGCT R. 2334-27, L. 1111-10).",
         "Bring the grant down to the cap, or note the waiver (CGCT R. 2334-27, L. 1111-10).")),
    "rate_rounded": _build_kind(_I,
        ("taux au-dessus du plafond, par l'arrondi seul", "rate above the cap by rounding"),
        ("Le taux ({value} %) dépasse {expected} % de moins d'un centième de point.",
         "The rate ({value} %) exceeds {expected} % by less than a hundredth of a point."),
        ("Ôtez les centimes de trop si le plafond doit être exact.",
         "Take off the cents if the cap must be exact.")),
    "department_commune": _build_kind(_W, ("département contraire à la commune", "department against the commune"),
        ("Le département {value} n'est pas celui de la commune, {expected}.",
         "The department {value} is not that of the commune, {expected}."), _LOOK),
    "population_map": _build_kind(_W, ("population éloignée de la carte", "population unlike the map's"),
        ("La population ({value}) s'écarte de plus de 10 % de celle de la carte ({expected}).",
         "The population ({value}) differs by more than 10 % from the map's ({expected})."),
        ("Vérifiez l'année du recensement et le code du porteur.",
         "Check the census year and the applicant's code.")),
    "applicant_off_map": _build_kind(_I,
        ("porteur que la carte ne connaît pas", "applicant that the map does not know"),
        ("Un porteur de type « {value} » n'est pas sur la carte : sa population ne se complète pas.",
         'An applicant of type "{value}" is not on the map: its population cannot be filled.'),
        ("Écrivez « members » si une règle compte ses habitants.",
         'Write "members" if a rule counts its inhabitants.')),
    "code_off_map": _build_kind(_W, ("code absent de la carte", "code not on the map"),
        ("« {column} » : le code {value} n'est pas sur la carte.",
         '"{column}": the code {value} is not on the map.'),
        ("Commune nouvelle ou erreur : vérifiez le code.", "A merged commune or a mistake: check the code.")),
    "check_digit": _build_kind(_W,
        ("SIREN ou SIRET dont la clé est fausse", "SIREN or SIRET with a wrong check digit"),
        ("« {value} » : la clé de contrôle est fausse.", '"{value}": the check digit is wrong.'), _LOOK),
    "code_length": _build_kind(_W, ("identifiant d'une longueur inconnue", "identifier of unknown length"),
        ("« {value} » n'est ni un SIRET, ni un SIREN, ni un code INSEE.",
         '"{value}" is neither a SIRET, a SIREN nor an INSEE code.'), _LOOK),
    "code_repaired": _build_kind(_I, ("code réparé", "code repaired"),
        ("« {column} » : « {value} » a été lu {expected}.", '"{column}": "{value}" was read as {expected}.'),
        ("Mettez la colonne au format texte dans le fichier d'origine.",
         "Format the column as text in the original.")),
    "dates_reversed": _build_kind(_W, ("dates à l'envers", "dates reversed"),
        ("« {column} » ({value}) est avant {expected}.", '"{column}" ({value}) is before {expected}.'), _LOOK),
    "started_before": _build_kind(_I, ("commencé avant le dépôt", "started before it was filed"),
        ("L'opération commence ({value}) avant le dépôt ({expected}).",
         "The work starts ({value}) before it was filed ({expected})."),
        ("Vérifiez la dérogation (CGCT R. 2334-24).", "Check the waiver (CGCT R. 2334-24).")),
    "likely_double": _build_kind(_W, ("doublon probable", "likely duplicate"),
        ("Même porteur, même intitulé et mêmes montants que le dossier {expected}.",
         "Same applicant, same title and same amounts as dossier {expected}."),
        ("Gardez-en un, ou expliquez la différence.", "Keep one, or explain the difference.")),
    "similar": _build_kind(_I, ("dossier ressemblant", "similar dossier"),
        ("Même porteur que le dossier {expected}, et intitulé semblable.",
         "Same applicant as dossier {expected}, and a similar title."),
        ("Vérifiez que ce sont deux opérations.", "Check that these are two operations.")),
    "spelling": _build_kind(_I, ("variante d'écriture", "spelling variant"),
        ("« {column} » : « {value} » est écrit d'ordinaire « {expected} ».",
         '"{column}": "{value}" is usually written "{expected}".'),
        ("Unifiez-les sous « values » dans mapping.yaml si une règle en dépend.",
         'Make them one under "values" in mapping.yaml if a rule depends on it.')),
    "rounded": _build_kind(_I, ("montant arrondi au centime", "amount rounded to the cent"),
        ("« {column} » : {value} a été arrondi à {expected} €.",
         '"{column}": {value} was rounded to {expected} €.'),
        ("Rien à faire si le centime suffit.", "Nothing to do if a cent is precise enough.")),
    "person": _build_kind(_I, ("personne physique, non reprise", "natural person, not kept"),
        ("Le demandeur est une personne physique : ni nom ni numéro ne sont repris.",
         "The applicant is a natural person: neither name nor number is kept."),
        ("Gardez la colonne dans mapping.yaml si vous en avez le droit.",
         "Keep the column in mapping.yaml if you are entitled to.")),
    "masked": _build_kind(_I, ("adresse électronique masquée", "e-mail address masked"),
        ("« {column} » contenait une adresse électronique, masquée.",
         '"{column}" held an e-mail address, masked.'),
        ("Rien à faire.", "Nothing to do.")),
    "control_rows": _build_kind(_E, ("nombre de lignes contraire au contrôle", "row count against the control"),
        ("{value} lignes lues, le contrôle en attend {expected}.",
         "{value} rows read, the control expects {expected}."),
        ("Vérifiez que le fichier est le bon et qu'il est complet.",
         "Check that the file is the right one and complete.")),
    "control_total": _build_kind(_E, ("total contraire au contrôle", "total against the control"),
        ("« {column} » : la somme est {value} €, le contrôle attend {expected} €.",
         '"{column}": the sum is {value} €, the control expects {expected} €.'),
        ("Vérifiez que le fichier est le bon et qu'il est complet.",
         "Check that the file is the right one and complete.")),
}  # fmt: skip
"""Every kind of finding by its code, in the order of the report."""

SCHEMA = {
    "code": pl.String,
    "index": pl.UInt32,
    "column": pl.String,
    "value": pl.String,
    "expected": pl.String,
}
"""Columns of a table of findings; `index` is the row of the table (from 0), null for the table as a whole."""


def build_empty_table() -> pl.DataFrame:
    """Return a table without findings."""
    return pl.DataFrame(schema=SCHEMA)


def build_findings(
    code: str,
    mask: pl.Series,
    column: str,
    value: pl.Series | str | None = None,
    expected: pl.Series | str | None = None,
) -> pl.DataFrame:
    """Return a finding for each row where a Boolean series is True; null counts as False.

    `value` and `expected` are texts of all rows, or one text for all.
    """
    indices = mask.fill_null(value=False).arg_true()
    if not len(indices):
        return build_empty_table()
    return pl.DataFrame(
        {
            "code": pl.Series([code], dtype=pl.String).new_from_index(0, len(indices)),
            "index": indices.cast(pl.UInt32),
            "column": pl.Series([column], dtype=pl.String).new_from_index(0, len(indices)),
            "value": _take_texts(value, indices),
            "expected": _take_texts(expected, indices),
        }
    )


def _take_texts(text: pl.Series | str | None, indices: pl.Series) -> pl.Series:
    if isinstance(text, pl.Series):
        return text.gather(indices).cast(pl.String).fill_null("")
    return pl.Series([text or ""], dtype=pl.String).new_from_index(0, len(indices))


def format_euros(cents: pl.Series) -> pl.Series:
    """Return amounts in euros as text, « 12.50 », with cents only where there are some."""
    size = cents.abs()
    sign = pl.select(pl.when(cents < 0).then(pl.lit("-")).otherwise(pl.lit(""))).to_series()
    whole, rest = (size // 100).cast(pl.String), (size % 100).cast(pl.String).str.zfill(2)
    return (sign + whole + "." + rest).str.strip_suffix(".00")


def build_table_finding(code: str, column: str, value: str, expected: str) -> pl.DataFrame:
    """Return a finding about the table as a whole."""
    return pl.DataFrame([[code], [None], [column], [value], [expected]], schema=SCHEMA)


def combine_findings(tables: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Combine findings: the most severe kinds first, then by row."""
    order = {code: (list(Severity).index(kind.severity), k) for k, (code, kind) in enumerate(KINDS.items())}
    rank = {code: k for k, code in enumerate(sorted(order, key=order.__getitem__))}
    both = pl.concat([build_empty_table(), *tables])
    return both.sort(
        pl.col("code").replace_strict(rank, return_dtype=pl.Int32), "index", "column", maintain_order=True
    )
