"""Classification with any loss: what classifiers share, and the general one.

Labels become numbers in the validation; the loss of two classes sees 0 and 1, the
multinomial loss 0, 1, 2 and so on.
"""

from numbers import Real

import numpy as np
from scipy import sparse
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from .._path._linear_predictor import has_probabilities, labels_of, probabilities
from .._path._samples import Deadline, Samples, solve_path
from .._validation import validate_classifier_input
from ..losses import Logistic, get_loss
from ._base import Fit, GapTolerance, LinearModel, PenaltyParameter, warn_not_converged


def weights_of_classes(class_weight, classes, codes, sample_weight):
    """Return the factor on the weights of the samples of each class.

    Parameters
    ----------
    class_weight : dict, "balanced" or None
        "balanced" makes the sums of the weights of all classes equal, except for those
        of which all samples have a weight of zero.
    classes : ndarray of shape (n_classes,)
    codes : ndarray of shape (n_samples,)
        Places of the labels in `classes`.
    sample_weight : ndarray of shape (n_samples,) or None

    Returns
    -------
    ndarray of shape (n_classes,), or None for ones
    """
    if class_weight is None:
        return None
    if isinstance(class_weight, str):
        sums = np.bincount(codes.astype(np.intp), sample_weight, len(classes))
        counted = sums > 0  # a class without weight stays without
        share = sums.sum() / counted.sum()
        return np.divide(share, sums, out=np.zeros(len(classes)), where=counted)
    labels = classes.tolist()
    unknown = [label for label in class_weight if label not in labels]
    missing = [label for label in labels if label not in class_weight]
    if unknown and missing:
        raise ValueError(
            f"class_weight has the class {unknown[0]!r}, which y does not hold, and none "
            f"for {missing[0]!r}; its keys must be the labels in y."
        )
    return np.array([float(class_weight.get(label, 1.0)) for label in labels])


def with_class_weight(data, class_weight, classes):
    """Return the samples with weights that count the class of each of them."""
    factor = weights_of_classes(class_weight, classes, data.y, data.sample_weight)
    if factor is None:
        return data
    weight = factor[data.y.astype(np.intp)]
    if data.sample_weight is not None:
        weight = weight * data.sample_weight
    if not weight.any():
        raise ValueError("class_weight leaves all samples a weight of zero; raise it.")
    return data._replace(sample_weight=weight)


def _gives_probabilities(estimator):
    if hasattr(estimator, "loss_"):
        return has_probabilities(estimator.loss_)
    try:
        return has_probabilities(estimator._get_loss())
    except (TypeError, ValueError):  # that fit will explain
        return True


def loss_of_several(loss, n_classes):
    """Return the loss for more than two classes."""
    if isinstance(loss, Logistic):
        return get_loss("multinomial")
    if not loss.many_outputs:
        raise ValueError(
            f"Only binary classification is supported. loss={loss.name!r} is for two "
            f"classes, but y holds {n_classes}; choose loss=\"logistic\", or wrap the "
            "estimator into a sklearn.multiclass.OneVsRestClassifier."
        )
    return loss


def solve_fit(data, alphas, *, known, **options):
    """Return the `Fit` for a single alpha, with the arguments of `solve_path`."""
    return Fit.from_path(solve_path(data, alphas, **options), 0)


