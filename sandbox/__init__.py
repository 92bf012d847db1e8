"""A small social network on loopback, for the demo and the tests: its people are invented, its sockets are real."""
