"""Combined result of several steps: last figures, contribution of each step, weakest status and proof.

The dossiers that the step `reserve` would fund are not funded. They form the reserve list, by decreasing
value of the first objective per euro, ties by rank. No function here uses a solver, so that the check of a
run folder combines its steps in the same way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from tnt_sim.engine.result import Proof, ResultData, Status, find_weakest_proof
from tnt_sim.errors import Defect
from tnt_sim.i18n.message import Lang
from tnt_sim.rules.linear_terms import sum_exactly
from tnt_sim.scenario.scenario import RESERVE, ScenarioData, Step
from tnt_sim.verify import run_document
from tnt_sim.verify.reason_sentences import describe_reserve
from tnt_sim.verify.step_reading import build_reserve_list
from tnt_sim.verify.verification import ProofRows

GRANT_SCHEMA = {"dossier": pl.String, "kept_cents": pl.Int64, "step": pl.String}


def select_step_grants(step: Step, result: ResultData) -> pl.DataFrame:
    """Return what one step granted beyond what was committed or kept before: dossier, kept_cents, step."""
    new = result.dossiers.filter(pl.col("funded") & pl.col("committed_cents").is_null())
    return new.select(
        "dossier", pl.col("granted_cents").alias("kept_cents"), pl.lit(step.id).alias("step")
    ).cast(GRANT_SCHEMA)  # type: ignore[arg-type]


def combine_results(
    scenario: ScenarioData,
    done: Sequence[tuple[Step, ResultData]],
    reserve: ResultData | None,
    notes: tuple[Defect, ...],
) -> ResultData:
    """Combine the results of all steps.

    Parameters
    ----------
    scenario
        The scenario with its steps.
    done
        Each step that was decided, and its result.
    reserve
        Result of the step that frees the reserves, if there is one.
    notes
        Why a step is missing.
    """
    results = [result for _, result in done]
    last = results[-1]
    all_results = [*results, *([reserve] if reserve is not None else [])]
    status, proof = combine_evidence(all_results, complete=not notes)
    warnings = tuple(dict.fromkeys([w for result in all_results for w in result.warnings] + list(notes)))
    lang = Lang(scenario.spec.locale)
    problem = replace(last.problem, scenario=scenario)
    dossiers = _build_dossier_table(scenario, done, last)
    if reserve is not None and reserve.allocation is not None:
        dossiers = _with_reserve(dossiers, reserve, lang)
    document = _build_document(scenario, done, all_results, reserve, warnings)
    names = [*(step.id for step, _ in done), RESERVE]
    return replace(
        last,
        problem=problem,
        status=status,
        proof=proof,
        data=replace(
            document,
            status=status,
            proof=proof,
            publishable=last.allocation is not None and proof in (Proof.PROVED, Proof.CROSS_CHECKED),
            canonical=document.canonical and not notes,
            canonical_proof=run_document.TieEvidence() if notes else document.canonical_proof,
        ),
        dossiers=dossiers,
        certificate={
            **last.certificate,
            "steps": [{"id": n, **r.certificate} for n, r in zip(names, all_results, strict=False)],
        },
        log="".join(f"==== {n} ====\n{r.log}" for n, r in zip(names, all_results, strict=False)),
        warnings=warnings,
    )


def _build_document(
    scenario: ScenarioData,
    done: Sequence[tuple[Step, ResultData]],
    all_results: Sequence[ResultData],
    reserve: ResultData | None,
    warnings: Sequence[Defect],
) -> run_document.RunDocument:
    """Build the document: that of the last decision, with the contribution of each step."""
    entries = [build_step_entry(step.id, result) for step, result in done]
    if reserve is not None:
        entries.append(build_step_entry(RESERVE, reserve))
    lang, problems = Lang(scenario.spec.locale), [result.problem for result in all_results]
    documents = [result.data for result in all_results]
    return replace(
        documents[len(done) - 1],
        scenario=scenario.id,
        scenario_sha256=scenario.sha256,
        title=scenario.title,
        canonical=all(document.canonical for document in documents),
        canonical_proof=_find_weakest_ties(documents),
        proof_rows=ProofRows(
            read=sum(document.proof_rows.read for document in documents),
            unread=sum(document.proof_rows.unread for document in documents),
        ),
        stopped_by=next((document.stopped_by for document in documents if document.stopped_by), None),
        warnings=run_document.format_warnings(warnings, lang),
        open_questions=run_document.list_open_questions(problems, lang),
        steps=entries,
        seconds=documents[-1].seconds,
    )


def combine_evidence(results: Sequence[ResultData], *, complete: bool) -> tuple[Status, Proof | None]:
    """Return the weakest status and proof of several results; a missing step counts as one without a proof."""
    if results[-1].status is Status.INFEASIBLE:
        return Status.INFEASIBLE, results[-1].proof
    optimal = complete and all(result.status is Status.OPTIMAL for result in results)
    proof = find_weakest_proof(result.proof for result in results)
    if proof is not None and not complete:
        proof = Proof.FEASIBLE_GAP
    return (Status.OPTIMAL if optimal else Status.FEASIBLE), proof


def _find_weakest_ties(documents: Sequence[run_document.RunDocument]) -> run_document.TieEvidence:
    """Return the weakest evidence of « least granted » and of the tie-break over all steps."""
    ties = [document.canonical_proof for document in documents]
    return run_document.TieEvidence(
        least_granted=_find_weakest(one.least_granted for one in ties),
        list=_find_weakest(one.list for one in ties),
    )


def _find_weakest(words: Iterable[str | None]) -> str | None:
    return find_weakest_proof(None if word is None else Proof(word) for word in words)


def build_step_entry(name: str, result: ResultData) -> run_document.StepEntry:
    """Build the document entry of a step: what it granted beyond the earlier steps."""
    day = result.problem.scenario.spec.date
    new = np.zeros(result.problem.case.n, dtype=np.bool_)
    if result.allocation is not None:
        new = result.allocation.funded & ~result.problem.offers.committed
    return run_document.StepEntry(
        id=name,
        date=day.isoformat() if day else None,
        status=result.status,
        proof=result.proof,
        canonical_proof=result.data.canonical_proof,
        objective=result.data.objective,
        n_funded=int(new.sum()),
        granted_cents=0 if result.allocation is None else sum_exactly(result.allocation.granted_cents[new]),
    )


def _build_dossier_table(
    scenario: ScenarioData, done: Sequence[tuple[Step, ResultData]], last: ResultData
) -> pl.DataFrame:
    """Build the dossier table: the last step's, with original commitments, and each grant's step and reason."""
    if last.allocation is None:
        return last.dossiers
    filed = scenario.portfolio.table.select("dossier", pl.col("committed_cents").alias("filed_cents"))
    reasons = [
        result.dossiers.filter(
            pl.col("dossier").is_in(select_step_grants(step, result)["dossier"].implode())
        ).select("dossier", pl.col("reason_code").alias("why"), pl.col("reason").alias("words"))
        for step, result in done
    ]
    table = last.dossiers.join(filed, on="dossier", how="left", maintain_order="left")
    kept = pl.concat([select_step_grants(step, result) for step, result in done])
    table = table.join(kept.select("dossier", "step"), on="dossier", how="left", maintain_order="left")
    table = table.join(pl.concat(reasons), on="dossier", how="left", maintain_order="left")
    return table.with_columns(
        pl.col("filed_cents").alias("committed_cents"),
        pl.coalesce("why", "reason_code").alias("reason_code"),
        pl.coalesce("words", "reason").alias("reason"),
        pl.col("step").fill_null(""),
    ).drop("filed_cents", "why", "words")


def _with_reserve(table: pl.DataFrame, reserve: ResultData, lang: Lang) -> pl.DataFrame:
    assert reserve.allocation is not None
    listed = build_reserve_list(reserve.problem, reserve.allocation.funded, reserve.allocation.granted_cents)
    words = [
        describe_reserve(rank, cents, lang)
        for rank, cents in zip(listed["reserve_rank"], listed["reserve_cents"], strict=True)
    ]
    listed = listed.with_columns(pl.Series("words", words, dtype=pl.String))
    table = table.join(listed, on="dossier", how="left", maintain_order="left")
    on_it = pl.col("reserve_rank").is_not_null()
    return table.with_columns(
        pl.when(on_it).then(pl.lit(RESERVE)).otherwise(pl.col("reason_code")).alias("reason_code"),
        pl.coalesce("words", "reason").alias("reason"),
    ).drop("words")
