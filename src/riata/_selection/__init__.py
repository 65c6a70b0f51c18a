"""Variable selection: relaxed and adaptive lasso, stability selection, leave-one-out."""
