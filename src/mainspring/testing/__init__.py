"""For your own tests: fixtures, and the conformance suites of what can be exchanged."""
