"""Data: sources, contracts, profiles, splits."""
