"""How is the ledger kept: SQLite or Postgres, its schema, its migrations, what is tried again?"""
