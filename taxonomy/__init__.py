"""What things are called, and how a paper gets its tags."""
