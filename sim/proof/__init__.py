"""Proofs that components equal their specification for every input."""
