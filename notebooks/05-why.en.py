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
# # Why not my application?
#
# That is the question of a mayor. A prefect asks two more: why do these rules not go together? what is the list made
# by hand worth? One region, 125 projects, to answer one application at a time.
#
# *SYNTHETIC data: these applications describe no real request.*

# %% tags=["parameters"]
scenario_file = "../scenarios/equite-une-region.yaml"

# %%
import altair as alt
import ipywidgets
import polars as pl
from IPython.display import display

import tnt_sim as tnt

alt.renderers.enable("svg")  # still pictures, which ask for nothing outside
alt.renderers.set_embed_options(format_locale="en-GB")
alt.theme.register("story", enable=True)(lambda: {"config": {"font": "Arial", "title": {"anchor": "start"}}})

scenario = tnt.read_scenario(scenario_file).with_({"locale": "en"})
result = scenario.solve()
words = ["funded", "refused", "funded with a lower score"]
open_ones = (
    result.table()
    .filter(pl.col("committed_cents").is_null())
    .select(
        "dossier",
        "department",
        "funded",
        "reason",
        score=pl.col("score").cast(pl.Float64),
        euros=pl.col("requested_cents") / 100,
    )
)
refused = open_ones.filter(~pl.col("funded")).sort("score", descending=True)


def draw(dossier):
    mine = open_ones.filter(pl.col("dossier") == dossier)
    lower = pl.col("funded") & (pl.col("score") < mine["score"][0])
    fate = (
        pl.when(lower)
        .then(pl.lit(words[2]))
        .when("funded")
        .then(pl.lit(words[0]))
        .otherwise(pl.lit(words[1]))
    )
    points = (
        alt.Chart(open_ones.with_columns(fate=fate))
        .mark_point(filled=True, size=70, opacity=1)
        .encode(
            x=alt.X(
                "euros",
                scale=alt.Scale(type="log"),
                title="Request (€)",
                axis=alt.Axis(format=",.0f", tickCount=4),
            ),
            y=alt.Y("score", scale=alt.Scale(zero=False), title="Score"),
            color=alt.Color(
                "fate",
                sort=words,
                title=None,
                legend=alt.Legend(orient="top", labelLimit=220),
                scale=alt.Scale(domain=words, range=["#3a7fc0", "#a4532f", "#c27500"]),
            ),
            shape=alt.Shape("fate", sort=words, legend=None),
        )
    )
    ring = alt.Chart(mine).mark_point(size=260, color="black", strokeWidth=2).encode(x="euros", y="score")
    name = ring.mark_text(align="left", dx=14, fontWeight="bold").encode(text="dossier")
    title = f"{dossier}: {open_ones.filter(lower).height} applications with lower scores are funded"
    return (points + ring + name).properties(width=560, height=320, title=title)


picture = display(draw(refused["dossier"][0]), display_id=True)
control = ipywidgets.Dropdown(options=refused["dossier"].to_list(), description="Application")
control.observe(lambda change: picture.update(draw(change.new)), "value")
control

# %% [markdown]
# Choose a refused application, ringed in the picture. A good score is not enough: what counts is what it brings per
# euro. Applications funded with a lower score ask for less, or else the cap of the department of the refused one is
# full (here the Hautes-Alpes and the Alpes-Maritimes).
#
# ## And what does it lack?
#
# The smallest change that would fund it: of score, of request, of envelope, of rule. Each figure is exact, and
# verified by taking the decision again with this change.

# %%
why = result.explain(*refused["dossier"].to_list()[:3])
sentences = why.sentences("en")
tnt.table(pl.DataFrame({"dossier": list(sentences), "explanation": list(sentences.values())}), lang="en")

# %% [markdown]
# ## Should there be no inversion?
#
# A better score refused while a lower one is funded: that offends. To have none is possible; this is what it costs.

