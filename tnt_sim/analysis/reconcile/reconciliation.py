"""Reconcile the grants of a run with the lines of an accounting export, each of both in exactly one list.

A line whose label gives the number of a dossier belongs to it, and so do the lines of the same commitment and
supplier. The other lines are assigned by `assign_payments`, where the lines of one commitment and supplier are one
payment.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from tnt_sim.analysis.reconcile.payment_assignment import assign_payments
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.ingest.tables.headers import normalise_header

MOST_PAIRS = 250_000

"""Pairs of one supplier, name or amount; more of them are not looked at one by one."""

_SHORT = 6

"""Digits from which a number without a word before it may be that of a dossier."""

_MARK = r"(?i)\b(?:DS|dossiers?|demandes?)\b[\s:.#_-]*(?:n\s?[°o]\.?|num.ro)?[\s:.#_-]*"

_GOES_ON = r"(?:\s?\d|[/.-]\d)?"

"""Figures after a number, which make it a date or part of a longer number: « demande 12/03/2026 »."""

_BARE = rf"\b\d{{{_SHORT},10}}\b"

_MIXED = r"[0-9A-Za-z]+(?:[-_/.][0-9A-Za-z]+)+|[A-Za-z]+\d+[0-9A-Za-z]*"

_COMMON = frozenset(
    ["commune", "de", "du", "des", "d", "la", "le", "les", "l", "mairie", "ville", "et", "en", "sur"]
)


def build_number_key(texts: pl.Expr) -> pl.Expr:
    """Return a dossier's number as it is compared: capitals, no « DS- », and no zeros before a figure."""
    plain = texts.str.strip_chars().str.to_uppercase().str.replace(r"^DS[\s_-]*", "")
    return pl.when(plain.str.contains(r"^\d+$")).then(plain.str.replace(r"^0+(\d)", "${1}")).otherwise(plain)


def find_named_dossiers(lines: pl.DataFrame, dossiers: pl.DataFrame) -> pl.DataFrame:
    """Return `line` and `dossier` of each line whose label or reference gives the number of a dossier.

    A number of less than 6 digits counts after « DS », « dossier » or « demande » alone, and other numbers of a
    dossier only if they have a figure.

    Parameters
    ----------
    lines : `line`, `label`, `reference`
    dossiers : `dossier`
    """
    keys = dossiers.select("dossier", build_number_key(pl.col("dossier")).alias("key"))
    text = pl.concat_str("label", "reference", separator=" ; ")
    candidates = [
        lines.select(
            "line",
            text.str.extract_all(rf"{_MARK}\d{{1,10}}\b{_GOES_ON}")
            .list.eval(pl.element().str.extract(rf"^{_MARK}(\d{{1,10}})$"))
            .alias("key"),
        ),
        lines.select("line", text.str.extract_all(_BARE).alias("key")),
        lines.select("line", text.str.extract_all(_MIXED).alias("key")),
    ]
    tokens = pl.concat(one.explode("key").drop_nulls() for one in candidates)
    whole = lines.filter(pl.col("reference") != "").select("line", pl.col("reference").alias("key"))
    has_figure = keys.filter(pl.col("key").str.contains(r"\d"))
    named = (
        tokens.select("line", build_number_key(pl.col("key")).alias("key"))
        .join(has_figure, on="key")
        .select("line", "dossier")
    )
    referred = (
        whole.select("line", build_number_key(pl.col("key")).alias("key"))
        .join(keys, on="key")
        .select("line", "dossier")
    )
    return pl.concat([named, referred]).unique().sort("line", "dossier")


