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
# # What does one more rule change?
#
# Fifteen lines of Python: a table of requests, a programme, a decision, a constraint of your own, and the difference
# as a picture.
#
# *SYNTHETIC data: eight invented requests.*

# %% tags=["parameters"]
amount = 400  # k€

# %%
import altair as alt

alt.renderers.enable("svg")  # still pictures, which ask for nothing outside
alt.renderers.set_embed_options(format_locale="en-GB")
_ = alt.theme.register("story", enable=True)(
    lambda: {"config": {"font": "Arial", "title": {"anchor": "start"}}}
)

# %%
import polars as pl

import tnt_sim as tnt

table = {
    "dossier": ["A", "B", "C", "D", "E", "F", "G", "H"],
    "department": ["05", "05", "05", "13", "13", "13", "13", "83"],
    "requested": [80_000, 45_000, 30_000, 120_000, 95_000, 60_000, 70_000, 55_000],
    "score": [14, 11, 9, 17, 16, 13, 12, 10],
}
df = pl.DataFrame(table)
goal = tnt.goals.maximise("score")
cap = tnt.rules.limit(id="cap", measure="granted", by="department", max="250 k€")
scenario = tnt.Scenario.from_frame(df, envelopes="400 k€", rules=[cap], objective=goal, locale="en")
rivals = scenario.add("rivals", funded={"F": 1, "G": 1}, max="1")  # F or G, but not both
comparison = tnt.compare(scenario.solve(), rivals.solve(), names=["before", "with the rule"])
comparison.plot.moves()

# %% [markdown]
# One rule has moved four requests, and the total has hardly changed. How many points does it cost?
#
# ## The same rule, at any amount
#
# Move the slider: each amount is solved and proved twice, without the rule and with it.

# %%
import ipywidgets
from IPython.display import display

names = {"without the rule": scenario, "with the rule": rivals}
fates = ["funded", "refused"]


def draw(amount):
    found = {name: one.with_({"programme.amount": f"{amount} k€"}).solve() for name, one in names.items()}
    points = [int(float(one.document["objective"][0]["value"])) for one in found.values()]
    tables = [
        one.table().select(
            "dossier",
            side=pl.lit(name),
            fate=pl.when("funded").then(pl.lit(fates[0])).otherwise(pl.lit(fates[1])),
        )
        for name, one in found.items()
    ]
    title = f"At €{amount}k: {points[0]} points without the rule, {points[1]} with it"
    return (
        alt.Chart(pl.concat(tables))
        .mark_rect(stroke="white", strokeWidth=3)
        .encode(
            x=alt.X("dossier", title=None, axis=alt.Axis(orient="top", labelAngle=0)),
            y=alt.Y("side", sort=list(names), title=None),
            color=alt.Color("fate", title=None, scale=alt.Scale(domain=fates, range=["#3a7fc0", "#e3e8ec"])),
        )
        .properties(width=400, height=90, title=title)
    )


picture = display(draw(amount), display_id=True)
control = ipywidgets.IntSlider(amount, 250, 550, 10, description="€k", continuous_update=False)
control.observe(lambda change: picture.update(draw(change.new)), "value")
control

# %% jupyter={"source_hidden": true} tags=["remove-cell"]
results = [one.solve() for one in (scenario, rivals)]
assert [one.document["objective"][0]["value"] for one in results] == ["75", "74"]
assert {one.proof for one in results} == {tnt.Proof.PROVED}
assert set(results[1].table().filter("funded")["dossier"]) & {"F", "G"} == {"F"}
assert set(comparison.to_dataframe()["dossier"]) == {"D", "E", "G", "H"}

# %% [markdown]
# ## Try this
#
# - Change the rule: `tnt.rules` has eleven kinds, and `min="1"` requires one of the two requests.
# - `scenario.solve()` in a cell of its own shows the decision; `.explain("G")` says what G lacks.
# - With your table: `tnt.Scenario.from_frame(df, envelopes="2 M€", columns={"requested": "Amount"}, …)`, then [your
#   data](09-your-data.en.ipynb).
