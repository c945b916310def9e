"""How the scripts of this folder write JSON."""
import json


def write_json(path, value):
    path.write_text(pretty(value, "") + "\n", encoding="utf-8")


def pretty(value, indent):
    """Like json.dumps with indent=2, but a list of scalars stays on one line."""
    deeper = indent + "  "
    if isinstance(value, dict):
        inner = [f"{deeper}{json.dumps(key)}: {pretty(item, deeper)}" for key, item in value.items()]
        return "{\n" + ",\n".join(inner) + f"\n{indent}}}"
    if isinstance(value, list) and any(isinstance(item, (list, dict)) for item in value):
        return "[\n" + ",\n".join(deeper + pretty(item, deeper) for item in value) + f"\n{indent}]"
    return json.dumps(value, ensure_ascii=False)
