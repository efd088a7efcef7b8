"""The data path of one item. The order of the steps is written here, once."""