# %%
inversions = result.inversions()
(price,) = inversions.data.prices
tnt.table(
    pl.DataFrame(
        {
            "Inverted pairs": [inversions.data.n_pairs],
            "To have none costs (points)": [round(float(price.loses[0]), 1)],
            "Would leave": [len(price.leaves)],
            "Would enter": [len(price.enters)],
        }
    ),
    lang="en",
)

# %% [markdown]
# ## Why do these rules not go together?
#
# Require at least ten projects in each department. No allocation is possible any more. The smallest contradiction is
# proved, and the repairs are ranked from the cheapest.

# %%
conflict = tnt.conflict(scenario.with_({"rules.partout.off": False}))
conflict

# %% [markdown]
# ## What is a list made by hand worth?
#
# The custom: all that is promised, then the best scores in order, as long as money is left. The audit reads this list
# against all rules and against the optimum. How many changes would make it allowed, then good?

# %%
import tempfile
from pathlib import Path

by_hand = (
    result.table()
    .with_columns(asked_cents=pl.coalesce("committed_cents", "requested_cents"))
    .sort(pl.col("committed_cents").is_not_null(), "score", descending=True)
    .filter(pl.col("asked_cents").cum_sum() <= result.document["amount_cents"])
)
selection = Path(tempfile.mkdtemp()) / "list.csv"
by_hand.select("dossier").write_csv(selection)
audit = tnt.audit(scenario, selection)
(goal,) = audit.document["objective"]
swaps = pl.DataFrame(
    [{"changes": row["n_changed"], "recover": float(row["recover"] or 0)} for row in audit.document["swaps"]]
)
line = (
    alt.Chart(swaps)
    .mark_line(interpolate="step-after", point=True, color="#3a7fc0")
    .encode(
        x=alt.X("changes", title="Changes of the list"),
        y=alt.Y("recover", axis=alt.Axis(format="%"), title="Share of the gap regained"),
    )
)
line.properties(
    width=520,
    height=220,
    title=f"{swaps['changes'][0]} changes make the list allowed; {swaps['changes'][-2]} regain nine tenths of the gap",
)

# %%
tnt.table(
    pl.DataFrame(
        {
            "List": ["by hand", "the best allowed"],
            "Sum of scores": [round(float(goal["value"]), 1), round(float(goal["optimum"]), 1)],
            "Broken rules": [len(audit.data.broken), 0],
        }
    ),
    lang="en",
)

# %% [markdown]
# One keeps the list of the cabinet, and knows what each difference costs; `audit` in a cell shows each exchange.

# %% jupyter={"source_hidden": true} tags=["remove-cell"]
assert set(refused["reason"].is_null()) == {False}
pairs = refused.join(open_ones.filter("funded"), how="cross", suffix="_funded").filter(
    pl.col("score_funded") < pl.col("score")
)
assert set(pairs.filter(pl.col("euros_funded") >= pl.col("euros"))["department"]) == {"05", "06"}
assert all(
    {"score", "grant", "envelope"} <= {change["kind"] for change in entry["changes"]}
    for entry in why.document["dossiers"]
)
assert inversions.data.n_pairs > 0 == price.n_pairs
assert float(price.loses[0]) > 0
(clash,) = conflict.data.sets
assert clash.proof == "PROVED"
assert clash.minimal
assert {"partout", "plafond-departement"} <= {
    member["id"] for member in conflict.document["sets"][0]["members"]
}
assert all(repair["verified"] for repair in conflict.document["repairs"])
assert not audit.document["selection"]["allowed"]
assert float(goal["loss"]) > 0
assert swaps["changes"].is_sorted()
assert swaps["changes"][0] == 2
assert swaps["recover"][-2] == 0.9
assert swaps["changes"][-2] <= 15

# %% [markdown]
# ## Try this
#
# - `why.sentences("en")` gives the reason ready for the letter; `result.explain("A3-1846")` that of another
#   application.
# - Raise the minimum of the rule "partout" one by one (`"rules.partout.min": 7`): from which number is nothing
#   possible?
# - Put your list in place of `by_hand`, or ask for [other lists that are nearly as good](../docs/fr/howto/other-lists.md).