class LinearClassifier(ClassifierMixin, LinearModel):
    """Fit for one alpha, and prediction, of a linear model of classes.

    Attributes
    ----------
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Coefficients, in the dtype of X (float32 or float64): of two classes one row,
        for ``classes_[1]``. Sparse after :meth:`sparsify`.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        Intercepts; 0.0 if ``fit_intercept=False``.
    sparse_coef_ : sparse matrix of the shape of `coef_`
        The coefficients as a CSR matrix.
    n_iter_ : ndarray of shape (1,)
        Number of outer iterations.
    """

    _counts_weights = False  # whether multiplying all weights by a number matters

    def decision_function(self, X, offset=None):
        """Predict the linear predictor of samples.

        Returns
        -------
        scores : ndarray of shape (n_samples,) or (n_samples, n_classes)
            ``X @ coef_.T + intercept_ (+ offset)``. Of two classes one score for
            ``classes_[1]``, which is predicted if it is > 0.
        """
        check_is_fitted(self)
        scores = self._predictor(X, offset)
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def predict(self, X, offset=None):
        """Predict the class of samples.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.
        offset : array-like of shape (n_samples,) or (n_samples, n_classes)
            Known part of the linear predictor. A model fitted with an offset needs the
            offsets of the new samples here, or 0 to predict without.

        Returns
        -------
        y_pred : ndarray of shape (n_samples,)
            Labels.
        """
        scores = self.decision_function(X, offset)
        return labels_of(self.classes_, scores)

    @available_if(_gives_probabilities)
    def predict_proba(self, X, offset=None):
        """Predict the probabilities of the classes.

        Only if the loss has probabilities: the squared hinge, for one, has none.

        Returns
        -------
        probability : ndarray of shape (n_samples, n_classes)
            Columns are in the order of `classes_`.
        """
        scores = self.decision_function(X, offset)
        return probabilities(self._fitted_loss(), scores)

    def _fitted_loss(self):
        """The loss of the fit, or that of the parameters where `coef_` was set by hand."""
        return getattr(self, "loss_", None) or self._loss_of(self.classes_)

    @available_if(_gives_probabilities)
    def predict_log_proba(self, X, offset=None):
        """Predict the logarithms of the probabilities of the classes.

        Only if the loss has probabilities. Accurate even where they underflow to zero.

        Returns
        -------
        log_probability : ndarray of shape (n_samples, n_classes)
            Columns are in the order of `classes_`.
        """
        scores = self.decision_function(X, offset)
        return probabilities(self._fitted_loss(), scores, log=True)

    def score(self, X, y, sample_weight=None, offset=None):
        """Return the accuracy of the predicted classes.

        Parameters
        ----------
        y : array-like of shape (n_samples,)
            True labels.
        sample_weight : array-like of shape (n_samples,)
            Sample weights.

        Returns
        -------
        score : float
            Share of the samples whose class is predicted.
        """
        predicted = self.predict(X, offset)
        return accuracy_score(y, predicted, sample_weight=sample_weight)

    def sparsify(self):
        """Convert `coef_` to a sparse matrix.

        It saves memory and time where most coefficients are zero.

        Returns
        -------
        self : object
            The estimator.
        """
        check_is_fitted(self)
        self.coef_ = self.sparse_coef_
        return self

    def densify(self):
        """Convert `coef_` back to a dense array.

        Returns
        -------
        self : object
            The estimator.
        """
        check_is_fitted(self)
        if sparse.issparse(self.coef_):
            self.coef_ = self.coef_.toarray()
        return self

    # -- fitting ------------------------------------------------------------------

    def _strength(self, data):
        """Return alpha, on the scale of the mean loss, and l1_ratio."""
        return self.alpha, self.l1_ratio

    def _checked_classes(self, X, y, sample_weight, offset):
        """Return the samples (with weights as given), their classes and features."""
        if isinstance(sample_weight, Real) and not self._counts_weights:
            sample_weight = None
        (*data, features), classes = validate_classifier_input(
            self, X, y, sample_weight=sample_weight, offset=offset
        )
        return Samples(*data), classes, features

    def _fit_classes(self, X, y, sample_weight, offset, solve=solve_fit):
        """Fit all classes for one strength of the penalty.

        `solve` is called as `solve_fit`, with the attributes that are known before in
        ``known``.
        """
        self._check_params()
        data, classes, features = self._checked_classes(X, y, sample_weight, offset)
        options = self._path_options()
        options["loss"] = self._loss_of(classes)
        data = with_class_weight(data, self.class_weight, classes)
        alpha, l1_ratio = self._strength(data)
        known = {"classes_": classes, "loss_": options["loss"], **features}
        fit = solve(
            data, np.array([alpha], dtype=np.float64), known=known, l1_ratio=l1_ratio,
            seconds=Deadline(self.time_limit).left(),
            start=self._start(len(classes), data.X.shape[1]), **options,
        )
        warn_not_converged(self, [fit], "fits", stacklevel=3)
        self._set_fitted(**known, **class_attributes(fit, data.X.dtype))
        return self

    def _start(self, n_classes, n_features):
        n_rows = 1 if n_classes == 2 else n_classes
        starts = self._starts(n_rows, n_features)
        return starts[0] if n_rows == 1 or starts[0] is None else np.array(starts)

    def _loss_of(self, classes):
        """Return the loss for so many classes."""
        loss = self._get_loss()
        if len(classes) > 2:
            return loss_of_several(loss, len(classes))
        return Logistic() if loss.name == "multinomial" else loss

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        try:
            name = self._get_loss().name
        except (TypeError, ValueError):  # that fit will explain
            return tags
        tags.classifier_tags.multi_class = name in ("logistic", "multinomial")
        return tags


