"""A case on which engine and brute force differ, made as small as it goes with the same difference."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator

from support.enumeration.rows import Case
from support.mixed_cases.run import check
from support.mixed_cases.without_part import without

PLAIN = (
    "project",
    "base",
    "min_grant",
    "filed_at",
    "end",
    "other_state",
    "invoices",
    "tags",
    "lot",
    "note_b",
)


def smaller(case: Case) -> Case:
    """The case with everything taken out that the difference does not need."""
    kind = difference(case)
    found, going = case, True
    while going:
        going = False
        for _, fewer in [*_rows(found), *without(found), *_keys(found)]:
            if fewer != found and difference(fewer) == kind:
                found, going = fewer, True
                break
    return found


def difference(case: Case) -> str:
    """What differs first, without figures; codes where the engine refuses."""
    told, _ = check(case)
    if not told:
        return ""
    return told[0].split(", but")[0] if told[0].startswith("refused") else told[0].split(" ")[0]


def _rows(case: Case) -> Iterator[tuple[str, Case]]:
    for k, row in enumerate(case["rows"]):
        if f'"{row["dossier"]}"' not in json.dumps(case["scenario"]["rules"]):
            fewer = copy.deepcopy(case)
            del fewer["rows"][k]
            yield "row", fewer
        for column in PLAIN:
            if row[column]:
                fewer = copy.deepcopy(case)
                fewer["rows"][k][column] = ""
                yield column, fewer


def _keys(case: Case) -> Iterator[tuple[str, Case]]:
    """Rules without their options, stages without a goal, grants without an entry."""
    for k, rule in enumerate(case["scenario"]["rules"]):
        for key in ("where", "by", "of", "groups", "floor", "penalty", "report"):
            if key in rule:
                fewer = copy.deepcopy(case)
                del fewer["scenario"]["rules"][k][key]
                yield key, fewer
    for k, stage in enumerate(case["scenario"]["objective"]):
        sense = "maximise" if "maximise" in stage else "minimise"
        for name in stage[sense] if len(stage[sense]) > 1 else ():
            fewer = copy.deepcopy(case)
            del fewer["scenario"]["objective"][k][sense][name]
            yield "goal", fewer
    for k in range(len(case["scenario"]["grants"])):
        fewer = copy.deepcopy(case)
        del fewer["scenario"]["grants"][k]
        yield "grants", fewer
