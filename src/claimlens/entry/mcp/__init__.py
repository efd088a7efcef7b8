"""ClaimLens over the Model Context Protocol: the four services, each a server, and the gate for writers and agents."""
