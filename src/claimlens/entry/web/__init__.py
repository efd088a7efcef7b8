"""What the API and the console share: problem details, correlation, limits, strict JSON."""
