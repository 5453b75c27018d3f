"""Write the typed Python client from the description of the API: ``python -m skuwise.server.api.client_source``.

One module a subject: the shapes of its records, and a class with a method for each operation.
"""

from __future__ import annotations

import keyword
import os
import re
import sys
from pathlib import Path
from typing import Any

TARGET = Path(__file__).resolve().parents[2] / "client" / "calls"
HEAD = '"""{title} of the Skuwise API. Written by ``skuwise.server.api.client_source``: change that, not this."""\n'
PLAIN = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
WIDTH = 116
IMPORTS = """from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict, Unpack

from skuwise.client.connection import Connection, ListQuery, part
"""


CLASS = """class {name}:
    def __init__(self, connection: Connection) -> None:
        self._ask = connection.ask
"""


def modules() -> dict[str, str]:
    """Name of a module → its source."""
    from skuwise.server.api.main import api

    described = api.get_openapi_schema(path_prefix="")
    schemas: dict[str, Any] = described["components"]["schemas"]
    subjects: dict[str, list[tuple[str, str, dict[str, Any]]]] = {}
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            subjects.setdefault(operation["tags"][0], []).append((method.upper(), path, operation))
    return {tag.replace(" ", "_"): _source(tag, operations, schemas) for tag, operations in subjects.items()}


def write() -> None:
    """Write every module of the client."""
    for name, source in modules().items():
        (TARGET / f"{name}.py").write_text(source, encoding="utf-8")


def _class(tag: str) -> str:
    return "".join(part.capitalize() for part in tag.split()) + "Calls"


def _source(tag: str, operations: list[tuple[str, str, dict[str, Any]]], schemas: dict[str, Any]) -> str:
    used: dict[str, None] = {}
    methods = "\n\n".join(_method(*one, used) for one in operations)
    shapes = "\n\n\n".join(_shape(name, schemas, used) for name in _closed(used, schemas))
    head = f"{HEAD.format(title=tag.capitalize())}\nfrom __future__ import annotations\n\n{IMPORTS}"
    return f"{head}\n\n{shapes}\n\n\n{CLASS.format(name=_class(tag))}\n{methods}\n"


def _closed(used: dict[str, None], schemas: dict[str, Any]) -> list[str]:
    """The shapes that the methods name and those that these hold, each after what it holds."""
    ordered: list[str] = []

    def visit(name: str) -> None:
        for held in re.findall(r"#/components/schemas/(\w+)", str(schemas[name])):
            if held not in ordered and held != name:
                visit(held)
        if name not in ordered:
            ordered.append(name)

    for name in used:
        visit(name)
    return ordered


def _shape(name: str, schemas: dict[str, Any], used: dict[str, None]) -> str:
    schema = schemas[name]
    required = set(schema.get("required", ()))
    lines = []
    for field, told in schema.get("properties", {}).items():
        kind = _type(told, used)
        lines.append(f"    {field}: {kind if field in required else f'NotRequired[{kind}]'}")
    doc = schema.get("description", "").strip().split("\n")[0]
    head = [f'    """{doc}"""', ""] if doc else []
    return "\n".join([f"class {name}(TypedDict):", *head, *(lines or ["    pass"])])


def _method(method: str, path: str, operation: dict[str, Any], used: dict[str, None]) -> str:
    told = operation.get("parameters", [])
    places = [one for one in told if one["in"] == "path"]
    queries = [one for one in told if one["in"] == "query"]
    has_etag = any(one["name"] == "If-Match" for one in told)
    content = operation.get("requestBody", {}).get("content", {})
    arguments = [f"{_name(one['name'])}: {_type(one['schema'], used)}" for one in places]
    parts = []
    if "application/json" in content:
        arguments.append(f"body: {_type(content['application/json']['schema'], used)}")
        parts.append("body=body")
    if "multipart/form-data" in content:
        arguments += ["files: Sequence[tuple[str, bytes]]", 'source: str = "api"', "whole: bool = False"]
        parts += ['files=[("files", one) for one in files]', 'body={"source": source, "whole": str(whole).lower()}']
    is_list = any(one["name"] == "cursor" for one in queries)
    if is_list:
        arguments, queries = ["**query: Unpack[ListQuery]"], []
        parts.append("query=query")
    if queries or has_etag:
        arguments.append("*")
    arguments += [
        f"{_name(one['name'])}: {_query_type(one, used)}"
        for one in sorted(queries, key=lambda one: not one.get("required"))
    ]
    if has_etag:
        arguments.append("etag: str | None = None")
        parts.append('headers={"If-Match": etag}')
    if queries:
        parts.append("query={" + ", ".join(f'"{one["name"]}": {_name(one["name"])}' for one in queries) + "}")
    answers = [one for status, one in operation["responses"].items() if str(status).startswith("2")]
    gives = _type(answers[0]["content"]["application/json"]["schema"], used) if "content" in answers[0] else "Any"
    address = re.sub(r"\{(\w+)\}", lambda found: f"{{part({_name(found[1])})}}", path)
    where = f'f"{address}"' if places else f'"{path}"'
    head = _wrapped(f"    def {operation['operationId']}(self", arguments, f") -> {gives}:")
    call = _wrapped("        answer: " + gives + f' = self._ask("{method}", {where}', parts, ")")
    return f'{head}\n        """{operation["summary"]}."""\n{call}\n        return answer'


def _wrapped(head: str, parts: list[str], tail: str) -> str:
    """On one line where it fits, else one part a line."""
    line = f"{head}{''.join(f', {part}' for part in parts)}{tail}"
    if len(line) <= WIDTH:
        return line
    opening = head.index("(") + 1
    indent = " " * (len(head) - len(head.lstrip()) + 4)
    first = head[opening:]
    rows = [*([first] if first else []), *parts]
    return head[:opening] + "\n" + "".join(f"{indent}{row},\n" for row in rows) + indent[4:] + tail


def _query_type(one: dict[str, Any], used: dict[str, None]) -> str:
    kind = _type(one["schema"], used)
    if one.get("required"):
        return kind
    default = one["schema"].get("default")
    return (
        f"{kind.replace('list[', 'Sequence[')} = {tuple(default) if isinstance(default, list) else default!r}".replace(
            "'", '"'
        )
    )


def _type(schema: dict[str, Any], used: dict[str, None]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        used[name] = None
        return name
    if "anyOf" in schema:
        kinds = list(dict.fromkeys(_type(one, used) for one in schema["anyOf"]))
        return " | ".join(kinds)
    if schema.get("type") == "array":
        return f"list[{_type(schema.get('items', {}), used)}]"
    if schema.get("type") == "object":
        values = schema.get("additionalProperties")
        return f"dict[str, {_type(values, used) if isinstance(values, dict) else 'Any'}]"
    return PLAIN.get(schema.get("type", ""), "Any")


def _name(name: str) -> str:
    return f"{name}_" if keyword.iskeyword(name) or name in ("filter", "format") else name


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "skuwise.server.settings")
    import django

    django.setup()
    write()
    return 0


if __name__ == "__main__":
    sys.exit(main())
