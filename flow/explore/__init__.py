"""Exploration of configurations: what each takes of a part, how fast it is, what it gets done."""
