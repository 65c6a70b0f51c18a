"""Small problems that reach every solver, by the public interface of riata alone."""

# (each registers its problems)
import problems_chunks  # noqa: F401
import problems_losses  # noqa: F401
import problems_models  # noqa: F401
import problems_ridge  # noqa: F401
import problems_routes  # noqa: F401
import problems_squared  # noqa: F401
from problems_common import PROBLEMS, solve

__all__ = ["PROBLEMS", "solve"]
