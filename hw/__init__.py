"""Amaranth components: the only place that knows gates and cycles."""
