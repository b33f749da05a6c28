"""How the database moves from one revision to the next: Alembic's environment and its revisions."""
