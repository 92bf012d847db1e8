"""What is kept: facts, members, rollups."""
