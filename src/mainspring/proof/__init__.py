"""Proof: run a run again and compare. Import from its modules, so that a command loads no more than it needs."""
