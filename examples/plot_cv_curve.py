"""
====================================
The best score, and one just as good
====================================

Cross-validation gives a score for each strength of the penalty, and the folds say how
uncertain it is. Scores within one standard error of the best are hardly worse; the
strongest penalty among them gives the smaller model.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_diabetes

import riata

# %%
# Elastic nets of several mixtures, each along its own path, on the same ten folds. The
# best model and the simple one are marked.

X, y = load_diabetes(return_X_y=True)
result = riata.cv_path(X, y, l1_ratio=[0.5, 0.9, 1.0], cv=10)
display = riata.plots.CVCurveDisplay.from_result(result)
plt.show()

# %%
# A choice costs nothing afterwards, for all models are fitted.

for rule in ("min", "1se"):
    choice = result.select(rule)
    n_active = (choice.coef != 0).sum()
    print(f"{rule}: l1_ratio = {choice.l1_ratio:g}, {n_active} columns")
