"""MultiTaskLasso and MultiTaskElasticNet, and their cross-validated forms."""

import numpy as np

from .._cross_validation._fits import PathFits
from .._cross_validation._scores import DEVIANCE
from .._path._samples import Deadline, Samples, solve_path
from .._validation import validate_estimator_input
from ..penalties import RowGroup
from ._base import Fit, LinearRegressor, warn_not_converged, warn_of_no_penalty
from ._cv_base import OneRatio
from ._elastic_net_cv import SquaredPathCV
from ._glm_cv import GeneralizedLinearRegressorCV


class SeveralTasks(LinearRegressor):
    """What models of several targets with common features share.

    Attributes
    ----------
    coef_ : ndarray of shape (n_targets, n_features)
        Coefficients, in the dtype of X (float32 or float64).
    intercept_ : ndarray of shape (n_targets,)
        Intercepts; zeros if ``fit_intercept=False``.
    sparse_coef_ : sparse matrix of shape (n_targets, n_features)
        The coefficients as a CSR matrix, a row for each target.
    """

    lower = upper = None

    def _penalty(self, l1_ratio):
        """The penalty on rows, with the penalty factors."""
        return RowGroup(l1_ratio, self.penalty_factor)

    def _samples(self, X, y, sample_weight, offset):
        """The samples, checked, and the attributes that follow from them."""
        *data, features = validate_estimator_input(
            self, X, y, sample_weight=sample_weight, offset=offset, multi_output=True
        )
        data = Samples(*data)
        if data.y.ndim == 1:
            raise ValueError(
                f"y must have a column for each task, got shape {np.shape(y)}. For "
                f"mono-task outputs, use {type(self).__name__.removeprefix('MultiTask')}."
            )
        return data, features

    def _attributes_of(self, fit, dtype):
        return {
            "coef_": np.asarray(np.atleast_2d(fit.coef), dtype=dtype),
            "intercept_": np.asarray(np.atleast_1d(fit.intercept), dtype=dtype),
            "dual_gap_": fit.dual_gap, "relative_gap_": fit.relative_gap,
            "n_iter_": fit.n_iter, "status_": fit.status, "_solved_": (fit.solved,),
        }

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.single_output = False
        tags.target_tags.multi_output = True
        return tags


def alone(data):
    """Samples of a single task, whose norms of rows are absolute values."""
    offset = None if data.offset is None else data.offset.reshape(-1)
    return data._replace(y=data.y[:, 0], offset=offset)


class MultiTaskElasticNet(SeveralTasks):
    r"""Elastic net of several targets with common features, solved with a certificate.

    Minimizes, over the coefficients :math:`W` (a row :math:`W_j` for each feature) and the
    intercepts :math:`b`,

    .. math::

        \frac{1}{2 S} \sum_i s_i \|y_i - o_i - b - W^\top x_i\|^2
        + \alpha \sum_j v_j \left( \rho \|W_j\| + \frac{1 - \rho}{2} \|W_j\|^2 \right),

    with the sample weights :math:`s` and their sum :math:`S`, the offset :math:`o`, the
    penalty factors :math:`v` and :math:`\rho` = `l1_ratio`: a feature is selected for all
    targets or for none. With the defaults it is the problem of
    :class:`sklearn.linear_model.MultiTaskElasticNet`, whose parameters, attributes and
    methods this class has; those after `selection` are riata's own.

    Parameters
    ----------
    tol : float
        Tolerance, in scikit-learn's spelling. The fit stops when the duality gap is at
        most ``tol / 100`` times the objective of the model that has intercepts only.

    Attributes
    ----------
    coef_, intercept_, sparse_coef_, dual_gap_, relative_gap_, n_iter_, status_
    n_features_in_, feature_names_in_

    See Also
    --------
    MultiTaskLasso : Without the L2 penalty.
    MultiTaskElasticNetCV : Chooses `alpha` and `l1_ratio` by cross-validation.
    ElasticNet : Fits several targets one by one.

    References
    ----------
    G. Obozinski, B. Taskar and M. I. Jordan, "Joint covariate selection and joint
    subspace selection for multiple classification problems", Statistics and Computing 20,
    231-252, 2010.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import MultiTaskElasticNet
    >>> X = np.random.default_rng(0).standard_normal((50, 4))
    >>> Y = X[:, :2] @ [[1.0, 2.0, 0.0], [0.0, -1.0, 1.0]]
    >>> model = MultiTaskElasticNet(alpha=0.5, l1_ratio=0.9).fit(X, Y)
    >>> model.coef_.any(axis=0).tolist()
    [True, True, False, False]
    """

    __module__ = "riata"

    def __init__(
        self, alpha=1.0, *, l1_ratio=0.5, fit_intercept=True, copy_X=True, max_iter=1000,
        tol=1e-4, warm_start=False, random_state=None, selection="cyclic",
        standardize=False, penalty_factor=None, n_threads=None, time_limit=None,
    ):
        self._keep_parameters(locals())

    def fit(self, X, y, sample_weight=None, offset=None):
        """Fit the model.

        Parameters
        ----------
        y : array-like of shape (n_samples, n_targets)
            Targets.
        offset : array-like of shape (n_samples,) or (n_samples, n_targets)
            Known part of the prediction, added to it and not fitted.
        """
        self._check_params()
        if self.alpha == 0:
            warn_of_no_penalty(stacklevel=2)
        data, features = self._samples(X, y, sample_weight, offset)
        coef = self._start(data)
        options, seconds = self._path_options(), Deadline(self.time_limit).left()
        factor = options.pop("penalty_factor")
        if data.y.shape[1] == 1:
            path = solve_path(
                alone(data), np.array([float(self.alpha)]), l1_ratio=self.l1_ratio,
                seconds=seconds, start=None if coef is None else coef[0],
                penalty_factor=factor, **options,
            )
        else:
            path = solve_path(
                data, np.array([float(self.alpha)]), l1_ratio=1.0, seconds=seconds,
                start=coef, penalty=self._penalty(self.l1_ratio), penalty_factor=None,
                **options,
            )
        fit = Fit.from_path(path, 0)
        warn_not_converged(self, [fit], "fits", stacklevel=2)
        self._set_fitted(**self._attributes_of(fit, data.X.dtype), **features)
        return self

    def _start(self, data):
        """Coefficients to start from, or None."""
        coef = getattr(self, "coef_", None) if self.warm_start else None
        fits = coef is not None and coef.shape == (data.y.shape[1], data.X.shape[1])
        return np.asarray(coef, dtype=float) if fits else None


