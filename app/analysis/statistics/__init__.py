"""Summary statistics of growth: one small pure function each, with its formula, source, unit and what makes it null."""
