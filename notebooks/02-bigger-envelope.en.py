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
# From €88M to €108M: what each amount buys, free or with commitments kept; the next euro; from when on each dossier
# enters.
#
# *SYNTHETIC data: these dossiers describe no real request.*

# %% tags=["parameters"]
scenario_file = "../scenarios/tnt-2021.yaml"
local_file = "../scenarios/equite-territoriale.yaml"
amounts = ["88 M€", "90 M€", "98 M€", "108 M€"]

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
# At each amount the best allocation, proven. **Free**: each amount for itself. **Commitments kept**: who was funded at
# the amount before stays, for the same sum.

# %%
curve = tnt.sweep(scenario, envelope="tnt", at=amounts)
curve.plot()

# %%
curve

# %% [markdown]
# Three things to read. All allocations are proven. A larger amount is never worth less. Keeping promises cannot gain
# anything: the free curve is never below the other. Here, keeping them costs some points.

# %%
points = curve.to_dataframe()
assert set(points["proof"]) == {"PROVED"}
free, nested = (
    points.filter(pl.col("curve") == name)["value_1"].cast(pl.Float64) for name in ("free", "nested")
)
assert free.is_sorted()
assert (free >= nested).all()
assert (free > nested).any()
tnt.table(
    points.select(
        "amount_cents", "curve", "value_1", "n_funded", "n_entered", "n_left", "left_cents"
    ).with_columns(pl.col("value_1").cast(pl.Float64)),
    lang="en",
    heads={
        "curve": "Curve",
        "value_1": "Points",
        "n_entered": "Enter",
        "n_left": "Leave",
        "left_cents": "Left",
    },
)

# %% [markdown]
# Requests exceed the money everywhere: each axis gets a part of what is added.

# %%
curve.plot("envelopes")

# %%
by_envelope = curve.to_dataframe(table="envelopes").filter(pl.col("curve") == "free")
granted = {
    name: by_envelope.filter(pl.col("id") == name).sort("amount_cents")["granted_cents"]
    for name in ("axe-1", "axe-2", "axe-3")
}
assert all(column[-1] > column[0] for column in granted.values())

# %% [markdown]
# ## The next euro
#
# The least to add to an envelope to gain something; nothing changes below. Of the deconcentrated windows alone here:
# 28 M€ and 2,076 dossiers.

# %%
local = tnt.Scenario.from_yaml(local_file)
following = tnt.next_euro(local, envelopes=["fonds"], rules=[])
following.plot()

# %%
steps = {row["id"]: row for row in following.summary()["next"]}
assert steps["fonds"]["step_cents"] > 0
following

# %% [markdown]
# ## From when on each dossier enters
#
# For each refused dossier, the smallest extra amount with which it can be funded without loss for the goal. It is the
# figure to give to its applicant: no average, but exact to the cent.

# %%
found = tnt.entries(local, stop="29 M€")
table = found.to_dataframe()
waiting = table.filter(~pl.col("funded") & pl.col("no_loss_cents").is_not_null()).sort("no_loss_cents")
never = pl.col("flag") == "never"
tnt.table(
    pl.concat([waiting.filter(~never).head(7), waiting.filter(never).head(3)]).select(
        "dossier", pl.when(~never).then(pl.col("no_loss_cents")), "flag"
    ),
    most=10,
    lang="en",
    heads={"no_loss_cents": "Extra that is enough", "flag": "Afterwards"},
)

# %%
assert waiting.height > 0
assert (waiting["no_loss_cents"] >= 0).all()
assert (waiting["no_loss_cents"] == waiting["no_loss_upto_cents"]).all()
