"""The composition root: reads settings, picks adapters, and offers what the command line and Python callers ask for."""
