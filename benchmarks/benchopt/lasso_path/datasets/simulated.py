"""Gaussian columns, neighbours correlated by rho; a fifth of them matter."""

from benchopt import BaseDataset
from benchopt.datasets.simulated import make_correlated_data


class Dataset(BaseDataset):
    """X_density below 1 makes X sparse, by setting the other entries to zero."""

    name = "Simulated"
    parameters = {  # noqa: RUF012
        "n_samples, n_features": [(100, 200), (500, 5_000)],
        "rho": [0, 0.6],
        "X_density": [1.0],
        "random_state": [27],
    }

    def get_data(self):
        X, y, _ = make_correlated_data(
            self.n_samples, self.n_features, rho=self.rho, X_density=self.X_density,
            random_state=self.random_state,
        )  # fmt: skip
        return {"X": X, "y": y}
