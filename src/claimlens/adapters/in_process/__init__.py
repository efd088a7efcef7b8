"""Services that live in this process."""
