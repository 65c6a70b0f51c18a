"""
===========================
Which features are reliable
===========================

A lasso picks some features on these data; would it pick them again on others? Stability
selection (Meinshausen & Bühlmann 2010) fits the path on many random halves of the
samples and counts how often each feature is in the model.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer

import riata

data = load_breast_cancer()
X = (data.data - data.data.mean(axis=0)) / data.data.std(axis=0)
malignant = 1 - data.target

# %%
# Fifty halves, each with the strengths of the path on all samples. Its weak end is left
# out: there most features are in the model, whatever the sample.

alphas = riata.fit_path(
    X, malignant, loss="logistic", alphas=30, alpha_min_ratio=0.03
).alphas
rng = np.random.default_rng(0)
frequencies = np.zeros((X.shape[1], len(alphas)))
for _ in range(50):
    half = rng.permutation(len(X))[: len(X) // 2]
    path = riata.fit_path(X[half], malignant[half], loss="logistic", alphas=alphas)
    frequencies += path.coefs != 0
frequencies /= 50

# %%
# Lines that reach the threshold belong to features that nearly every half agrees on.

display = riata.plots.StabilityDisplay(
    alphas, frequencies, threshold=0.9, feature_names=data.feature_names
).plot()
stable = frequencies.max(axis=1) >= 0.9
print("reliable:", ", ".join(data.feature_names[stable]))
plt.show()
