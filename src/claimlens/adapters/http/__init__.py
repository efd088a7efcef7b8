"""HTTP to where tenants want to be told."""
