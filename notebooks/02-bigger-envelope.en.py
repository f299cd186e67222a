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
# # What would a bigger envelope buy?
#
# From €88M to €120M: what each amount buys, free or with promises kept; the next euro; from when on each dossier
# enters.
#
# *SYNTHETIC data: these dossiers describe no real request.*

# %% tags=["parameters"]
scenario_file = "../scenarios/tnt-2021.yaml"
amounts = ["88 M€", "90 M€", "98 M€", "98.4 M€", "108 M€", "120 M€"]

# %%
import altair
import polars as pl

import tnt_sim as tnt

altair.renderers.enable("svg")  # still pictures, which ask for nothing outside
scenario = tnt.Scenario.from_yaml(scenario_file).with_({"locale": "en"})
scenario

# %% [markdown]
# ## The curve
#
# At each amount the best allocation, proven. **Free**: each amount for itself. **Promises kept**: who was funded at
# the amount before stays, for the same sum.

# %%
curve = tnt.sweep(scenario, envelope="tnt", at=amounts)
curve.plot()

# %%
curve

# %% [markdown]
# Three things to read. All allocations are proven. A larger amount is never worth less. Keeping promises cannot gain
# anything: the free curve is never below the other. At these amounts it costs nothing either; in finer steps it does
# (`docs/sweep.md`).

# %%
points = curve.to_dataframe()
assert set(points["proof"]) == {"PROVED"}
free, nested = (
    points.filter(pl.col("curve") == name)["value_1"].cast(pl.Float64) for name in ("free", "nested")
)
assert free.is_sorted()
assert (free >= nested).all()
assert (free == nested).all()
tnt.table(
    points.select(
        "amount_cents", "curve", "value_1", "n_funded", "n_entered", "n_left", "left_cents"
    ).with_columns(pl.col("value_1").cast(pl.Float64)),
    lang="en",
    heads={
        "curve": "Curve",
        "value_1": "Scores",
        "n_entered": "Enter",
        "n_left": "Leave",
        "left_cents": "Left",
    },
)

# %% [markdown]
# Money does not go everywhere: axes 1 and 2 have no request left to fund. All that is added goes to axis 3.

# %%
curve.plot("envelopes")

# %%
by_envelope = curve.to_dataframe(table="envelopes").filter(pl.col("curve") == "free")
granted = {
    name: by_envelope.filter(pl.col("id") == name).sort("amount_cents")["granted_cents"]
    for name in ("axe-1", "axe-2", "axe-3")
}
assert granted["axe-1"].n_unique() == 1
assert granted["axe-2"].n_unique() == 1
assert granted["axe-3"][-1] > granted["axe-3"][0]

# %% [markdown]
# ## The next euro
#
# The least to add to each envelope to gain something; nothing changes below. Adding to axis 1 would never gain
# anything.

# %%
following = tnt.next_euro(scenario, envelopes=["axe-1", "deconcentre", "demat-ads"], rules=[])
following.plot()

# %%
steps = {row["id"]: row for row in following.summary()["next"]}
assert steps["axe-1"]["status"] == "never"
assert steps["deconcentre"]["step_cents"] > 0
assert steps["demat-ads"]["step_cents"] > 0
following

# %% [markdown]
# ## From when on each dossier enters
#
# For each refused dossier, the smallest extra amount with which it can be funded without loss for the goal. It is the
# figure to give to its applicant: no average, but exact to the cent.

# %%
found = tnt.entries(scenario, stop="120 M€")
table = found.to_dataframe()
waiting = table.filter(~pl.col("funded") & pl.col("no_loss_cents").is_not_null()).sort("no_loss_cents")
tnt.table(
    waiting.select("dossier", pl.when(pl.col("flag") != "never").then(pl.col("no_loss_cents")), "flag"),
    most=10,
    lang="en",
    heads={"no_loss_cents": "Extra that is enough", "flag": "Afterwards"},
)

# %%
assert waiting.height > 0
assert (waiting["no_loss_cents"] >= 0).all()
assert (waiting["no_loss_cents"] == waiting["no_loss_upto_cents"]).all()
