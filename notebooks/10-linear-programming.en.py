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
# # What does a solver see in a grant programme?
#
# Behind the allocation stands an integer linear programme: one column per application, one row per envelope or cap.
# This notebook opens it: the matrix, the relaxation, the prices, the integrality gap. Then a constraint of your own,
# in PuLP, solved by CBC, a solver that the engine does not decide with. Its list comes back to the exact check.
#
# *SYNTHETIC data: these applications describe no real request.*

# %% tags=["parameters"]
scenario_file = "../scenarios/equite-une-region.yaml"

# %% [markdown]
# One region only, €1.6 million, and at most €297,000 per department. Requests already promised are no longer decided:
# the model contains the others alone.
#
# ## The matrix
#
# Each filled cell is a coefficient, in euros: what the application would take from the envelope, or from the cap of
# its department, if it were funded.

# %%
import altair as alt
import polars as pl

import tnt_sim as tnt

alt.renderers.enable("svg")  # still pictures, which ask for nothing outside
alt.renderers.set_embed_options(format_locale="en-GB")
alt.theme.register("story", enable=True)(lambda: {"config": {"font": "Arial", "title": {"anchor": "start"}}})
scenario = tnt.read_scenario(scenario_file).with_({"locale": "en"})
model = scenario.model()
matrix = model.to_scipy().A.tocoo()
columns = model.columns.rename({"amount": "euros"})
plain = {"fonds": "programme", "deconcentre": "local desks", "plafond-departement": "cap"}
rows = model.rows.with_columns(
    label=pl.concat_str(pl.col("id").replace(plain), "group", separator=" ", ignore_nulls=True)
)
cells = pl.DataFrame(
    {
        "row": rows["label"].gather(matrix.row),
        "column": columns["dossier"].gather(matrix.col),
        "euros": matrix.data,
    }
)
alt.Chart(cells).mark_rect(stroke="white").encode(
    x=alt.X("column", title="Applications to decide", axis=alt.Axis(labels=False, ticks=False)),
    y=alt.Y("row", sort=rows["label"].to_list(), title=None),
    color=alt.Color(
        "euros", scale=alt.Scale(scheme="blues", type="log"), title="€", legend=alt.Legend(format=",.0f")
    ),
).properties(width=500, title=f"{rows.height} rows, {columns.height} applications, {matrix.nnz} coefficients")

# %% [markdown]
# The problem reads: maximise the sum of the scores of the funded applications, without exceeding any row.
#
# $$\max_x \sum_j c_j x_j \quad \text{with} \quad A x \le b, \quad x_j = 0 \text{ or } 1$$
#
# $c_j$ is the score of application $j$, $A$ the matrix above, and $b$ what is left of each envelope and of each cap.

# %% [markdown]
# ## The relaxation: what if an application could be funded by half?
#
# Replace $x_j = 0$ or $1$ by $0 \le x_j \le 1$. The problem becomes easy, and its value bounds every possible
# allocation.

# %%
relaxed = model.relax()
fates = ["in full", "in part", "nothing"]
parts = relaxed.columns.join(columns.select("name", "euros"), on="name").with_columns(
    fate=pl.when(pl.col("value") == 1)
    .then(pl.lit(fates[0]))
    .when(pl.col("value") > 0)
    .then(pl.lit(fates[1]))
    .otherwise(pl.lit(fates[2]))
)
in_part = parts.filter(pl.col("fate") == fates[1])
colours = alt.Color(
    "fate",
    sort=fates,
    scale=alt.Scale(range=["#3a7fc0", "#c27500", "#a4532f"]),
    title=None,
    legend=alt.Legend(orient="top"),
)
points = (
    alt.Chart(parts)
    .mark_point(filled=True, size=70)
    .encode(
        x=alt.X(
            "euros",
            scale=alt.Scale(type="log"),
            title="Request (€)",
            axis=alt.Axis(format=",.0f", tickCount=4),
        ),
        y=alt.Y("cost", scale=alt.Scale(zero=False), title="Score"),
        color=colours,
        shape=alt.Shape("fate", sort=fates, legend=None),
    )
)
names = alt.Chart(in_part).mark_text(align="left", dx=8).encode(x="euros", y="cost", text="dossier")
(points + names).properties(
    width=520, height=300, title=f"The relaxation cuts {in_part.height} applications: it is no decision"
)

# %% [markdown]
# There are at most as many cut applications as there are rows that stop something. All others are whole already: that
# is why the relaxation is so close to the decision.
#
# ## The prices: what a euro is worth, and where
#
# The price of a row (its dual variable) tells by how much the relaxation would rise if the row had a little more
# money. Here are these prices, in points per €1,000.

# %%
prices = relaxed.rows.with_columns(rows["label"], points=pl.col("price") * 1_000)
bars = (
    alt.Chart(prices)
    .mark_bar(color="#3a7fc0")
    .encode(
        x=alt.X("points", title="Price: points per €1,000"),
        y=alt.Y("label", sort=rows["label"].to_list(), title=None),
    )
)
figures = bars.mark_text(align="left", dx=5).encode(text=alt.Text("points", format=".2f"))
(bars + figures).properties(width=480, title="A euro is worth most below two caps that are almost full")

# %% [markdown]
# A price does not last: it is valid between two amounts, which HiGHS gives. In departments 05 and 06 so little is
# left that the price is valid over some hundred euros only. Rows of price zero stop nothing.

# %%
tnt.table(
    prices.filter(pl.col("points") > 0)
    .select("label", *(pl.col(name).round(0).cast(pl.Int64) * 100 for name in ("rhs", "rhs_from", "rhs_to")))
    .rename({"rhs": "rhs_cents", "rhs_from": "from_cents", "rhs_to": "to_cents"}),
    lang="en",
    heads={"label": "Row", "rhs_cents": "Amount", "from_cents": "The price holds from", "to_cents": "to"},
)

