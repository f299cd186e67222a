"""How a list treats classes of applicants: sentences and tables of figures, without a judgement."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import partial
from types import MappingProxyType

from tnt_sim.analysis.equity.applicant_classes import (
    LARGE,
    MAINLAND,
    OVERSEAS,
    SIZES,
    SMALL,
    SMALL_COMMUNE,
    list_size_codes,
    rank_class,
)
from tnt_sim.analysis.equity.list_equity import APPLICANT, DEPARTMENT, EquityClass, EquityIndex, ListEquity
from tnt_sim.domain.money import divide_cents
from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.i18n.message import Bilingual, Lang, Text, _, _n, _p, join_sentences
from tnt_sim.i18n.parameters import Count, Money, Rate, Rounded
from tnt_sim.reporting.report_tree import (
    Column,
    Kind,
    Node,
    Paragraph,
    Report,
    Section,
    Table,
    write_both,
)
from tnt_sim.reporting.text.size_names import list_size_names
from tnt_sim.rules.expressions.column_text import describe_value

INDEX_DECIMALS = 3
DIMENSION: Mapping[str, Text] = MappingProxyType(
    {
        "": _("All applications"),
        "size": _("By size of the applicant"),
        "commune": _("Small communes and the others"),
        "rural": _("Rural and urban"),
        "overseas": _("Mainland France and overseas"),
        "applicant_type": _("By applicant type"),
    }
)
"""Titles of the dimensions."""
_PLACES = {
    SMALL: _("communes below {n} inhabitants", n=Count(SMALL_COMMUNE)),
    LARGE: _("communes of {n} inhabitants and more", n=Count(SMALL_COMMUNE)),
    MAINLAND: _("mainland France and Corsica"),
    OVERSEAS: _("overseas"),
}
_REST = {
    "size": _("unknown population"),
    "commune": _("no commune, or unknown population"),
    "rural": _("class not known"),
    "overseas": _("department not known"),
    "applicant_type": _("type not known"),
}
_UNITS = {APPLICANT: _("applicants"), DEPARTMENT: _("departments")}
ABOUT_HEADS = _("Inhabitants: those of the applicants that filed, each applicant once.")
ABOUT_OVERLAP = _("A commune and its group of communes are two applicants, whose inhabitants overlap.")
ABOUT_INDICES = _(
    "Both indices are 0 where every unit has as much per inhabitant, and rise with the differences."
)
INDICES = _("Gini and Theil indices")
SPLITS = _("Theil index between applicants, in two parts")
ABOUT_SMALL = _(
    "The data have no density class: the line between communes is {n} inhabitants, and says nothing of rural or "
    "urban.",
    n=Count(SMALL_COMMUNE),
)


def label_class(entry: EquityClass) -> Text:
    """Return the name of a class in words."""
    if entry.class_ == "":
        return _REST.get(entry.dimension, DIMENSION[""])
    if entry.dimension == "size":
        return write_both(partial(_label_size, list_size_codes().index(entry.class_)))
    if entry.dimension == "applicant_type":
        return describe_value("applicant_type", entry.class_)
    return _PLACES.get(entry.class_, Bilingual(entry.class_, entry.class_))


def _label_size(number: int, lang: Lang) -> str:
    assert number <= len(SIZES)
    return list_size_names(lang)[number]


def describe_total(equity: ListEquity) -> Text:
    """Say how many applications were filed, eligible and funded, and which part of the money asked was granted."""
    total = equity.total
    filed = _n("Filed: {n} application", "Filed: {n} applications", n=total.n_dossiers)
    counts = _(
        "{filed}, {eligible} of them eligible ({eligible_share}) and {funded} funded ({funded_share}).",
        filed=filed,
        eligible=Count(total.n_eligible),
        eligible_share=Rate(total.eligible_share or Fraction(0), 1),
        funded=Count(total.n_funded),
        funded_share=Rate(total.funded_share or Fraction(0), 1),
    )
    if total.money_share is None:
        return counts
    money = _(
        "Granted: {granted} of {requested} requested ({share}).",
        granted=Money(total.granted_cents),
        requested=Money(total.requested_cents),
        share=Rate(total.money_share, 1),
    )
    return join_sentences(counts, money)


def describe_heads(equity: ListEquity, dimension: str) -> Text | None:
    """Say what small communes and the others, or mainland and overseas, get per inhabitant; None for one alone."""
    pair = _find_pair(equity, dimension)
    if pair is None or not all(entry.inhabitants for entry in pair):
        return None
    first, second = (Money(round_per_head(entry)) for entry in pair)
    if dimension == "commune":
        return _(
            "Communes below {n} inhabitants receive {small} per inhabitant, the others {large}.",
            n=Count(SMALL_COMMUNE),
            small=first,
            large=second,
        )
    if dimension == "rural":
        return _(
            'Per inhabitant, {first} in the class "{name}" and {second} in the class "{other}".',
            first=first,
            name=pair[0].class_,
            second=second,
            other=pair[1].class_,
        )
    return _(
        "Applicants of mainland France and Corsica receive {mainland} per inhabitant, those overseas {overseas}.",
        mainland=first,
        overseas=second,
    )


def describe_success(equity: ListEquity, dimension: str) -> Text | None:
    """Say which part of the applications of the same classes is funded; None for one class alone."""
    pair = _find_pair(equity, dimension)
    if pair is None:
        return None
    first, second = (
        _(
            "{share} ({funded} of {filed})",
            share=Rate(entry.funded_share or Fraction(0), 1),
            funded=Count(entry.n_funded),
            filed=Count(entry.n_dossiers),
        )
        for entry in pair
    )
    if dimension == "commune":
        return _(
            "Applications of communes below {n} inhabitants that are funded: {small}; of the others: {large}.",
            n=Count(SMALL_COMMUNE),
            small=first,
            large=second,
        )
    if dimension == "rural":
        return _(
            'Applications funded in the class "{name}": {first}; in the class "{other}": {second}.',
            first=first,
            name=pair[0].class_,
            second=second,
            other=pair[1].class_,
        )
    return _(
        "Applications of mainland France and Corsica that are funded: {mainland}; overseas: {overseas}.",
        mainland=first,
        overseas=second,
    )


def _find_pair(equity: ListEquity, dimension: str) -> tuple[EquityClass, EquityClass] | None:
    """Return small communes and the others, two rural classes, or mainland and overseas; None for one alone."""
    if dimension not in ("commune", "rural", "overseas"):
        return None
    named = [entry for entry in equity.list_classes(dimension) if entry.class_]
    return (named[0], named[1]) if len(named) == 2 else None


def list_size_heads(equity: ListEquity) -> list[EquityClass]:
    """Return the size classes with known inhabitants."""
    return [entry for entry in equity.list_classes("size") if entry.inhabitants]


def describe_size_heads(equity: ListEquity) -> Text | None:
    """Say which sizes get most and least per inhabitant; None for fewer than two sizes, or without money."""
    sizes = list_size_heads(equity)
    if len(sizes) < 2 or not any(entry.known_cents for entry in sizes):
        return None
    most, least = (choose(sizes, key=lambda entry: entry.per_head_cents or 0) for choose in (max, min))
    return _(
        "Per inhabitant, {high} where the applicant has {most} inhabitants, {low} where it has {least}",
        high=Money(round_per_head(most)),
        most=label_class(most),
        low=Money(round_per_head(least)),
        least=label_class(least),
    )


def round_per_head(entry: EquityClass) -> int | None:
    """Return the money per inhabitant to the nearest cent; None without known inhabitants."""
    return _round_cents(entry.per_head_cents)


def _round_cents(cents: Fraction | None) -> int | None:
    return None if cents is None else divide_cents(cents.numerator, cents.denominator)


def describe_index(index: EquityIndex) -> Text:
    """Say both indices between units, and how they stood in the register."""
    units = _("{n} {units}", n=Count(index.n_units), units=_UNITS[index.unit])
    words = _(
        "Between {units}: Gini index {gini}, Theil index {theil}.",
        units=units,
        gini=_round_index(index.gini),
        theil=_round_index(index.theil),
    )
    if index.before_gini is None or index.before_theil is None:
        return words
    change = _(
        "With what was signed before: {gini} and {theil}.",
        gini=_round_index(index.before_gini),
        theil=_round_index(index.before_theil),
    )
    return join_sentences(words, change)


def describe_indices(equity: ListEquity) -> Text:
    """Say the indices between applicants and departments; that there are none without money for two of them."""
    if not equity.indices:
        return _(
            "No index: it needs two applicants with known inhabitants, and money granted to one of them."
        )
    return join_sentences(*map(describe_index, equity.indices))


def describe_unknown(equity: ListEquity) -> Text | None:
    """Say how many applications have no known inhabitants, and so no money per head; None if all have some."""
    n = equity.total.n_unknown
    if not n:
        return None
    return _n(
        "{n} application has no known inhabitants: its money is in no figure per head and in no index.",
        "{n} applications have no known inhabitants: their money is in no figure per head and in no index.",
        n=n,
    )


def _round_index(index: Fraction) -> Rounded:
    return Rounded(float(index), INDEX_DECIMALS)


def build_class_columns(entries: Sequence[EquityClass]) -> list[Column]:
    """Return the figures of classes; with a register also what it had per head."""
    columns = [
        Column(_("Class"), [label_class(entry) for entry in entries]),
        Column(_("Filed"), [entry.n_dossiers for entry in entries], Kind.COUNT),
        Column(_("Eligible"), [entry.n_eligible for entry in entries], Kind.COUNT),
        Column(_p("equity", "Funded applications"), [entry.n_funded for entry in entries], Kind.COUNT),
        Column(_("Share funded"), [_round_share(entry.funded_share) for entry in entries], Kind.RATE),
        Column(_("Requested"), [entry.requested_cents for entry in entries], Kind.ROUND_MONEY, optional=True),
        Column(_("Granted"), [entry.granted_cents for entry in entries], Kind.ROUND_MONEY),
        Column(_("Share granted"), [_round_share(entry.money_share) for entry in entries], Kind.RATE),
        Column(_("Inhabitants"), [entry.inhabitants or None for entry in entries], Kind.COUNT),
        Column(_("Per inhabitant"), [round_per_head(entry) for entry in entries], Kind.MONEY),
    ]
    if all(entry.before_cents is None for entry in entries):
        return columns
    heads = [_round_cents(entry.before_per_head_cents) for entry in entries]
    return [*columns, Column(_("Per inhabitant, signed before"), heads, Kind.MONEY)]


def _round_share(share: Fraction | None) -> Fraction | None:
    return None if share is None else round(share, 3)


def build_split_columns(equity: ListEquity) -> list[Column]:
    """Return the parts of the Theil index between applicants by dimension, and the share between classes."""
    splits = equity.splits
    index = equity.find_index(APPLICANT)
    whole = Fraction(0) if index is None else index.theil
    shares = [min(Fraction(1), split.between / whole) if whole else None for split in splits]
    return [
        Column(_("Classes"), [DIMENSION[split.dimension] for split in splits]),
        Column(_("Between classes"), [_round_part(split.between) for split in splits], Kind.DECIMAL),
        Column(_("Within classes"), [_round_part(split.within) for split in splits], Kind.DECIMAL),
        Column(_("Share between classes"), [_round_share(share) for share in shares], Kind.RATE),
    ]


def _round_part(index: Fraction | None) -> Fraction | None:
    return None if index is None else round(index, INDEX_DECIMALS)


def build_index_columns(equity: ListEquity) -> list[Column]:
    """Return both indices by unit; with a register also as it stood."""
    columns = [
        Column(_("Between"), [_UNITS[entry.unit] for entry in equity.indices]),
        Column(_p("count", "Number"), [entry.n_units for entry in equity.indices], Kind.COUNT),
        Column(_("Gini index"), [_round_part(entry.gini) for entry in equity.indices], Kind.DECIMAL),
        Column(_("Theil index"), [_round_part(entry.theil) for entry in equity.indices], Kind.DECIMAL),
    ]
    if not equity.is_compared:
        return columns
    ginis = [_round_part(entry.before_gini) for entry in equity.indices]
    theils = [_round_part(entry.before_theil) for entry in equity.indices]
    return [
        *columns,
        Column(_("Gini index, signed before"), ginis, Kind.DECIMAL),
        Column(_("Theil index, signed before"), theils, Kind.DECIMAL),
    ]


def list_remarks(equity: ListEquity) -> list[Text]:
    """Return what a reader must know of the figures."""
    remarks = [ABOUT_HEADS]
    if {"commune", "overseas"} & set(equity.dimensions):
        remarks.append(ABOUT_OVERLAP)
    if "commune" in equity.dimensions:
        remarks.append(ABOUT_SMALL)
    unknown = describe_unknown(equity)
    return remarks if unknown is None else [*remarks, unknown]


def build_sections(equity: ListEquity) -> Iterator[Section]:
    """Yield the table of each dimension below its sentences, then the indices."""
    for dimension in equity.dimensions:
        sentences = [describe_heads(equity, dimension), describe_success(equity, dimension)]
        nodes: list[Node] = [Paragraph(text) for text in sentences if text is not None]
        columns = build_class_columns(equity.list_classes(dimension))
        yield Section(DIMENSION[dimension], [*nodes, Table(columns, narrow_cards=True)])
    nodes = [Paragraph(describe_indices(equity)), Paragraph(ABOUT_INDICES, soft=True)]
    if equity.splits:
        nodes.append(Table(build_split_columns(equity), SPLITS, narrow_cards=True))
    yield Section(INDICES, nodes)


def build_compared_section(equities: Mapping[str, ListEquity]) -> Section:
    """Return the share funded and the money per inhabitant of each class, for each of several lists."""
    dimensions = dict.fromkeys(name for equity in equities.values() for name in equity.dimensions)
    tables = [_build_compared_table(equities, dimension) for dimension in dimensions]
    return Section(_("Equity"), [Paragraph(ABOUT_HEADS, soft=True), *tables], annex=True)


def _build_compared_table(equities: Mapping[str, ListEquity], dimension: str) -> Table:
    known = {
        name: {entry.class_: entry for entry in equity.list_classes(dimension)}
        for name, equity in equities.items()
    }
    every = {code: entry for classes in known.values() for code, entry in classes.items()}
    codes = sorted(every, key=lambda code: rank_class(dimension, code))
    columns = [Column(_("Class"), [label_class(every[code]) for code in codes])]
    for name, classes in known.items():
        entries = [classes.get(code) for code in codes]
        shares = [None if entry is None else _round_share(entry.funded_share) for entry in entries]
        heads = [None if entry is None else round_per_head(entry) for entry in entries]
        columns.append(Column(_("{name}: share funded", name=name), shares, Kind.RATE))
        columns.append(Column(_("{name}: per inhabitant", name=name), heads, Kind.MONEY))
    return Table(columns, DIMENSION[dimension], narrow_cards=True)


def build_report(equity: ListEquity, run: StoredRun) -> Report:
    """Return the report of the equity of a decision."""
    return Report(
        title=_("Equity"),
        subject=run.title,
        answer=[Paragraph(describe_total(equity))],
        nodes=[
            Paragraph(describe_total(equity)),
            *build_sections(equity),
            *(Paragraph(text, soft=True) for text in list_remarks(equity)),
        ],
        synthetic=run.synthetic,
        day=run.spec.date,
    )
