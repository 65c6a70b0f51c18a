"""Design matrices: products and sums over samples, in memory and in chunks."""
