"""Each statistic against an independent computation, and against the damage that real collection does."""
