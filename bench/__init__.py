"""What is measured, how, and the last results (README.md)."""
