"""
======================
Predicted and observed
======================

A score is one number; a picture shows where a model is wrong.
"""

import matplotlib.pyplot as plt

import riata

# %%
# Fat content of meat from near-infrared spectra, a lasso, and samples it has not seen.

spectra = riata.datasets.load_spectra()
train = ~spectra.is_test
X = spectra.X - spectra.X.mean(axis=1, keepdims=True)
X /= X.std(axis=1, keepdims=True)
model = riata.LassoCV(cv=10).fit(X[train], spectra.y[train])

# %%
# On the right, what is left shows a bend: fat content is not quite linear in the
# spectra. R squared alone would not have told.

display = riata.plots.PredictionDisplay.from_estimator(
    model, X[~train], spectra.y[~train]
)
print(f"R2 on the test samples: {display.r2_:.3f}")
plt.show()
