"""
Weights, offset, factors, bounds and standardisation at once
============================================================

On sparse data.

Claims per policy year: rows count by their exposure, the known part of the predictor is
an offset, one column must not be penalised, and the effects must not be negative.
"""

import numpy as np

import riata

n_samples, n_features = 2000, 5000
X, y, truth = riata.datasets.make_sparse_data(
    n_samples, n_features, 0.01, zipf=1.0, values="binary", random_state=0
)
rng = np.random.default_rng(0)
exposure = rng.uniform(0.1, 1.0, n_samples)
known = rng.normal(size=n_samples)
factor = np.ones(n_features)
factor[0] = 0.0

path = riata.fit_path(
    X, y + known,
    l1_ratio=0.9,
    sample_weight=exposure,
    offset=known,
    penalty_factor=factor,
    lower=0.0,
    standardize=True,
    max_active=200,
)  # fmt: skip
best = path.select("ebic")
coef, intercept = path.coef_at(path.alphas[best])

print(path)
print(f"chosen: alpha = {path.alphas[best]:.4g} with {path.n_active[best]} columns")
found, positive = np.sum((coef > 0) & (truth > 0)), np.sum(truth > 0)
print(f"found {found} of {positive} positive effects")
print(f"the path ended because of: {path.end}")
