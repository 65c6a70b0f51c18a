"""
A lasso path and where to cut it
================================

Which wavelengths tell how much fat there is in meat? The path is drawn with the strength
that cross-validation chooses. Neighbouring wavelengths are almost the same column of X,
which slows coordinate descent down and leaves the path intact.
"""

import matplotlib.pyplot as plt

import riata

# %%
# The spectra come with riata. Each is centred and scaled, as chemists do, for what
# counts is its shape. Cross-validation chooses the strength of the penalty.

spectra = riata.datasets.load_spectra()
train = ~spectra.is_test
X = spectra.X - spectra.X.mean(axis=1, keepdims=True)
X /= X.std(axis=1, keepdims=True)

model = riata.LassoCV(cv=10).fit(X[train], spectra.y[train])
print(f"alpha = {model.alpha_:.4g}")
print(f"R2 on the test samples: {model.score(X[~train], spectra.y[~train]):.3f}")

# %%
# The path runs from left to right, as the penalty weakens. The wavelengths that are
# largest in the chosen model have names; the counts on top tell how many there are.

display = riata.plots.PathDisplay.from_estimator(
    model, feature_names=[f"{nm:.0f} nm" for nm in spectra.wavelengths]
)
display.ax_.set_title("Fat content from near-infrared spectra")
plt.show()
