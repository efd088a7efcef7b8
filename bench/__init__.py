"""Speed of the gate, beside named baselines: `python -m bench`."""
