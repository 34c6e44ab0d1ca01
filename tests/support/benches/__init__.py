"""What tests work with: the command, flows, plans, the stand-in's core, Prefect's server."""
