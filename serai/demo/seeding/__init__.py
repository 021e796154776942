"""`serai seed FILE.json`: a node of one's own choice, for tests from outside. Format: docs/formats/seed.md."""
