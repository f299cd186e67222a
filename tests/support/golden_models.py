"""One tiny model for each kind of rule, in LP format: `python tests/support/golden_models.py` writes them again.

Each file under `golden/` is the whole model of four dossiers with one rule; the test compares bytes, so that a
change of any row is seen and read before it is accepted.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tnt_sim.engine.solve import write_lp
from tnt_sim.rules.kind_support.rule_spec import RuleSpec
from tnt_sim.rules.kinds.registry import load_rule_kinds
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.scenario import ScenarioData

FOLDER = Path(__file__).resolve().parents[1] / "rules/kinds/golden"

TABLE = """\
dossier,project,envelope,department,lot,priority,filed_at,year,applicant_type,applicant_id,cost,requested,score
1,p,a,01,x,1,2021-01-01,2021,departement,01,1000,600,10
2,p,a,02,x,2,2021-01-02,2021,departement,02,1000,500,9
3,q,b,01,y,1,2021-01-03,2022,departement,03,2000,800,8
4,r,b,02,y,2,2021-01-04,2022,departement,04,900,400,7
"""
HEAD = """schema_version: 1
id: golden
territory: {year: 2021}
programme: {id: tout, amount: 1 500 €, envelopes: [{id: a, amount: 900 €}, {id: b, amount: 600 €}]}
dossiers: [{file: table.csv}]
objective: [{maximise: {score: 1}}]
"""
RULES = {
    name: (FOLDER / f"{name}.yaml").read_text(encoding="utf-8").strip()[1:-1]
    for name in load_rule_kinds()
    if (FOLDER / f"{name}.yaml").is_file()
}
"""The rule of each kind, without its id and kind: `golden/KIND.yaml`."""

PRICED = {name: text for name, text in RULES.items() if issubclass(load_rule_kinds()[name].spec, RuleSpec)}
"""Those that can carry a penalty."""

OTHERS = {
    "share-of-all": "rules: [{id: r, kind: share, measure: granted, by: department, of: all, max: 60 %}]\n",
    "caps": "caps: [{id: moitie, max: 50 %, of: cost}]\n",
    "levels": "grants: [{mode: common_rate, by: envelope, levels: [20 %, 40 %]}]\n",
}


def scenario(folder: Path, tail: str) -> ScenarioData:
    """The tiny scenario with one more part, written into a folder."""
    (folder / "table.csv").write_text(TABLE, encoding="utf-8")
    (folder / "golden.yaml").write_text(HEAD + tail, encoding="utf-8")
    return load_scenario(folder / "golden.yaml")


def tails() -> dict[str, str]:
    """File name → the part of the scenario that it is about."""
    hard = {kind: f"rules: [{{id: r, kind: {kind}, {text}}}]\n" for kind, text in RULES.items()}
    soft = {
        f"{kind}-penalty": f"rules: [{{id: r, kind: {kind}, {text}, penalty: {{cost: 2}}}}]\n"
        for kind, text in PRICED.items()
    }
    return hard | soft | OTHERS


def model_text(folder: Path, tail: str) -> str:
    """The model of the tiny scenario with `tail`."""
    write_lp(scenario(folder, tail), folder / "model.lp")
    return (folder / "model.lp").read_text(encoding="utf-8")


def main() -> None:
    """Write every golden model again."""
    FOLDER.mkdir(exist_ok=True)
    for name, tail in tails().items():
        with tempfile.TemporaryDirectory() as folder:
            (FOLDER / f"{name}.lp").write_text(model_text(Path(folder), tail), encoding="utf-8")
        sys.stdout.write(f"{name}.lp\n")


if __name__ == "__main__":
    main()
