"""Cross-validation of paths: folds, fits, scores and their results."""
