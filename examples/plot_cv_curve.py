"""
====================================
The best score, and one just as good
====================================

Cross-validation gives a score for each strength of the penalty, and the folds say how
uncertain it is. Scores within one standard error of the best are hardly worse; the
strongest penalty among them gives the smaller model.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes

import riata

X, y = load_diabetes(return_X_y=True)
n_folds = 10
model = riata.LassoCV(cv=n_folds).fit(X, y)

# %%
# Means of the folds, their standard errors, and both choices. Scores are greater for
# better models; the picture turns a negative mean squared error back.

mean = -model.mse_path_.mean(axis=1)
error = model.mse_path_.std(axis=1, ddof=1) / np.sqrt(n_folds)
best = int(np.argmax(mean))
simple = int(np.argmax(mean >= mean[best] - error[best]))  # the first, the strongest

display = riata.plots.CVCurveDisplay(
    [model.alphas_], [mean], [error], [model.path_.n_active],
    metric="neg_mean_squared_error", choices={"min": (0, best), "1se": (0, simple)},
).plot()  # fmt: skip
for name, at in (("best", best), ("within one standard error", simple)):
    print(f"{name}: {model.path_.n_active[at]} columns, error {-mean[at]:.0f}")
plt.show()
