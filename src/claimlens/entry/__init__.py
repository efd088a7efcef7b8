"""The doors: each translates its callers' words into a use case and back."""
