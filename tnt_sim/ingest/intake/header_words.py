"""The meaning of a header in the words that services use: « Note /20 », « Population DGF », « Avis DDT »."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import cache

from tnt_sim.domain.portfolio import CANONICAL, ColumnKind
from tnt_sim.i18n.numbers import EURO, get_currency
from tnt_sim.ingest.intake.header_units import (
    find_header_sign,
    find_unit_factor,
    has_odd_scale,
    remove_odd_scale,
    remove_unit,
)
from tnt_sim.ingest.tables.headers import SYNONYMS, derive_names, normalise_header


class Role(StrEnum):
    """Likely content of a column without canonical name."""

    OPINION = "opinion"
    RATE = "rate"


GRANTED = (
    "montant sub", "montant subvention", "montant de la subvention", "subvention", "subvention accordee",
    "montant accorde", "montant engage", "montant attribue", "subvention attribuee", "montant", "grant",
)  # fmt: skip
"""Headers of granted amounts, which stand for the request where the table has none."""

OTHER_LANGUAGES: Mapping[str, tuple[str, ...]] = {
    "dossier": (
        "Ref", "Ref.", "Reference no", "Project no.", "Application ID", "Case number", "Gesuchsnummer",
        "Gesuch Nr.", "Dossier-Nr.", "Antragsnummer", "Saksnummer", "Saksnr.", "Søknadsnummer", "Diarienummer",
        "Numero do projeto", "N° do projeto", "Protocolo", "Numero de expediente", "Expediente", "Numero domanda",
        "Numero pratica",
    ),
    "title": (
        "Project", "Project name", "Project title", "Scheme", "Projekttitel", "Projekt", "Projektbezeichnung",
        "Prosjekt", "Prosjekttittel", "Prosjektnavn", "Projektnamn", "Titulo do projeto", "Projeto",
        "Nome do projeto", "Titulo del proyecto", "Proyecto", "Titolo del progetto", "Progetto",
    ),
    "applicant": (
        "Applicant", "Applicant organisation", "Organisation", "Organization", "Council", "Local authority",
        "Municipality", "Gesuchsteller", "Gesuchstellerin", "Antragsteller", "Gemeinde", "Søker", "Kommune",
        "Sokande", "Kommun", "Proponente", "Municipio", "Prefeitura", "Solicitante", "Municipio", "Richiedente",
        "Comune",
    ),
    "cost": (
        "Total cost", "Total project cost", "Project cost", "Total budget", "Gesamtkosten", "Projektkosten",
        "Totalkostnad", "Totale kostnader", "Prosjektkostnad", "Total kostnad", "Custo total", "Valor total",
        "Coste total", "Costo total", "Costo totale",
    ),
    "base": (
        "Eligible cost", "Eligible costs", "Eligible expenditure", "Anrechenbare Kosten",
        "Beitragsberechtigte Kosten", "Støtteberettigede kostnader", "Custo elegivel", "Coste elegible",
        "Costi ammissibili",
    ),
    "requested": (
        "Grant requested", "Amount requested", "Requested amount", "Amount sought", "Grant sought",
        "Funding requested", "Beantragter Beitrag", "Beantragter Betrag", "Gesuchter Beitrag", "Søknadsbeløp",
        "Søkt beløp", "Omsøkt beløp", "Sokt belopp", "Valor solicitado", "Valor pleiteado", "Importe solicitado",
        "Monto solicitado", "Contributo richiesto", "Importo richiesto",
    ),
    "population": (
        "Population", "Inhabitants", "Residents", "Einwohner", "Einwohnerzahl", "Innbyggere", "Innbyggertall",
        "Invanare", "Populacao", "Habitantes", "Poblacion", "Abitanti", "Popolazione",
    ),
    "score": (
        "Score", "Points", "Assessment score", "Total score", "Punkte", "Punktzahl", "Bewertung", "Poeng",
        "Poengsum", "Poang", "Pontuacao", "Nota", "Puntuacion", "Puntaje", "Punteggio",
    ),
    "filed_at": (
        "Date received", "Received on", "Submission date", "Eingangsdatum", "Mottatt dato", "Ansokningsdatum",
        "Data de entrada", "Fecha de solicitud", "Data di presentazione",
    ),
    "envelope": (
        "Fund", "Programme", "Program", "Funding stream", "Forderprogramm", "Programm", "Ordning",
        "Tilskuddsordning", "Programa", "Linha", "Fondo", "Programma",
    ),
}  # fmt: skip
"""Headers of other countries by canonical column; « 60 » ranks them behind the French ones."""

_UNITS = re.compile(
    r"\b(?:en|euros?|eur|ht|ttc|keuros?|meuros?|ke|me|k|milliers d euros|millions d euros|milliers|millions"
    r"|hab|sur \d+|20\d\d|\d{1,3}|previsionnel(?:le)?s?|detr|dsil|dsid|fnadt|dgf|insee)\b"
)
_SUM = r"(?:montant|subvention|aide|dotation|fonds|somme|participation|concours)s?"
_WORK = r"(?:projet|operation|travaux|dossier|action|investissement)s?"
_BODY = (
    r"(?:collectivite|demandeur|porteur|beneficiaire|maitre d ouvrage|maitrise d ouvrage|mo|structure|organisme"
    r"|commune ou epci|commune epci|collectivites|applicant|beneficiary|organisation|commune|communes|ville)"
)
_PATTERNS: tuple[tuple[str, str], ...] = (
    (
        "dossier",
        r"(?:n|no|num|numero|ref|reference|references|id|identifiant|code)"
        r"(?: (?:du|de|d|la|ordre|dossier|demande|ds|demarche|operation|projet|enregistrement|interne|chrono))*",
    ),
    ("dossier", r"(?:application|project|file) (?:no|number|id|ref|reference)|ref no|dossier|dossiers|chrono"),
    ("base", r"(?:montant|depenses?|base|cout|assiette)s?\b.*\b(?:subventionnable|eligible)s?(?: retenue?s?)?"),
    ("base", r"assiette(?: .*)?|base subvention|eligible (?:cost|expenses?)"),
    ("requested", rf".*\b{_SUM}\b.*\b(?:demande|sollicite|souhaite|requis)e?s?\b.*"),
    ("requested", rf"(?:demande|sollicite)e?s?(?: {_SUM})?|demande de subvention|amount requested|requested"),
    ("requested", r"grant requested|requested amount|total demande"),
    ("cost", rf"(?:cout|montant|budget|depenses?|devis)s?\b(?: \w+)*? (?:totale?|global|{_WORK})(?: \w+)*"),
    ("cost", r"(?:cout|budget|devis|depenses?|total cost|project cost|cost)s?"),
    ("score", r"(?:note|score|points|cotation|notation|evaluation|mark|rating)s?(?: (?:finale?|definitive|jury"
              r"|totale?|globale?|comite|technique|moyenne|obtenue?s?|du|de|la|commission|ddt|instructeur|selection|sur"
              r"|attribuee?))*"),
    ("score", r"(?:total|nombre|nb) (?:de |des )?points|moyenne(?: des notes)?"),
    ("population", r"(?:population|pop|habitants|inhabitants)"
                   r"(?: (?:municipale|totale|legale|de|la|commune|en|vigueur))*"),
    ("population", r"(?:nb|nbre|nombre)(?: d)?(?: habitants)?"),
    ("filed_at", r"(?:date )?(?:de |d )?(?:la |du )?(?:depot|reception|arrivee|depose|deposee|recu|recue|demande)"
                 r"(?: (?:le|du|de|la|dossier|demande|en|prefecture|ds))*"),
    ("filed_at", r"date(?: d)? ?(?:accuse|ar)\b.*|received|date received|filing date|submitted on"),
    ("start", rf"(?:date )?(?:de |du )?(?:debut|demarrage|commencement|lancement)(?: (?:des|de|du|l|d|{_WORK}))*"),
    ("end", rf"(?:date )?(?:de |d )?(?:fin|achevement)(?: (?:des|de|du|l|d|{_WORK}))*"),
    ("department", r"(?:code |n |no |num )?(?:dep|dept|dpt|departement)s?(?: (?:du|de|porteur|code|n))*"),
    ("department", r"department"),
    ("region", r"(?:code |nom )?region(?: (?:administrative|code))*"),
    ("commune", r"code (?:commune|geographique|cog)|cog"),
    ("applicant_id", r"(?:n |no |numero |code )?(?:de )?(?:siret|siren)(?: .*)?"),
    ("applicant_type", r"(?:type|nature|categorie|statut)(?: juridique)?(?: (?:de|du|d|la|l))*"
                       rf" {_BODY}|applicant type|type"),
    ("applicant", rf"(?:nom|denomination|raison sociale|libelle)?(?: (?:de|du|d|la|l))* ?{_BODY}"
                  r"(?: (?:du|de|porteur|projet|demandeur|maitre|d|ouvrage))*"),
    ("title", rf"(?:intitule|libelle|objet|titre|designation|denomination|nature|description|nom|projet|operation)"
              rf"(?: (?:de|du|d|des|la|l|{_WORK}|projete|demande|subvention))*"),
    ("title", r"project title|project name|project"),
    ("envelope", r"(?:dispositif|enveloppe|fonds|dotation|programme|axe|guichet|financeur|mesure|fund)"
                 r"(?: budgetaire)?"
                 r"(?: (?:de|d|financement|sollicite|demande|demandee|sollicitee|concerne))*"),
    ("state", r"(?:etat|statut|avancement|situation)(?: (?:de|du|d|l|la|dossier|demande|instruction))*"),
    ("state", r"(?:application )?status(?: of (?:the )?application)?"),
    ("other_public", r"(?:total )?(?:autres? )?(?:co ?)?(?:aides?|financements?|subventions?) publi\w+"
                     r"(?: (?:obtenu|sollicite|acquis)\w*)*"),
    ("other_state", r"autres? (?:aides?|subventions?|financements?|credits?) (?:de l )?etat"),
    ("other_private", r"(?:autres? )?(?:aides?|financements?) prives?|dons|mecenat"),
)  # fmt: skip
_COMPILED = tuple((name, re.compile(pattern)) for name, pattern in _PATTERNS)
_APPLICATION = re.compile(r"\b(?:dossiers?|demandes?|instruction|applications?)\b")
_OPINION = re.compile(r"\b(?:avis|opinion|decision|proposition|arbitrage|conclusion)\b")
_RATE = re.compile(r"\btaux\b|\bpourcentage\b|\brate\b|^%|%$")
_NO_AMOUNT = re.compile(
    r"\b(?:taux|date|annee|numero|nombre|reste|autofinancement|commentaires?|observations?)\b"
)
_FACTORS = (
    (re.compile(r"(?i)\bk\s?(?:€|eur|euros?|e)(?=\W|$)|\b(?:milliers|in thousands)\b(?! d.?hab)"), 1_000),
    (re.compile(r"(?i)\bm\s?(?:€|eur|euros?)(?=\W|$)|\bmillions\b(?! d.?hab)"), 1_000_000),
)
_STATED = re.compile(r"(?i)(?:\ben|\bunit\w*\s?:?|\()\s*(?:[km]\s?(?:€|eur)|milliers|millions)(?! d.?hab)")

_STATED_SIGN = re.compile(r"(?i)(?:\b(?:in|en|em|i)\s|\((?:in\s)?)\s*(?P<unit>[^()]{1,14}?)\s*(?:[).,;]|$)")


def find_title_factor(title: str) -> int:
    """Return by how much a title says that amounts are to be multiplied; a sum in a title says nothing.

    >>> find_title_factor("Demandes 2026 (en milliers d'euros)"), find_title_factor("Projets de plus de 100 k€")
    (1000, 1)
    >>> find_title_factor("All amounts in £000"), find_title_factor("Projects (100 k£)")
    (1000, 1)
    """
    stated = _STATED.search(title)
    if stated:
        return find_factor(stated[0])
    for stated in _STATED_SIGN.finditer(title):
        unit = f"({stated['unit']})"
        if stated["unit"].lower() == "thousands":
            return 1_000
        if not any(c.isalnum() for c in remove_unit(unit)):
            return find_unit_factor(unit)
    return 1


@cache
def _list_labels() -> Mapping[str, tuple[str, int]]:
    """Return the canonical column of each known label, with its rank among the labels of that column."""
    result: dict[str, tuple[str, int]] = {}
    for name, labels in SYNONYMS.items():
        for rank, label in enumerate(labels):
            result.setdefault(label, (name, rank))
    for name, headers in OTHER_LANGUAGES.items():
        for header in headers:
            result.setdefault(normalise_header(header), (name, 60))
    for name in CANONICAL:
        result.setdefault(name.replace("_", " "), (name, 0))
    # « Commune » and « EPCI » hold names more often than codes: the cells decide (`columns.py`).
    result["commune"] = ("applicant", 50)
    return result


def strip_units(label: str) -> str:
    """Return a header normalised, without units, years and scales.

    >>> strip_units("Note /20"), strip_units("Coût total HT (en k€)")
    ('note', 'cout total')
    """
    if has_other_sign(label):
        label = remove_unit(label)
    bare, currency = _UNITS.sub(" ", normalise_header(label.replace("€", " eur "))), get_currency()
    if currency == EURO:
        return " ".join(bare.split())
    own = {normalise_header(sign) for sign in (currency.symbol, currency.code)}
    return " ".join(word for word in bare.split() if word not in own)


def has_other_sign(label: str) -> bool:
    """Return whether a header names a currency other than the euro."""
    return find_header_sign(label) not in (None, EURO.symbol, EURO.code)


def identify_header(label: str) -> tuple[str, int] | None:
    """Return the canonical column that a header names, and its rank: the lower, the more certain.

    >>> identify_header("Note /20")
    ('score', 0)
    """
    if not label.strip():
        return None
    known = _list_labels()
    bare = strip_units(label)
    for text in derive_names(label):
        if text in known:
            return known[text]
    if bare in known and _can_be(known[bare][0], label):
        return known[bare]
    if _RATE.search(normalise_header(label)) or "%" in label:
        return None
    for order, (name, pattern) in enumerate(_COMPILED):
        if (
            pattern.fullmatch(bare)
            and _can_be(name, label)
            and not (_NO_AMOUNT.search(bare) and name in ("requested", "cost", "base"))
        ):
            return name, 100 + order
    plain = remove_odd_scale(label)
    found = identify_header(plain) if plain != label else None
    return found if found is not None and CANONICAL[found[0]] is ColumnKind.MONEY else None


def _can_be(name: str, label: str) -> bool:
    """Return whether a header may name a column: one with a currency names an amount."""
    return CANONICAL[name] is ColumnKind.MONEY or not has_other_sign(label)


def is_of_application(label: str) -> bool:
    """Return whether a header names the application itself, as « Statut du dossier » does.

    >>> is_of_application("État de la demande"), is_of_application("Statut")
    (True, False)
    """
    return bool(_APPLICATION.search(normalise_header(label)))


def identify_role(label: str) -> Role | None:
    """Return what a further column seems to hold: an opinion, a rate.

    >>> identify_role("Avis DDT"), identify_role("Taux (%)"), identify_role("Couleur")
    (<Role.OPINION: 'opinion'>, <Role.RATE: 'rate'>, None)
    """
    plain = normalise_header(label)
    if _RATE.search(plain) or "%" in label:
        return Role.RATE
    return Role.OPINION if _OPINION.search(plain) else None


def find_factor(label: str) -> int:
    """Return by how much the amounts below a header are to be multiplied: 1,000 for « (k€) ».

    >>> find_factor("Coût (k€)"), find_factor("Coût (M€)"), find_factor("Coût (€)")
    (1000, 1000000, 1)
    >>> find_factor("Grant requested (£000)"), find_factor("Gesamtkosten (k CHF)")
    (1000, 1000)
    """
    known = (factor for pattern, factor in _FACTORS if pattern.search(label))
    return next(known, find_unit_factor(label))


def is_scale_unclear(label: str) -> bool:
    """Return whether a header may say thousands or millions in a way that is not understood.

    >>> is_scale_unclear("Grant requested ($MM)"), is_scale_unclear("Coût (k€)")
    (True, False)
    """
    return find_factor(label) == 1 and has_odd_scale(label)