def add_supplier_keys(table: pl.DataFrame, identifier: str, name: str) -> pl.DataFrame:
    """Add `siret`, `siren` ("" if unknown), `name_key` and `name_word` of an organisation."""
    digits = (
        pl.col(identifier).fill_null("").str.replace_all(r"[\s\u00a0\u202f]", "").str.replace(r"\.0$", "")
    )
    names = table[name].fill_null("")
    words = {one: normalise_name(one) for one in names.unique().to_list()}
    keys = {one: " ".join(word) for one, word in words.items()}
    longest = {one: max(word, key=lambda each: (len(each), each), default="") for one, word in words.items()}
    return table.with_columns(
        pl.when(digits.str.contains(r"^\d{14}$")).then(digits).otherwise(pl.lit("")).alias("siret"),
        pl.when(digits.str.contains(r"^\d{14}$|^\d{9}$"))
        .then(digits.str.head(9))
        .otherwise(pl.lit(""))
        .alias("siren"),
        names.replace_strict(keys, return_dtype=pl.String).alias("name_key"),
        names.replace_strict(longest, return_dtype=pl.String).alias("name_word"),
    )


def normalise_name(name: str) -> tuple[str, ...]:
    """Return the words of a name that tell it from others, sorted.

    >>> normalise_name("Commune de Saint-Étienne-du-Bois")
    ('bois', 'etienne', 'saint')
    """
    words = normalise_header(name).split()
    return tuple(sorted({word for word in words if word not in _COMMON} or set(words)))


@cache
def compute_name_points(first: str, second: str) -> int:
    """Return how much two names differ, from 0 (the same words) to 20 (none in common).

    >>> compute_name_points("bois etienne saint", "etienne saint")
    4
    """
    one, other = set(first.split()), set(second.split())
    shared = 2 * len(one & other)
    return 20 - 20 * shared // (len(one) + len(other)) if one or other else 20


_COMPARED = ("siret", "siren", "name_key")


@dataclass(frozen=True, slots=True, eq=False)
class PaymentPairs:
    """Admissible pairs with their cost, and what was left out as too numerous.

    Attributes
    ----------
    pairs : `decision`, `payment`, `cost` (0 to 40), sorted
    crowded_decisions, crowded_payments : those with more than `MOST_PAIRS` pairs of one key
    """

    pairs: pl.DataFrame
    crowded_decisions: frozenset[int]
    crowded_payments: frozenset[int]


