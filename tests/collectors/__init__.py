"""What collectors promise, proved on answers of our own making and, where they are at hand, on recorded ones."""
