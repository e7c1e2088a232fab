"""How the shipped reader is trained: all numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recipe:
    """All numbers of a training. With four layers frozen a step of 16 examples takes about 1.7 seconds on two cores.

    `seed` decides which articles are kept for development and never trained on; with another `draw` other examples are drawn
    from the rest. `jaquad` is how many examples of JaQuAD are read first, none for no such stage; `repeated` how many are
    mixed among the invented plans' in the second stage, so that reading in general is not forgotten. Both are drawn from
    `jaquad_draws` different makings of the examples. `removed` and `related` are the shares of JaQuAD's texts without an
    answer, as in `Negatives`.

    On the plans, `as_found` is how many of the texts that the search ranks first are read as they are for each question,
    beside those that are chosen; `cuttings` how often a text that answers is cut anew, with its answer or without.
    `plan_pairs` and `jaquad_pairs` are how many pairs of questions are compared. `of_plans` is how many of the invented
    plans' texts are drawn beside a city's own cases, 0 for all, and `reworded` the share whose question is put otherwise;
    `own_texts` and `own_pairs` are how many texts and pairs of questions are drawn of those cases, 0 for all.
    """

    seed: int = 0
    draw: int = 0
    jaquad: int = 9_600
    repeated: int = 5_000
    jaquad_draws: int = 1
    removed: float = 0.55
    related: float = 0.35
    as_found: int = 0
    cuttings: int = 0
    plan_pairs: int = 5_000
    jaquad_pairs: int = 0
    of_plans: int = 0
    own_texts: int = 0
    own_pairs: int = 0
    reworded: float = 0.0
    reading_rates: tuple[float, float] = (8e-5, 4.4e-5)
    plans_rates: tuple[float, float] = (5e-5, 2e-6)
    plans_passes: int = 1
    batch_size: int = 16
    frozen_layers: int = 4
    dropout: float = 0.0
    warmup_steps: int = 150
    weight_decay: float = 0.01
    clip: float = 1.0
    checkpoint_every: int = 200


# Where an accelerator is at hand: all there is, until it is known. An H200 takes about 10 minutes.
ACCELERATED = Recipe(
    jaquad=0,
    repeated=160_000,
    jaquad_draws=3,
    as_found=8,
    cuttings=3,
    plan_pairs=80_000,
    jaquad_pairs=20_000,
    plans_rates=(2e-4, 0.0),
    plans_passes=5,
    batch_size=256,
    frozen_layers=0,
    dropout=0.1,
    checkpoint_every=1_000,
)

# A last stage on a plan's own cases, among as much of all else as keeps it from being forgotten: 26,600 examples with the
# 6,693 cases of the shipped plan, of which all would be some 100,000. The shipped weights are of the same steps in other
# shares (its model card); this recipe as a whole has not been run.
OWN = Recipe(
    jaquad=0,
    repeated=1_500,
    as_found=5,
    plan_pairs=1_100,
    of_plans=6_000,
    own_texts=14_000,
    own_pairs=4_000,
    reworded=0.55,
    plans_rates=(4e-5, 2e-6),
    dropout=0.1,
)
