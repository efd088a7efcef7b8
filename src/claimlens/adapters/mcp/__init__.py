"""Services that are servers of their own, over the Model Context Protocol."""
