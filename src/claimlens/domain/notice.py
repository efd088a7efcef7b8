"""The line that every report carries."""

NOTICE = "A clean pre-screen is not legal advice and not a regulator's approval."
