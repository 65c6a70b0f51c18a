"""Ridge regression: direct and Krylov methods, leave-one-out errors, certificates."""
