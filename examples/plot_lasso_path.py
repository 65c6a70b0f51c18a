"""
A lasso path on real spectra
============================

Which wavelengths tell how much fat there is in meat? The path is drawn with the strength
that cross-validation chooses. Neighbouring wavelengths are almost the same column, which
slows coordinate descent down and leaves the path intact.
"""

import matplotlib.pyplot as plt

import riata

spectra = riata.datasets.load_spectra()
train = ~spectra.is_test
X = spectra.X - spectra.X.mean(axis=1, keepdims=True)
X /= X.std(axis=1, keepdims=True)

model = riata.LassoCV(cv=10).fit(X[train], spectra.y[train])
print(f"alpha = {model.alpha_:.4g}")
print(f"R2 on the test samples: {model.score(X[~train], spectra.y[~train]):.3f}")

ax = model.path_.plot(
    feature_names=[f"{nm:.0f} nm" for nm in spectra.wavelengths], alpha=model.alpha_
)
ax.set_title("Fat content from near-infrared spectra")
plt.show()
