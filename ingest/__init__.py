"""How papers come in: pure producers, no storage."""
