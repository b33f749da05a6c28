"""Plan and execute: cache keys, workers and the coordinator. Import from its modules, so that a worker stays light."""
