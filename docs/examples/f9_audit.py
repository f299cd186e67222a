"""
fr: Page : l’audit d’une liste
en: Page: the audit of a list

fr: La même page : `tnt-sim audit`.
en: The same page: `tnt-sim audit`.
"""

import tempfile
from pathlib import Path

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/equite-territoriale.yaml")
by_number = scenario.solve().to_dataframe().filter("eligible").select("dossier").sort("dossier")
selection = Path(tempfile.mkdtemp()) / "list.csv"
by_number.head(1600).write_csv(selection)
scenario.analyse.audit(selection).report.html("audit.html")
