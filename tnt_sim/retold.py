"""A run folder's sentences in another language than its scenario's: the decision is read again and told anew."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl

from tnt_sim.errors import Lang, VerificationError
from tnt_sim.recheck import told_anew
from tnt_sim.scenario.scenario import Scenario
from tnt_sim.verify.notes import codes_among, in_language
from tnt_sim.verify.replay import Replay, replay
from tnt_sim.verify.steps import Decision, StepsRead
from tnt_sim.view.award_list import parquet_columns
from tnt_sim.view.run_reader import StoredRun


def retold(run: StoredRun, lang: Lang, project: Path | None = None) -> StoredRun:
    """The same run with its reasons, what is left and its warnings in `lang`.

    Raises
    ------
    DataError
        Its inputs cannot be read.
    VerificationError
        They are not those of the run, or what the folder says does not hold.
    """
    if lang is run.lang:
        return run
    seen = replay(run.folder, project)
    if seen.found.found or seen.scenario is None or seen.whole is None:
        raise VerificationError(seen.found.found)
    spoken = _spoken(seen.scenario, lang)
    told = told_anew(_in(seen, lang), spoken, _decision(seen.whole, lang)).result
    why = {entry["id"]: entry["unspent_because"] for entry in told.document["envelopes"]}
    envelopes = [{**entry, "unspent_because": why[entry["id"]]} for entry in run.envelopes]
    notes = in_language(run.summary["warnings"], run.lang, lang)
    others = codes_among(told.document["warnings"], lang)[1]
    reasons = parquet_columns(told.dossiers).select("dossier", pl.col("reason").alias("_reason"))
    table = run.table.join(reasons, on="dossier", how="left", maintain_order="left")
    return replace(
        run,
        summary={
            **run.summary,
            "envelopes": envelopes,
            "warnings": [*others, *notes],
            **{key: told.document[key] for key in ("open_questions",) if key in run.summary},
        },
        table=table.with_columns(pl.col("_reason").fill_null(pl.col("reason")).alias("reason")).drop(
            "_reason"
        ),
        told_in=lang,
    )


def _in(seen: Replay, lang: Lang) -> Replay:
    if seen.steps is None:
        return seen
    reserve = seen.steps.reserve
    done = tuple(_decision(one, lang) for one in seen.steps.done)
    return replace(seen, steps=StepsRead(done, None if reserve is None else _decision(reserve, lang)))


def _decision(one: Decision, lang: Lang) -> Decision:
    return replace(one, problem=replace(one.problem, scenario=_spoken(one.problem.scenario, lang)))


def _spoken(scenario: Scenario, lang: Lang) -> Scenario:
    return replace(scenario, spec=scenario.spec.model_copy(update={"locale": lang.value}))
