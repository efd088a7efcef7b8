"""Label photos read in a child process: what unpacks strangers' pictures holds no secrets and may die."""
