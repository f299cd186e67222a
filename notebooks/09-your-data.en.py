# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # And with your data, this evening?
#
# You have an export of démarches-simplifiées. In a quarter of an hour: clean applications, a scenario of your own, a
# proved decision, a report to send.
#
# *The export of this notebook is SYNTHETIC: its form is that of the service, its requests are drawn at random. Put
# yours in its place in the next cell.*

# %% tags=["parameters"]
export_file = "../scenarios/data/demarche-exemple.csv"
amount = "2 M€"

# %%
import tempfile
from pathlib import Path

import altair as alt
import ipywidgets
import polars as pl
from IPython.display import display

import tnt_sim as tnt

alt.renderers.enable("svg")  # still pictures, which ask for nothing outside
alt.renderers.set_embed_options(format_locale="en-GB")
alt.theme.register("story", enable=True)(lambda: {"config": {"font": "Arial", "title": {"anchor": "start"}}})

folder = Path(tempfile.mkdtemp())  # for real work: a folder of your own
export = tnt.import_file(export_file, lang="en")
files = export.save(folder)
requests = export.to_dataframe().select(thousands=pl.col("requested_cents") / 100_000)
alt.Chart(requests).mark_bar(color="#3a7fc0").encode(
    x=alt.X("thousands", bin=alt.Bin(maxbins=20), title="Request (€k)"),
    y=alt.Y("count()", title="Applications"),
).properties(
    width=520,
    height=200,
    title=f"{requests.height} applications read, {export.findings.height} findings to review",
)

# %% [markdown]
# ## Read what is wrong
#
# The columns are guessed from their headers. Whatever names a person is left out. The program corrects nothing on its
# own: each defect is named, with its row and its remedy.

# %%
tnt.table(
    export.findings.select("severity", "dossier", "row", "message", "remedy"),
    most=8,
    lang="en",
    heads={"severity": "Severity", "row": "Row", "message": "Finding", "remedy": "Remedy"},
)

# %% [markdown]
# `export.save` has written three files: the applications, the findings, and the mapping of the columns
# (`mapping.yaml`), for the next export.
#
# ## Write the scenario
#
# An envelope, who is eligible, how much each may get, a rule, an objective. That is all, and people can read it. (On
# the command line, `tnt-sim new my-programme --from dossiers.csv` writes one to complete.)

# %%
scenario_text = f"""\
schema_version: 1
id: ma-programmation
title: My programme 2026 (synthetic data)
date: 2026-04-15
locale: en

programme:
  id: dotation
  title: Digital grant
  amount: {amount}

dossiers:
  - file: dossiers.csv

eligibility:
  - id: cout-connu
    require: {{cost: {{above: 0}}}}
    reason: The cost of the project is not given
  - id: delai
    require: {{end: {{until: {{date: decision, plus: 24 months}}}}}}
    reason: The project ends more than two years after the decision

grants:
  - {{mode: all_or_nothing, max_rate: 80 %, source: CGCT R. 2334-27}}

rules:
  - id: par-departement
    title: At most three tenths to one department
    kind: limit
    measure: granted
    by: department
    max: {{share: 30 %, of_amount: dotation}}

objective:
  - {{maximise: {{score: 1}}}}
"""
(folder / "scenario.yaml").write_text(scenario_text, encoding="utf-8")
scenario = tnt.read_scenario(folder / "scenario.yaml")
scenario

# %% [markdown]
# ## Decide, and set
#
# Move the slider: each amount is a proved decision. The picture tells what stops the other applications.

# %%
result = scenario.solve()


def draw(thousands):
    return scenario.with_({"programme.amount": f"{thousands} k€"}).solve().plot.reasons()


picture = display(result.plot.reasons(), display_id=True)
control = ipywidgets.IntSlider(2_000, 500, 4_000, 250, description="€k", continuous_update=False)
control.observe(lambda change: picture.update(draw(change.new)), "value")
control

# %%
result

# %% [markdown]
# Each has its reason, also the application without a cost, the one that lasts too long, the one that was dropped:

# %%
refused = result.table().filter(~pl.col("funded")).sort("reason_code", "dossier")
tnt.table(
    refused.unique("reason_code", keep="first", maintain_order=True).select("dossier", "title", "reason"),
    lang="en",
)

# %% [markdown]
# ## Hand over
#
# The run folder is verified without any solver (`tnt-sim verify`). The report is a page that asks for nothing
# outside; the workbook can be read back and computed again.

# %%
run = result.save(folder / "runs")
result.report.html(folder / "report.html")
result.report.excel(folder / "workbook.xlsx")
sorted(path.name for path in folder.iterdir())

# %% jupyter={"source_hidden": true} tags=["remove-cell"]
check = scenario.validate()
assert check["status"] == "valid"
assert check["n_eligible"] < check["n_dossiers"]
assert export.document["n_read"] == export.document["n_dossiers"] + sum(export.document["excluded"].values())
assert export.document["quality"]["n_error"] == 0
assert len(export.document["left_out_personal"]) > 0
assert not {"Nom", "Prénom", "Email", "Téléphone"} & set(export.to_dataframe().columns)
assert sorted(path.name for path in files.values()) == ["dossiers.csv", "mapping.yaml", "quality.csv"]
assert tnt.import_file(export_file, mapping=files["mapping"]).to_dataframe().equals(export.to_dataframe())
assert result.document["publishable"]
assert {"ineligible", "state"} <= set(refused["reason_code"])
assert tnt.open_run(run).to_dataframe()["granted_cents"].sum() == result.document["granted_cents"]
assert all(path.stat().st_size > 10_000 for path in (*folder.glob("*.html"), *folder.glob("*.xlsx")))

# %% [markdown]
# ## Try this
#
# - The whole planner's page in a cell: `tnt.explore(scenario)`, with rules, weights, map and list.
# - Put your export in place of `export_file`, and a rule of your own ([the rule book](../docs/en/reference/rules.md)).
# - `tnt.compare(result, …)` with the list of last year; `result.export.csv("list.csv")` for your spreadsheet.
