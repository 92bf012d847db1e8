"""The commands, one file a group. Each one reads its words, calls a room below, and says what came of it."""
