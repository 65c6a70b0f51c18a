"""
===========================================================
Stability selection: which features are not chosen by luck?
===========================================================

Half-samples are drawn again and again. What most of them select is stable, and the number
of falsely selected features has a bound. On planted data, where the truth is known, the
bound can be watched.
"""

# %%
# First the measurements of diabetes patients, with two hundred columns of noise. The number
# of features that a half-sample may select follows from the threshold and from the false
# selections that are allowed for: one, in expectation.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes

import riata

data = load_diabetes()
names = data.feature_names
rng = np.random.default_rng(0)
X = np.column_stack([data.data / data.data.std(axis=0), rng.standard_normal((442, 200))])
selector = riata.StabilitySelection(
    threshold=0.7, pfer=1.0, eps=0.1, random_state=0
)
selector.fit(X, data.target)
print(f"a half-sample selects up to {selector.n_features_to_select_} of {X.shape[1]}")
print(f"false selections expected: at most {selector.pfer_:.2f}")
for j in selector.get_support(indices=True):
    name = names[j] if j < len(names) else "noise"
    print(f"  {name:5s} in {selector.selection_frequency_[j]:4.0%} of the half-samples")

# %%
# The frequencies along the path: noise stays below the threshold.

riata.plots.StabilityDisplay.from_selector(
    selector, feature_names=[*names, *(f"noise {k}" for k in range(200))]
)
plt.show()

# %%
# Planted data: four of eighty features matter, all are correlated with one another. The
# mean number of false selections over replicates is to be compared with the bounds.

false = []
for seed in range(10):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((80, 80)) + 0.5 * rng.standard_normal((80, 1))
    y = X[:, :4] @ [1.0, -1.0, 1.0, -1.0] + rng.standard_normal(80)
    path = riata.stability_path(
        X, y, n_pairs=25, n_features_to_select=8, alphas=50, random_state=seed
    )
    stable = path.selection_frequency() >= 0.7
    false.append(stable[4:].sum())
for assumption in ("none", "unimodal", "r-concave"):
    bound = path.bound(0.7, assumption)
    print(f"bound, assuming {assumption:9s}: {bound:.2f}")
print(f"false selections on average: {np.mean(false):.2f}")
