"""Real parts only: both databases, real sockets, respx at the edge of the platforms."""
