"""Small tools that know nothing of food; each module is named for its noun."""
