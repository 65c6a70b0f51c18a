"""The path solver: working sets, steps on them, and certificates."""
