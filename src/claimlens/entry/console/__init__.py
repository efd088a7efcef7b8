"""The console: pages for people who decide, rendered on the server; the use cases hold the logic."""
