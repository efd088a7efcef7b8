"""Places for files that outlive this machine: a folder, a bucket."""
