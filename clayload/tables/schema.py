"""What may an editor offer while somebody writes `tables.yaml` or a neighbour of it?

In:    the models of the three files.
Out:   their JSON Schemas, as committed in `config/`.
Never: a rule of its own; what the models refuse by code alone, the schema leaves to them.

`python -m clayload.tables.schema` writes the files into `config/`, or into the folder it is given.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from clayload.tables.catalogue import Catalogue
from clayload.tables.headers import HeadersFile
from clayload.tables.tables_file import TablesConfig

if TYPE_CHECKING:
    from pydantic import BaseModel

SCHEMAS: dict[str, type[BaseModel]] = {
    "tables.schema.json": TablesConfig,
    "headers.schema.json": HeadersFile,
    "clay.schema.json": Catalogue,
}


def schema_text(model: type[BaseModel]) -> str:
    """The JSON Schema (draft 2020-12) of a configuration file, as it is committed."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"} | model.model_json_schema()
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def write_schemas(folder: Path) -> list[Path]:
    """Write every schema into the folder; returns the files."""
    files = {folder / name: schema_text(model) for name, model in SCHEMAS.items()}
    for path, text in files.items():
        path.write_text(text, "utf-8")
    return list(files)


if __name__ == "__main__":
    write_schemas(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("config"))