class MultiTaskLasso(MultiTaskElasticNet):
    r"""Lasso of several targets with common features, solved with a certificate.

    Minimizes, over the coefficients :math:`W` (a row :math:`W_j` for each feature) and the
    intercepts :math:`b`,

    .. math::

        \frac{1}{2 S} \sum_i s_i \|y_i - o_i - b - W^\top x_i\|^2
        + \alpha \sum_j v_j \|W_j\|,

    with the sample weights :math:`s` and their sum :math:`S`, the offset :math:`o` and the
    penalty factors :math:`v`: a feature is selected for all targets or for none. With the
    defaults it is the problem of :class:`sklearn.linear_model.MultiTaskLasso`, whose
    parameters, attributes and methods this class has; those after `selection` are riata's
    own.

    Attributes
    ----------
    coef_, intercept_, sparse_coef_, dual_gap_, relative_gap_, n_iter_, status_
    n_features_in_, feature_names_in_

    See Also
    --------
    MultiTaskLassoCV : Chooses `alpha` by cross-validation.
    Lasso : Fits several targets one by one.
    riata.penalties.RowGroup : The penalty.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import MultiTaskLasso
    >>> X = np.random.default_rng(0).standard_normal((50, 4))
    >>> Y = X[:, :2] @ [[1.0, 2.0, 0.0], [0.0, -1.0, 1.0]]
    >>> model = MultiTaskLasso(alpha=0.5).fit(X, Y)
    >>> model.coef_.any(axis=0).tolist()
    [True, True, False, False]
    """

    __module__ = "riata"

    l1_ratio = 1.0

    def __init__(
        self, alpha=1.0, *, fit_intercept=True, copy_X=True, max_iter=1000, tol=1e-4,
        warm_start=False, random_state=None, selection="cyclic", standardize=False,
        penalty_factor=None, n_threads=None, time_limit=None,
    ):
        self._keep_parameters(locals())


class SeveralTasksCV(SeveralTasks, SquaredPathCV):
    """Cross-validation of models of several targets.

    Attributes
    ----------
    mse_path_ : ndarray of shape (n_l1_ratio, n_alphas, n_folds)
        Mean squared error on the test rows of each fold, averaged over the targets, without
        axes of length 1.
    coef_path_ : list of lists of csc_array of shape (n_features, n_alphas)
        Coefficients of all alphas of each fold, one array for each target:
        ``coef_path_[fold]`` for a single l1_ratio, ``coef_path_[l1_ratio][fold]`` for
        several.
    intercept_path_ : ndarray of shape (n_l1_ratio, n_alphas, n_folds, n_targets)
        Intercepts of all alphas of each fold, without axes of length 1.
    """

    def _checked_input(self, X, y, sample_weight, offset):
        data, features = self._samples(X, y, sample_weight, offset)
        options = self._path_options()
        if data.y.shape[1] == 1:
            return alone(data), options, features
        options.update(penalty=self._penalty(1.0), penalty_factor=None)
        return data, options, features

    def _fits(self, data, folds, options, l1_ratios, names, *, deadline):
        fits = PathFits(data, folds, options, [1.0], names, self.alphas, self.eps)
        fits.l1_ratios = l1_ratios
        return fits

    def _score_attributes(self, result):
        intercept = result.paths[0].intercept
        n_targets = len(intercept) if intercept.ndim == 2 else 1
        return {"mse_path_": -np.squeeze(result.scores[DEVIANCE]) / n_targets}


