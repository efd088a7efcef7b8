"""ClaimLens: a pre-publish gate for food text."""

__version__ = "0.1.0"
