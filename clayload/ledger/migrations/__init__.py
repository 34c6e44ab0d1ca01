"""How a ledger came to its present shape; `engine.open_engine` runs these."""
