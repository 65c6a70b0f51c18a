"""
How exact are another package's coefficients?
=============================================

`riata.check_solution` tells. Here, scikit-learn's lasso at its default tolerance and at
others, on correlated columns. The duality gap bounds what the objective could still gain;
it needs the data and the coefficients, and nothing of how they were found.
"""

from sklearn.linear_model import Lasso

import riata

X, y, _ = riata.datasets.make_correlated_data(200, 400, rho=0.95, random_state=0)
alpha = 0.01 * riata.alpha_max(X, y)

print("package           tol  relative gap  non-zero")
for tol in (1e-2, 1e-4, 1e-6):
    model = Lasso(alpha=alpha, tol=tol, max_iter=100_000).fit(X, y)
    audit = riata.check_solution(X, y, model.coef_, model.intercept_, alpha=alpha)
    nonzero = (model.coef_ != 0).sum()
    print(f"scikit-learn  {tol:7.0e}  {audit.relative_gap:12.1e}  {nonzero:8d}")

path = riata.fit_path(X, y, alphas=[alpha])
coef, intercept = path.coef_at(alpha)
audit = riata.check_solution(X, y, coef, intercept, alpha=alpha)
print(f"riata         {1e-6:7.0e}  {audit.relative_gap:12.1e}  {path.n_active[0]:8d}")
