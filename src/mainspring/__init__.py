"""Mainspring: one pipeline from raw data to a monitored service and back."""