def class_attributes(fit, dtype):
    """Return the fitted attributes of one fit of all classes, shaped as scikit-learn's."""
    return {
        "coef_": np.atleast_2d(fit.coef).astype(dtype),
        "intercept_": np.atleast_1d(fit.intercept).astype(dtype),
        "dual_gap_": fit.dual_gap,
        "relative_gap_": fit.relative_gap,
        "n_iter_": np.array([fit.n_iter], dtype=np.int32),
        "status_": fit.status,
        "_solved_": (fit.solved,),
    }


class GeneralizedLinearClassifier(PenaltyParameter, GapTolerance, LinearClassifier):
    r"""Classification with any loss, an L1 and an L2 penalty, and a certificate.

    {objective}

    with the loss :math:`\ell`, the weights :math:`s` of samples and classes and their
    sum :math:`S`, the offset :math:`o`, the penalty factors :math:`v` and :math:`\rho`
    = `l1_ratio`. It is :func:`riata.fit_path` for one alpha, as an estimator. More than
    two classes have coefficients each, and the multinomial loss.

    Parameters
    ----------
    loss : str or riata.losses.Loss
        "logistic", which is multinomial for more than two classes ("multinomial" means
        the same); "squared_hinge", for two classes; or an object of
        :mod:`riata.losses` that classifies.

    Attributes
    ----------
    classes_, coef_, intercept_, sparse_coef_, loss_, dual_gap_, relative_gap_, n_iter_
    status_, n_features_in_, feature_names_in_

    See Also
    --------
    GeneralizedLinearClassifierCV : Chooses `alpha` and `l1_ratio` by cross-validation.
    LogisticRegression : With scikit-learn's parameters and meaning.
    riata.fit_path : The coefficients for a whole sequence of alphas.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import GeneralizedLinearClassifier
    >>> X = np.array([[0.0, 1.0], [1.0, 3.0], [2.0, 2.0], [3.0, 0.0]])
    >>> y = ["no", "no", "yes", "yes"]
    >>> model = GeneralizedLinearClassifier("squared_hinge", alpha=0.01).fit(X, y)
    >>> model.predict([[0.5, 0.5], [2.5, 0.5]])
    array(['no', 'yes'], dtype='<U3')
    """

    __module__ = "riata"

    _takes_chunks = True

    def __init__(
        self, loss="logistic", *, alpha=0.1, l1_ratio=1.0, penalty=None,
        class_weight=None, fit_intercept=True, max_iter=1000, tol=1e-6,
        warm_start=False, standardize=False, penalty_factor=None, lower=None,
        upper=None, n_threads=None, time_limit=None,
    ):
        self._keep_parameters(locals())

    def fit(self, X, y, sample_weight=None, offset=None):
        """Fit the model.

        Parameters
        ----------
        y : array-like of shape (n_samples,)
            Labels of any kind: numbers, strings, truth values.
        offset : array-like of shape (n_samples,) or (n_samples, n_classes)
            Known part of the linear predictor, added to it and not fitted.
        """
        return self._fit_classes(X, y, sample_weight, offset)

    def _get_loss(self):
        loss = get_loss(self.loss)
        if not loss.classifies:
            raise ValueError(
                f"loss={loss.name!r} is not for classes; use GeneralizedLinearRegressor."
            )
        return loss
