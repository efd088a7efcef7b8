"""The nouns: items, rules, findings, verdicts. Pure data, no I/O, no clock."""
