"""What a person or a program asks of ClaimLens, one module a noun."""