# %% [markdown]
# The reduced cost of an application is its score less what it takes from the rows, at their prices. Positive: it
# deserves to enter. Negative: it lacks as many points. The figure below draws them; the cut applications stand
# exactly at zero.

# %%
ranked = parts.sort("reduced_cost", descending=True)
alt.Chart(ranked).mark_bar().encode(
    x=alt.X(
        "dossier", sort=ranked["dossier"].to_list(), title=None, axis=alt.Axis(labels=False, ticks=False)
    ),
    y=alt.Y("reduced_cost", title="Reduced cost (points)", scale=alt.Scale(domain=[-60, 15], clamp=True)),
    color=colours,
).properties(width=560, height=240, title="The prices alone rank almost all applications (cut at −60)")

# %% [markdown]
# ## The integrality gap
#
# The prices prove the bound, in integers: no list is worth more. The best whole list stands a little below. Move the
# slider: the gap changes with the envelope, and never vanishes for long.

# %%
import ipywidgets
from IPython.display import display

amounts = range(1_400, 1_801, 50)
bounds = {}
for amount in amounts:
    changes = dict.fromkeys(("programme.amount", "envelopes.deconcentre.amount"), f"{amount} k€")
    found = scenario.with_(changes).model().relax()
    bounds[amount] = float(found.bound), float(found.best)
sides = ["proved bound", "best list"]
curve = pl.DataFrame(
    [(amount, *pair) for amount in amounts for pair in zip(bounds[amount], sides, strict=True)],
    schema=["amount", "points", "side"],
    orient="row",
)


def draw(amount):
    bound, best = bounds[amount]
    here = alt.Chart(pl.DataFrame({"amount": [amount], "points": [bound], "gap": [bound - best]})).encode(
        x="amount"
    )
    lines = (
        alt.Chart(curve)
        .mark_line(point=True)
        .encode(
            x=alt.X("amount", scale=alt.Scale(zero=False), title="Envelope (€k)"),
            y=alt.Y("points", scale=alt.Scale(zero=False), title="Sum of scores"),
            color=alt.Color(
                "side",
                sort=sides,
                title=None,
                legend=alt.Legend(orient="top"),
                scale=alt.Scale(range=["#c27500", "#3a7fc0"]),
            ),
        )
    )
    text = here.mark_text(align="right", dx=-8, dy=-8, fontSize=14).encode(
        y="points", text=alt.Text("gap", format=".1f")
    )
    title = f"Points between the bound and the best list, at €{amount}k"
    return (lines + here.mark_rule(strokeDash=[4, 4]) + text).properties(width=520, height=260, title=title)


picture = display(draw(1_600), display_id=True)
control = ipywidgets.SelectionSlider(options=amounts, value=1_600, description="€k")
control.observe(lambda change: picture.update(draw(change.new)), "value")
control

# %% [markdown]
# ## A constraint of your own, in PuLP
#
# `to_pulp` gives an ordinary PuLP problem, where each application is a variable under its name. Add a row, choose a
# solver. Here the jury insists on excellence: of the ten best scores, at least four.

# %%
import pulp

problem = model.to_pulp()
variables = {variable.name: variable for variable in problem.variables()}
best = columns.sort("cost", descending=True).head(10)
problem += pulp.lpSum(variables[name] for name in best["name"]) >= 4, "at_least_four"
solver = pulp.COIN_CMD(msg=False)
if not solver.available():
    solver = pulp.HiGHS(msg=False)
problem.solve(solver)
score = pulp.value(problem.objective) + model.offset
tnt.table(
    pl.DataFrame(
        {"": ["without the constraint", "with it"], "Scores": [float(relaxed.best), round(score, 6)]}
    ),
    lang="en",
)

# %% [markdown]
# ## Back to the check
#
# CBC computes in floats. Its list is a decision only after an exact reading, in cents: `check` reads it against all
# rules of the scenario. It says no more than what it has verified: the list is allowed, its optimality is not proved.

# %%
scenario.check(problem)

# %% [markdown]
# A list that breaks a rule is refused, with the rule and the distance: this is what happens if the ten best scores
# are funded.

# %%
try:
    scenario.check(dict(best.select("dossier", "euros").iter_rows()))
except tnt.VerificationError as error:
    print(error)

# %% [markdown]
# The same constraint, written as a rule of the scenario, is solved and proved by the engine. Both solvers must find
# the same value.

# %%
proved = scenario.add("at-least-four", funded=dict.fromkeys(best["dossier"], 1), min="4").solve()
tnt.table(
    pl.DataFrame(
        {
            "Who": [solver.name, "tnt_sim"],
            "Scores": [round(score, 6), float(proved.document["objective"][0]["value"])],
            "Proof": ["none", "exact certificate"],
        }
    ),
    lang="en",
)

# %% jupyter={"source_hidden": true} tags=["remove-cell"]
assert proved.proof is tnt.Proof.PROVED
assert abs(float(proved.document["objective"][0]["value"]) - score) < 1e-6
assert relaxed.bound > relaxed.best > score
assert set(in_part["dossier"]) >= {"A3-1430", "A3-1848"}
assert in_part.height <= prices.filter(pl.col("points") > 0).height
assert all(bound >= best for bound, best in bounds.values())

# %% [markdown]
# ## Try this
#
# - Lift the cap (`scenario.with_({"rules.plafond-departement.off": True})`): how many applications does the
#   relaxation still cut?
# - `model.to_lp("model.lp")` writes the model for another solver; `model.with_stage("least granted")` is the next
#   question, the least spent among the best lists.
# - Compute the relaxation yourself: `scipy.optimize.linprog(**model.to_scipy().to_linprog())`.
