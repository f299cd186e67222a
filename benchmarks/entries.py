"""Entry envelopes of every dossier, beside the exact curve of the same range and one pass over its lists.

uv run python benchmarks/entries.py [SCENARIO] [ENVELOPE] [MILLIONS]
"""

from __future__ import annotations

import sys
import time

from frozen import FLAGSHIP

from tnt_sim.analysis.marginal.entry_thresholds import Lists, build_entries, find_no_loss_extensions
from tnt_sim.analysis.shared.amount_variation import AmountVariation
from tnt_sim.analysis.shared.envelope_path import build_envelope_path
from tnt_sim.analysis.shared.reference_solution import solve_reference
from tnt_sim.analysis.sweep.exact_steps import compute_exact_steps
from tnt_sim.scenario.load import load_scenario


def main(scenario: str = str(FLAGSHIP), envelope: str = "tnt", millions: str = "98") -> None:
    asked = load_scenario(scenario)
    base = solve_reference(asked, prove=False)
    line = build_envelope_path(base.problem, envelope)
    top = int(float(millions) * 100_000_000)
    began = time.process_time()
    steps = compute_exact_steps(AmountVariation.of(asked, [envelope]), line.amount_cents, top)
    curve = time.process_time() - began
    began = time.process_time()
    loss = find_no_loss_extensions(base, line)
    entry = time.process_time() - began
    asked_for = sum(1 for method in loss.method if method)
    print(f"no_loss: {entry:.2f} s for {asked_for} dossiers ({1000 * entry / max(1, asked_for):.1f} ms each)")
    print({method: loss.method.count(method) for method in sorted(set(loss.method)) if method})
    if steps is None:
        print("the curve of this scenario is no single pass")
        return
    began = time.process_time()
    found = build_entries(base, line, Lists(steps.cents, steps.funded, not steps.open), loss)
    rows = time.process_time() - began
    print(f"exact curve: {curve:.2f} s, {len(steps.cents)} steps; first, stable_from, flips: {rows:.2f} s")
    print(f"entries / curve: {(entry + rows) / curve:.2f}")
    print(dict(found.table["flag"].value_counts().iter_rows()))


if __name__ == "__main__":
    main(*sys.argv[1:])