class MultiTaskElasticNetCV(SeveralTasksCV):
    """Multi-task elastic net with `alpha` and `l1_ratio` chosen by cross-validation.

    Has the parameters, attributes and methods of
    :class:`sklearn.linear_model.MultiTaskElasticNetCV`; the parameters after `selection`
    are riata's own. See :class:`riata.MultiTaskElasticNet` for the problem that is solved.

    Attributes
    ----------
    alpha_, l1_ratio_, alphas_, mse_path_, cv_result_, path_, coef_path_
    intercept_path_, coef_, intercept_, sparse_coef_, dual_gap_, relative_gap_
    n_iter_, status_, n_features_in_, feature_names_in_

    See Also
    --------
    MultiTaskElasticNet : For a given alpha and l1_ratio.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import MultiTaskElasticNetCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((60, 5))
    >>> Y = X[:, :2] @ [[1.0, 2.0], [1.0, -1.0]] + 0.1 * rng.standard_normal((60, 2))
    >>> model = MultiTaskElasticNetCV(l1_ratio=[0.5, 1.0], alphas=20).fit(X, Y)
    >>> model.mse_path_.shape
    (2, 20, 5)
    """

    __module__ = "riata"

    def __init__(
        self, *, l1_ratio=0.5, eps=1e-3, alphas=100, fit_intercept=True, max_iter=1000,
        tol=1e-4, cv=None, copy_X=True, verbose=0, n_jobs=None, random_state=None,
        selection="cyclic", standardize=False, penalty_factor=None, scoring=None,
        select="min", n_threads=None, time_limit=None,
    ):
        self._keep_parameters(locals())


class MultiTaskLassoCV(OneRatio, SeveralTasksCV):
    """Multi-task lasso with `alpha` chosen by cross-validation.

    Has the parameters, attributes and methods of
    :class:`sklearn.linear_model.MultiTaskLassoCV`; the parameters after `selection` are
    riata's own. See :class:`riata.MultiTaskLasso` for the problem that is solved.

    Attributes
    ----------
    alpha_, l1_ratio_, alphas_
    mse_path_ : ndarray of shape (n_alphas, n_folds)
        Mean squared error on the test rows of each fold, averaged over the targets.
    cv_result_, path_
    coef_path_ : list of n_folds lists of csc_array of shape (n_features, n_alphas)
        Coefficients of all alphas of each fold, one array for each target.
    intercept_path_ : ndarray of shape (n_alphas, n_folds, n_targets)
        Intercepts of all alphas of each fold.
    coef_, intercept_, sparse_coef_, dual_gap_, relative_gap_
    n_iter_, status_, n_features_in_, feature_names_in_

    See Also
    --------
    MultiTaskLasso : For a given alpha.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import MultiTaskLassoCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((60, 5))
    >>> Y = X[:, :2] @ [[1.0, 2.0], [1.0, -1.0]] + 0.1 * rng.standard_normal((60, 2))
    >>> model = MultiTaskLassoCV(alphas=20).fit(X, Y)
    >>> model.coef_[:, :2].round(1)
    array([[ 1.,  1.],
           [ 2., -1.]])
    """

    __module__ = "riata"

    def __init__(
        self, *, eps=1e-3, alphas=100, fit_intercept=True, max_iter=1000, tol=1e-4,
        copy_X=True, cv=None, verbose=False, n_jobs=None, random_state=None,
        selection="cyclic", standardize=False, penalty_factor=None, scoring=None,
        select="min", n_threads=None, time_limit=None,
    ):
        self._keep_parameters(locals())


class TargetsCV(SeveralTasks, GeneralizedLinearRegressorCV):
    """What `riata.cv_path` fits to several targets."""

    def _checked_input(self, X, y, sample_weight, offset):
        data, features = self._samples(X, y, sample_weight, offset)
        options = self._path_options()
        return data, options, {**self._extra_attributes(options), **features}
