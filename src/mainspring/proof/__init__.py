"""Proof: run a run again and compare; score, and continuous integration.

Import from its modules, so that a command loads no more than it needs.
"""
