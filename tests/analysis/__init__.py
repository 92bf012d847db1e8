"""What is computed purely: shape, contributions, sums, tags."""
