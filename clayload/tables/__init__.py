"""The newcomer's file: `config/tables.yaml` and its neighbours, read and checked."""
