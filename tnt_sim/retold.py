"""A run folder's sentences in another language than its scenario's, or in this version's words: told anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from tnt_sim.errors import Lang
from tnt_sim.recheck import Checked, is_same_code, told_anew
from tnt_sim.result import Result
from tnt_sim.scenario.scenario import Scenario
from tnt_sim.verify.notes import codes_among, in_language
from tnt_sim.verify.replay import Replay
from tnt_sim.verify.steps import Decision, StepsRead
from tnt_sim.view.award_list import parquet_columns
from tnt_sim.view.run_reader import StoredRun

_REASONS = ("reason_code", "reason")
_LEFT = ("unspent_code", "unspent_rule", "unspent_because")


def retold(run: StoredRun, checked: Checked, lang: Lang) -> StoredRun:
    """The same run with its reasons, what is left and its warnings in `lang`, as this version says them.

    As the run wrote them where it was read again word by word, or where its inputs are gone.
    """
    scenario, whole, told = checked.run.scenario, checked.run.whole, checked.told
    if told is None or scenario is None or whole is None:
        return run
    if lang is run.own_lang:
        return run if is_same_code(checked.run) else _told_as(run, told.result, lang)
    again = told_anew(_steps_in(checked.run, lang), _spoken(scenario, lang), _decision_in(whole, lang))
    return _told_as(run, again.result, lang)


def _told_as(run: StoredRun, told: Result, lang: Lang) -> StoredRun:
    why = {entry["id"]: {key: entry[key] for key in _LEFT} for entry in told.document["envelopes"]}
    notes = in_language(run.summary["warnings"], run.own_lang, lang)
    others = codes_among(told.document["warnings"], lang)[1]
    return replace(
        run,
        summary={
            **run.summary,
            "envelopes": [{**entry, **why[entry["id"]]} for entry in run.envelopes],
            "warnings": [*others, *notes],
            "open_questions": told.document.get("open_questions", []),
        },
        table=_with_reasons(run.table, told, _REASONS),
        told_in=lang,
    )


def _with_reasons(table: pl.DataFrame, told: Result, names: Sequence[str]) -> pl.DataFrame:
    again = parquet_columns(told.dossiers).select(
        "dossier", *(pl.col(name).alias(f"_{name}") for name in names)
    )
    joined = table.join(again, on="dossier", how="left", maintain_order="left")
    return joined.with_columns(pl.coalesce(f"_{name}", name).alias(name) for name in names).drop(
        f"_{name}" for name in names
    )


def _steps_in(run: Replay, lang: Lang) -> Replay:
    if run.steps is None:
        return run
    reserve = run.steps.reserve
    done = tuple(_decision_in(one, lang) for one in run.steps.done)
    return replace(run, steps=StepsRead(done, None if reserve is None else _decision_in(reserve, lang)))


def _decision_in(one: Decision, lang: Lang) -> Decision:
    return replace(one, problem=replace(one.problem, scenario=_spoken(one.problem.scenario, lang)))


def _spoken(scenario: Scenario, lang: Lang) -> Scenario:
    return replace(scenario, spec=scenario.spec.model_copy(update={"locale": lang.value}))
