"""
fr: Page : rapprocher les paiements
en: Page: reconcile the grants with payments

fr: La même page : `tnt-sim reconcile`.
en: The same page: `tnt-sim reconcile`.
"""

import tempfile
from pathlib import Path

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/equite-une-region.yaml")
folder = Path(tempfile.mkdtemp())
run = tnt.open_run(scenario.solve().save(folder))
granted = run.to_dataframe(euros=True).filter("funded").select("dossier", "granted").with_row_index("line")
paid = granted.filter(granted["line"] % 9 != 4)  # some grants are not paid yet
paid.write_csv(folder / "payments.csv")
columns = {"reference": "dossier", "amount": "granted"}
run.reconcile(folder / "payments.csv", columns).report.html("reconcile.html")
