"""The HTTP API: routes translate and call use cases, they decide nothing."""