def find_pairs(decisions: pl.DataFrame, payments: pl.DataFrame) -> PaymentPairs:
    """Find the pairs of decisions and payments that may belong together, with the cost of their identity.

    The same SIRET costs 0, the same SIREN 10, the same name 20, if one of the two has no SIREN; so does a name
    with the same longest word, if the amount is the same. The difference of the names is added:
    up to 5 for the same SIREN, up to 20 otherwise.

    Parameters
    ----------
    decisions : `decision`, `cents`, and the columns of `add_supplier_keys`
    payments : `payment`, `cents`, and these columns
    """
    candidates: list[pl.DataFrame] = []
    crowded: tuple[set[int], set[int]] = (set(), set())
    known, unknown = pl.col("siren") != "", pl.col("siren") == ""
    for keys in (["siren"], ["name_key"], ["cents", "name_word"]):
        sides = [(known, known)] if keys == ["siren"] else [(unknown, pl.lit(value=True)), (known, unknown)]
        for left_side, right_side in sides:
            left = decisions.filter(left_side & (pl.col(keys[-1]) != ""))
            right = payments.filter(right_side & (pl.col(keys[-1]) != ""))
            dense = _list_crowded_keys(left, right, keys)
            crowded[0].update(left.join(dense, on=keys, how="semi")["decision"].to_list())
            crowded[1].update(right.join(dense, on=keys, how="semi")["payment"].to_list())
            right = right.select("payment", *keys, *(pl.col(one).alias(f"{one}_right") for one in _COMPARED))
            left = left.join(dense, on=keys, how="anti").select("decision", *{*keys, *_COMPARED})
            candidates.append(
                left.join(right, on=keys).select(
                    "decision", "payment", *_COMPARED, *(f"{one}_right" for one in _COMPARED)
                )
            )
    all_pairs = pl.concat(candidates).unique(["decision", "payment"])
    names = all_pairs.select("name_key", "name_key_right").unique()
    points = names.with_columns(
        pl.Series("points", [compute_name_points(*one) for one in names.iter_rows()], dtype=pl.Int64)
    )
    same_siren = (pl.col("siren") != "") & (pl.col("siren") == pl.col("siren_right"))
    same_siret = (pl.col("siret") != "") & (pl.col("siret") == pl.col("siret_right"))
    cost = (
        pl.when(same_siret)
        .then(pl.col("points") // 4)
        .when(same_siren)
        .then(10 + pl.col("points") // 4)
        .otherwise(20 + pl.col("points"))
    )
    pairs = all_pairs.join(points, on=["name_key", "name_key_right"]).select(
        "decision", "payment", cost.alias("cost")
    )
    return PaymentPairs(pairs.sort("decision", "payment"), frozenset(crowded[0]), frozenset(crowded[1]))


def _list_crowded_keys(left: pl.DataFrame, right: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """List the keys with more than `MOST_PAIRS` pairs."""
    sizes = left.group_by(keys).agg(pl.len().cast(pl.Int64).alias("n_left"))
    sizes = sizes.join(right.group_by(keys).agg(pl.len().cast(pl.Int64).alias("n_right")), on=keys)
    return sizes.filter(pl.col("n_left") * pl.col("n_right") > MOST_PAIRS).select(keys)


MATCHED, OTHER_AMOUNT, WITHOUT_LINE, WITHOUT_DECISION, DOUBTFUL = (
    "matched", "other_amount", "without_line", "without_decision", "doubtful",
)  # fmt: skip

LISTS = (MATCHED, OTHER_AMOUNT, WITHOUT_LINE, WITHOUT_DECISION, DOUBTFUL)


@dataclass(frozen=True, slots=True, eq=False)
class Reconciliation:
    """Two tables, of decisions and of lines.

    Attributes
    ----------
    decisions : `dossier`, `applicant`, `committed`, `granted_cents`, `n_lines`, `lines_cents`, `difference_cents`,
    `evidence` (null without a line), `why` (null unless doubtful), `list`
    lines : `line`, `number`, `supplier`, `label`, `day`, `cents`, `dossier` (null without one), `names` (a dossier
    that is not funded), `why`, `list`
    stopped : whether time ran out before each part was decided
    """

    decisions: pl.DataFrame
    lines: pl.DataFrame
    stopped: bool


def reconcile_lines(
    table: pl.DataFrame, lines: pl.DataFrame, deadline: Deadline = UNLIMITED
) -> Reconciliation:
    """Reconcile the grants of a table with lines.

    Parameters
    ----------
    table : `dossier`, `applicant`, `applicant_id`, `funded`, `granted_cents` and `committed_cents` of each
    application
    lines : of `read_accounting_lines`
    """
    decisions = add_supplier_keys(
        table.filter(pl.col("funded") & (pl.col("granted_cents") > 0)).select(
            "dossier",
            pl.col("applicant").fill_null(""),
            pl.col("applicant_id").fill_null(""),
            pl.col("committed_cents").is_not_null().alias("committed"),
            "granted_cents",
        ),
        "applicant_id",
        "applicant",
    ).with_row_index("decision")
    lines = add_supplier_keys(lines, "supplier_id", "supplier")
    named = find_named_dossiers(lines, table).join(
        decisions.select("dossier", "decision"), on="dossier", how="left"
    )
    lines = _group_commitments(lines, named)
    named_lines = _assign_named_lines(lines, named, decisions)
    open_decisions, payments, others = _select_open(decisions, named_lines)
    chosen, doubts, stopped = _assign_the_rest(open_decisions, payments, others, deadline)
    return _build_tables(decisions, named_lines, chosen, doubts, stopped=stopped)


def _group_commitments(lines: pl.DataFrame, named: pl.DataFrame) -> pl.DataFrame:
    """Add `payment`: the lines of one commitment and supplier, unless they name several dossiers."""
    supplier = pl.when(pl.col("siren") != "").then("siren").otherwise("name_key")
    own = pl.concat_str(pl.lit("L"), pl.col("line").cast(pl.String))
    key = (
        pl.when(pl.col("number") != "")
        .then(pl.concat_str(pl.lit("N"), "number", pl.lit("\t"), supplier))
        .otherwise(own)
    )
    lines = lines.with_columns(key.alias("key"))
    several = (
        lines.select("line", "key")
        .join(named, on="line")
        .group_by("key")
        .agg(pl.col("dossier").n_unique().alias("n"))
        .filter(pl.col("n") > 1)
    )  # fmt: skip
    split = pl.col("key").is_in(several["key"].implode())
    lines = lines.with_columns(pl.when(split).then(own).otherwise(pl.col("key")).alias("key"))
    return lines.with_columns((pl.col("key").rank("dense") - 1).cast(pl.Int64).alias("payment")).drop("key")


def _assign_named_lines(lines: pl.DataFrame, named: pl.DataFrame, decisions: pl.DataFrame) -> pl.DataFrame:
    """Add `decision` (of the dossier that is named), `names` and `why` of the lines of each payment."""
    by_payment = (
        lines.select("line", "payment").join(named, on="line").group_by("payment").agg(
            pl.col("dossier").n_unique().alias("n"), pl.col("dossier").min(), pl.col("decision").min(),
        )
    )  # fmt: skip
    own = decisions.select(
        "decision", "granted_cents", pl.col("siren").alias("own_siren"), pl.col("name_key").alias("own_name")
    )
    entry = pl.col("n") == 1
    known = (pl.col("siren") != "") & (pl.col("own_siren") != "")
    words = pl.col("name_key").str.split(" ").list.set_intersection(pl.col("own_name").str.split(" "))
    share_a_word = words.list.eval(pl.element() != "").list.any()
    amounts = (pl.col("cents"), pl.col("cents").sum().over("payment"), pl.col("cents").sum().over("decision"))
    same_amount = pl.any_horizontal(one == pl.col("granted_cents") for one in amounts)
    # The number stands in a column of its own, and nothing says that the supplier is another one.
    only_the_number = (pl.col("reference") != "") & (pl.col("name_key") == "")
    unlike = ~known & ~share_a_word & ~same_amount & ~only_the_number
    other = pl.when(known).then(pl.col("siren") != pl.col("own_siren")).otherwise(unlike)
    return (
        lines.join(by_payment, on="payment", how="left", maintain_order="left")
        .with_columns(pl.when(entry).then("decision").alias("decision"))
        .join(own, on="decision", how="left", maintain_order="left")
        .with_columns(
            pl.when(entry & pl.col("decision").is_null()).then("dossier").alias("names"),
            pl.when(pl.col("n") > 1)
            .then(pl.lit("two_numbers"))
            .when(pl.col("decision").is_not_null() & other)
            .then(pl.lit("supplier"))
            .alias("why"),
            (pl.col("n") > 1).fill_null(value=False).alias("several"),
        )
        .drop("dossier", "granted_cents", "own_siren", "own_name", "n")
    )


def _select_open(
    decisions: pl.DataFrame, named_lines: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return the decisions that lack money, with `cents` and `is_named`, and two tables of payments.

    The first ones name no dossier. The second ones name one that is not funded, of another supplier or of another
    amount: it may be a misread number.
    """
    paid = (
        named_lines.filter(pl.col("decision").is_not_null())
        .group_by("decision")
        .agg(pl.col("cents").sum().alias("paid"))
    )
    residual = (
        decisions.join(paid, on="decision", how="left", maintain_order="left")
        .with_columns(
            (pl.col("granted_cents") - pl.col("paid").fill_null(0)).alias("cents"),
            pl.col("paid").is_not_null().alias("is_named"),
        )
        .filter(pl.col("cents") != 0)
    )
    unsure = pl.col("why").is_not_null() | pl.col("decision").is_in(residual["decision"].implode())
    is_other = pl.col("names").is_not_null() | (pl.col("decision").is_not_null() & unsure)
    is_free = pl.col("decision").is_null() & pl.col("names").is_null() & ~pl.col("several")
    payments, others = (
        named_lines.filter(one)
        .group_by("payment", maintain_order=True)
        .agg(
            pl.col("cents").sum(), pl.col("siret").max(), pl.col("siren").max(),
            pl.col("name_key").max(), pl.col("name_word").max(), pl.col("line").min(), pl.col("decision").max(),
            pl.col("why").is_not_null().any().alias("doubted"),
        )
        .sort("line")
        .drop("line")
        for one in (is_free, is_other)
    )  # fmt: skip
    return residual, payments.drop("decision", "doubted"), others


def _assign_the_rest(
    decisions: pl.DataFrame, payments: pl.DataFrame, others: pl.DataFrame, deadline: Deadline
) -> tuple[dict[int, int], pl.DataFrame, bool]:
    """Assign free payments; `others` name a dossier, and may be for another decision of their supplier.

    Return the decision of each, `kind`, `index` and `why` of what is in doubt, and whether time ran out.
    """
    outcome = find_pairs(decisions, payments)
    named_pairs = find_pairs(decisions, others)
    chosen: dict[int, int] = {}
    doubts: list[tuple[str, int, str]] = []
    stopped = False
    for one in (outcome, named_pairs):
        doubts += [("decision", entry, "undecided") for entry in sorted(one.crowded_decisions)]
        doubts += [("payment", entry, "undecided") for entry in sorted(one.crowded_payments)]
    cents = dict(zip(decisions["decision"].to_list(), decisions["cents"].to_list(), strict=True))
    named = dict(zip(decisions["decision"].to_list(), decisions["is_named"].to_list(), strict=True))
    amounts = dict(zip(payments["payment"].to_list(), payments["cents"].to_list(), strict=True))
    siren = dict(zip(payments["payment"].to_list(), payments["siren"].to_list(), strict=True))
    # A part with a crowded key is not decided: the pairs left out could be the better ones.
    for component in _split_pairs(outcome.pairs):
        rows = sorted({row for row, __, __ in component})
        columns = list(dict.fromkeys(column for __, column, __ in component))
        if not outcome.crowded_decisions.isdisjoint(rows) or not outcome.crowded_payments.isdisjoint(columns):
            doubts += [("decision", entry, "undecided") for entry in rows]
            doubts += [("payment", entry, "undecided") for entry in columns]
            continue
        columns.sort()
        if len(component) == 1:
            row, column, __ = component[0]
            if amounts[column] == cents[row] or (amounts[column] > 0 and not named[row]):
                chosen[column] = row
            continue
        one_supplier = len(rows) == 1 and len({siren[entry] for entry in columns}) == 1
        if one_supplier and sum(amounts[entry] for entry in columns) == cents[rows[0]]:
            chosen.update(dict.fromkeys(columns, rows[0]))
            continue
        place = {entry: k for k, entry in enumerate(rows)}, {entry: k for k, entry in enumerate(columns)}
        answer = assign_payments(
            [cents[entry] for entry in rows],
            [named[entry] for entry in rows],
            [amounts[entry] for entry in columns],
            {(place[0][row], place[1][column]): cost for row, column, cost in component},
            deadline,
        )
        for k, taken in enumerate(answer.payments):
            chosen.update({columns[entry]: rows[k] for entry in taken})
        doubts += [("decision", rows[k], "tie") for k in sorted(answer.tied)]
        doubts += [("payment", columns[k], "tie") for k in sorted(answer.rivals)]
        stopped = stopped or bool(answer.late)
        for why, undecided in (("time", answer.late), ("undecided", answer.undecided - answer.late)):
            doubts += [("decision", rows[k], why) for k in sorted(undecided)]
            around = {column for row, column, __ in component if place[0][row] in undecided}
            doubts += [("payment", entry, why) for entry in sorted(around - chosen.keys())]
    doubts += _list_same_supplier(decisions, others, (outcome.pairs, named_pairs.pairs), chosen, amounts)
    frame = pl.DataFrame(
        doubts, schema={"kind": pl.String, "index": pl.Int64, "why": pl.String}, orient="row"
    )
    return chosen, frame.unique(["kind", "index"], keep="first", maintain_order=True), stopped


def _list_same_supplier(
    decisions: pl.DataFrame,
    others: pl.DataFrame,
    pairs: tuple[pl.DataFrame, pl.DataFrame],
    chosen: dict[int, int],
    amounts: dict[int, int],
) -> list[tuple[str, int, str]]:
    """List as doubtful what may belong together among the decisions that are not paid exactly.

    A payment that no decision takes exactly is in doubt with each other decision of its supplier, and a payment
    that names a dossier with each other decision of its supplier, if it is in doubt or has the amount of that one.
    """
    paid: dict[int, int] = {}
    for payment, decision in chosen.items():
        paid[decision] = paid.get(decision, 0) + amounts[payment]
    cents = dict(zip(decisions["decision"].to_list(), decisions["cents"].to_list(), strict=True))
    exact = {decision for decision, total in paid.items() if total == cents[decision]}
    lacking = decisions.select("decision", pl.col("cents").alias("lacking"))
    doubted_pairs = [
        (decision, payment)
        for decision, payment in pairs[0].select("decision", "payment").iter_rows()
        if decision not in exact and chosen.get(payment) not in {decision, *exact}
    ]
    named_payments = others.select("payment", "cents", "doubted", pl.col("decision").alias("named"))
    likely = (
        pairs[1]
        .join(named_payments, on="payment")
        .join(lacking, on="decision")
        .filter(pl.col("doubted") | (pl.col("cents") == pl.col("lacking")))
        .filter(pl.col("named").ne_missing(pl.col("decision")))
        .filter(~pl.col("decision").is_in(exact))
        .sort("decision", "payment")
    )
    doubted_pairs += likely.select("decision", "payment").iter_rows()
    return [
        entry
        for decision, payment in doubted_pairs
        for entry in (
            ("decision", decision, "same_supplier"),
            ("payment", payment, "same_supplier"),
        )
    ]


def _split_pairs(pairs: pl.DataFrame) -> list[list[tuple[int, int, int]]]:
    """Split pairs into parts that share neither a decision nor a payment."""
    if not pairs.height:
        return []
    rows, row = np.unique(pairs["decision"].to_numpy(), return_inverse=True)
    columns, column = np.unique(pairs["payment"].to_numpy(), return_inverse=True)
    size = len(rows) + len(columns)
    graph = csr_array((np.ones(len(row), dtype=np.int8), (row, column + len(rows))), shape=(size, size))
    labels = connected_components(graph, directed=False)[1][row]
    components: dict[int, list[tuple[int, int, int]]] = {}
    for label, pair in zip(labels.tolist(), pairs.iter_rows(), strict=True):
        components.setdefault(label, []).append(pair)
    return list(components.values())


def _build_tables(
    decisions: pl.DataFrame,
    named_lines: pl.DataFrame,
    chosen: dict[int, int],
    doubts: pl.DataFrame,
    *,
    stopped: bool,
) -> Reconciliation:
    taken = pl.DataFrame(
        {
            "payment": pl.Series(chosen.keys(), dtype=pl.Int64),
            "taken_by": pl.Series(chosen.values(), dtype=pl.Int64),
        }
    )
    of_payments = doubts.filter(pl.col("kind") == "payment").select(
        pl.col("index").alias("payment"), pl.col("why").alias("w")
    )
    of_decisions = doubts.filter(pl.col("kind") == "decision").select(
        pl.col("index").alias("decision"), pl.col("why").alias("w")
    )
    lines = (
        named_lines.with_columns(
            pl.col("decision").cast(pl.Int64), pl.col("decision").is_not_null().alias("by_number")
        )
        .join(taken, on="payment", how="left", maintain_order="left")
        .with_columns(pl.coalesce("decision", "taken_by").alias("decision"))
        .join(of_payments, on="payment", how="left", maintain_order="left")
        .with_columns(pl.coalesce("why", "w").alias("why"))
        .drop("w")
    )
    whole = decisions.with_columns(pl.col("decision").cast(pl.Int64))
    own = whole.select("decision", pl.col("siret").alias("own"), pl.col("siren").alias("own_siren"))
    of_lines = lines.join(own, on="decision", how="left", maintain_order="left")
    evidence = (
        pl.when("by_number").then(0)
        .when((pl.col("siret") != "") & (pl.col("siret") == pl.col("own"))).then(1)
        .when((pl.col("siren") != "") & (pl.col("siren") == pl.col("own_siren"))).then(2)
        .otherwise(3)
    )  # fmt: skip
    sums = (
        of_lines.with_columns(evidence.alias("evidence"))
        .filter(pl.col("decision").is_not_null())
        .group_by("decision")
        .agg(pl.len().cast(pl.Int64).alias("n_lines"), pl.col("cents").sum().alias("lines_cents"),
             pl.col("evidence").max(), pl.col("why").drop_nulls().sort().first().alias("line_why"))
    )  # fmt: skip
    several = _list_doubly_named(named_lines, decisions)
    outcome = (
        whole.join(sums, on="decision", how="left", maintain_order="left")
        .join(of_decisions, on="decision", how="left", maintain_order="left")
        .with_columns(
            pl.col("n_lines").fill_null(0),
            pl.col("lines_cents").fill_null(0),
            pl.col("evidence").replace_strict(
                {0: "number", 1: "siret", 2: "siren", 3: "name"}, default=None, return_dtype=pl.String
            ),
        )
        .with_columns((pl.col("lines_cents") - pl.col("granted_cents")).alias("difference_cents"))
    )
    in_two = pl.col("decision").is_in(several) & (pl.col("difference_cents") != 0)
    # What its own lines say of it comes before what other lines of its supplier do.
    first = pl.when(pl.col("w") != "same_supplier").then("w")
    outcome = outcome.with_columns(
        pl.coalesce(first, "line_why", pl.when(in_two).then(pl.lit("two_numbers")), "w").alias("why")
    ).with_columns(
        pl.when(pl.col("why").is_not_null()).then(pl.lit(DOUBTFUL))
        .when(pl.col("n_lines") == 0).then(pl.lit(WITHOUT_LINE))
        .when(pl.col("difference_cents") == 0).then(pl.lit(MATCHED))
        .otherwise(pl.lit(OTHER_AMOUNT)).alias("list")
    )  # fmt: skip
    by_decision = outcome.select(
        "decision", "dossier", pl.col("list").alias("own_list"), pl.col("why").alias("own_why")
    )
    lines = lines.join(by_decision, on="decision", how="left", maintain_order="left").with_columns(
        pl.coalesce(pl.when(pl.col("own_list") == DOUBTFUL).then("own_why"), "why").alias("why")
    )
    placed = pl.when(pl.col("why").is_not_null()).then(pl.lit(DOUBTFUL)).otherwise(
        pl.coalesce("own_list", pl.lit(WITHOUT_DECISION))
    )  # fmt: skip
    return Reconciliation(
        outcome.select("dossier", "applicant", "committed", "granted_cents", "n_lines", "lines_cents",
                     "difference_cents", "evidence", "why", "list"),
        lines.with_columns(placed.alias("list")).select(
            "line", "number", "supplier", "label", "day", "cents", "dossier", "names", "why", "list"
        ),
        stopped,
    )  # fmt: skip


def _list_doubly_named(named_lines: pl.DataFrame, decisions: pl.DataFrame) -> list[int]:
    """List the decisions that a line names together with another dossier."""
    several = named_lines.filter("several")
    named = find_named_dossiers(several, decisions)
    return decisions.join(named, on="dossier", how="semi")["decision"].cast(pl.Int64).to_list()
