"""The newcomer's file: `config/tables.yaml` and its neighbour `headers.yaml`, read and checked."""
