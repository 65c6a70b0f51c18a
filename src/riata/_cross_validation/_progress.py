"""Progress of fits, told to scikit-learn's callbacks where it has them."""

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # before scikit-learn 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """No callbacks."""

    def with_callbacks(method):
        """Return the method as it is."""
        return method


def run_and_tell(plan, estimator, X, y):
    """Run a `Plan`, and tell the estimator's callbacks of each fold that is finished.

    Parameters
    ----------
    plan : Plan
        Its own `callback` is told, too.
    estimator : object
        With the parameters `n_jobs` and `verbose`.
    X, y : array-like
        As given to ``fit``.

    Returns
    -------
    CVResult
    """
    if not getattr(estimator, "_skl_callbacks", None):
        return plan.run(estimator.n_jobs, estimator.verbose)

    @with_callbacks
    def run(estimator):
        fit = estimator._init_callback_context(max_subtasks=len(plan.folds))
        fit.call_on_fit_task_begin(estimator=estimator, X=X, y=y)

        def tell(step):
            fold = fit.subcontext(task_name="fold")
            fold.call_on_fit_task_begin(estimator=estimator)
            stop = fold.call_on_fit_task_end(estimator=estimator)
            return (plan.callback is not None and plan.callback(step)) or stop

        told = plan._replace(callback=tell)
        result = told.run(estimator.n_jobs, estimator.verbose)
        fit.call_on_fit_task_end(estimator=estimator)
        return result

    return run(estimator)
