"""A Discord of our own for the tests: REST, gateway and people, strict about what real Discord refuses."""
