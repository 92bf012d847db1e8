"""One chain of revisions for both databases."""
