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
# # Que coûte un objectif d’équipement ?
#
# Mars 2022, FranceConnect : tous les départements, la moitié des intercommunalités et des communes de plus de 3 500
# habitants, une petite commune sur dix. Quel budget cela suppose-t-il ? Et jusqu’où iraient 10 M€ ?
#
# *Les objectifs et les forfaits sont publiés. Le point de départ est SYNTHÉTIQUE : on sait combien de collectivités
# étaient équipées, non lesquelles.* Les 35 320 collectivités de la carte sont candidates : une réponse demande
# quelques secondes.

# %% tags=["parameters"]
scenario_file = "../scenarios/franceconnect.yaml"
limited_file = "../scenarios/franceconnect-10m.yaml"

# %%
import altair as alt
import ipywidgets
import polars as pl
from IPython.display import display

import tnt_sim as tnt

alt.renderers.enable("svg")  # des images fixes, qui ne demandent rien à l’internet
alt.renderers.set_embed_options(format_locale="fr-FR")
alt.theme.register("story", enable=True)(lambda: {"config": {"font": "Arial", "title": {"anchor": "start"}}})

scenario = tnt.read_scenario(scenario_file).with_({"locale": "fr"})
result = scenario.session().solve()  # une session : l’ordre entre listes de même valeur n’y est pas démontré
priced = tnt.prices(scenario, kinds=["rule"])
targets = {
    "departements": "tous les départements",
    "grandes": "la moitié des grandes",
    "petites": "une petite commune sur dix",
}
costs = pl.DataFrame(
    [
        {"id": row["id"], "target": targets[row["id"]], "millions": float(row["value"]) / 1e6}
        for row in priced.document["prices"]
    ]
)
bars = (
    alt.Chart(costs)
    .mark_bar(color="#3a7fc0")
    .encode(
        x=alt.X("millions", title="Ce qu’on dépenserait de moins sans cet objectif (M€)"),
        y=alt.Y("target", sort=list(targets.values()), title=None, axis=alt.Axis(labelLimit=200)),
    )
)
figures = bars.mark_text(align="left", dx=5).encode(text=alt.Text("millions", format=".2f"))
(bars + figures).properties(width=420, title="Les petites communes coûtent les deux tiers du tout")

# %% [markdown]
# L’argent n’est pas une limite ici, mais la réponse : le moins qui atteint les trois objectifs. 22,46 M€, soit 4 492
# collectivités à 5 000 € : ce que donne aussi le calcul à la main. Avec les 1 000 déjà équipées, cela fait 5 492, ce
# qui s’accorde avec les « plus de 5 000 » du communiqué. La somme des trois prix est le budget entier : aucun
# équipement ne sert deux objectifs à la fois.

# %%
result

# %% [markdown]
# ## Où sont-elles ?

# %%
result.plot.by_department("count")

# %% [markdown]
# ## Jusqu’où irait un budget donné ?
#
# Les objectifs ne sont plus exigés mais approchés, dans cet ordre : les départements, les grandes collectivités, les
# petites communes. Déplacez le curseur ; chaque budget est une décision prouvée de nouveau. Le trait est l’objectif.

# %%
limited = tnt.read_scenario(limited_file)
goals = [tnt.goals.minimise(f"shortfall.{rule.id}") for rule in limited.spec.rules]
quick = limited.with_({"objective": goals, "locale": "fr"})
session = quick.session()


def reach(millions):
    return session.solve({"programme.amount": f"{millions} M€"})


def draw(millions, reached):
    rows = reached.table("rules").with_columns(
        target=pl.col("id").replace_strict(targets),
        share=pl.col("num") / pl.col("den"),
        goal=pl.col("min").cast(pl.Float64),
    )
    y = alt.Y("target", sort=list(targets.values()), title=None, axis=alt.Axis(labelLimit=200))
    bars = (
        alt.Chart(rows)
        .mark_bar(color="#3a7fc0")
        .encode(
            x=alt.X("share", axis=alt.Axis(format="%"), title="Part équipée", scale=alt.Scale(domain=[0, 1])),
            y=y,
        )
    )
    ticks = alt.Chart(rows).mark_tick(color="#c27500", thickness=4, size=26).encode(x="goal", y=y)
    text = bars.mark_text(align="left", dx=5).encode(text=alt.Text("share", format=".1%"))
    met = rows["holds"].sum()
    return (bars + ticks + text).properties(
        width=420, title=f"{millions} M€ atteignent {met} objectifs sur 3"
    )


reached = reach(10)
picture = display(draw(10, reached), display_id=True)
control = ipywidgets.SelectionSlider(
    options=[5, 7.5, 10, 15, 20, 25], value=10, description="M€", continuous_update=False
)
control.observe(lambda change: picture.update(draw(change.new, reach(change.new))), "value")
control

# %% [markdown]
# Avec 10 M€, deux mille forfaits : les deux premiers objectifs sont atteints, le troisième ne l’est pas. Il reste de
# quoi équiper 607 petites communes sur les 3 099 qu’il faudrait.

# %% jupyter={"source_hidden": true} tags=["remove-cell"]
document = result.document
assert document["proof"] == "PROVED"
assert document["n_funded"] == 66 + 1_327 + 3_099 == 4_492
assert document["granted_cents"] == 4_492 * 500_000
assert document["n_funded"] + 1_000 > 5_000
euros = dict(costs.select("id", "millions").iter_rows())
assert euros["departements"] < euros["grandes"] < euros["petites"]
assert euros["petites"] > 0.6 * document["granted_cents"] / 1e8
assert abs(sum(euros.values()) * 1e8 - document["granted_cents"]) < 1
coverage = reached.table("rules")
assert dict(coverage.select("id", "holds").iter_rows()) == {
    "departements": True,
    "grandes": True,
    "petites": False,
}
assert reached.document["n_funded"] == 2_000
assert dict(coverage.select("id", "num").iter_rows())["petites"] == 81 + 607

# %% [markdown]
# ## À essayer
#
# - Changez l’ordre des objectifs : `quick.with_({"objective": goals[::-1]})`. Combien de départements sont équipés
#   avec 10 M€ ?
# - Le prix d’un objectif avec son certificat : `tnt.prices(scenario, kinds=["rule"])`.
# - Un autre taux : `"rules.petites.min": "15 %"`.
