"""
fr: Une liste faite à la main
en: A list made by hand

fr: De meilleurs dossiers, que cette liste laisse de côté.
en: Better applications that this list leaves out.
"""

import tempfile
from pathlib import Path

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/equite-territoriale.yaml")
by_number = scenario.solve().to_dataframe().filter("eligible").select("dossier").sort("dossier")
selection = Path(tempfile.mkdtemp()) / "list.csv"
by_number.head(1600).write_csv(selection)
scenario.analyse.audit(selection).plot.inversions()
