"""Writers that word an answer with a language model, and the gate that their text passes."""
