"""What is known: kept, found, answered, mapped."""
