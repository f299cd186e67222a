"""Reconcile the grants of a run with the lines of an accounting export, each of both in exactly one list.

A line whose label gives the number of a dossier belongs to it, and so do the lines of the same commitment and
supplier. The other lines are assigned by `assign_payments`, where the lines of one commitment and supplier are one
payment.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from tnt_sim.analysis.reconcile.payment_assignment import assign_payments
from tnt_sim.analysis.reconcile.payment_pairs import add_supplier_keys, find_named_dossiers, find_pairs
from tnt_sim.deadline import UNLIMITED, Deadline

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
