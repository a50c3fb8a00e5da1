"""The commands, one module a family; `kb.cli` loads the one that is called."""
