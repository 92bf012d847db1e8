"""Platform to store: finding posts (poll), reading their levels again (refresh)."""
