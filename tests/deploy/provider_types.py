"""provider_types.py - what Terraform's providers know, as their TypeScript types tell it (npm: @cdktf/provider-NAME).

A member `readonly camelName?: type` of an interface is an argument, or a nested block where its comment says so; the comment
also links to its documentation by the name that HCL uses. Getters of the resource's class are its attributes.
"""
import os
import re

INTERFACE = re.compile(r"^export interface (\w+)[^{]*\{\n(.*?)^\}", re.M | re.S)
MEMBER = re.compile(r"/\*\*(.*?)\*/\s*readonly (\w+)(\??): (.*?);\n(?=\s*(?:/\*\*|$))", re.S)
META = {"count", "for_each", "depends_on", "provider"}  # arguments of every resource
META_BLOCKS = {"lifecycle": {"create_before_destroy", "prevent_destroy", "ignore_changes", "replace_triggered_by"}}


def camel(name):
    return re.sub(r"_([a-z0-9])", lambda m: m.group(1).upper(), name)


class Member:
    def __init__(self, comment, required, type_):
        self.block = re.search(r"\*\s+\w+ block\s*$", comment, re.M) is not None
        self.required, self.type = required, type_.strip()
        self.inner = re.match(r"(\w+)", self.type).group(1) if re.match(r"\w", self.type) else None
        self.many = "[]" in self.type

    def takes(self, value):
        """Whether a literal fits; Terraform turns numbers and booleans into strings, and back where the text is one."""
        if value is None or "{" in self.type:
            return value is None or isinstance(value, dict)
        if self.many:
            return isinstance(value, list)
        if isinstance(value, (dict, list)):
            return False
        if self.type.startswith("string"):
            return True
        if self.type.startswith("number"):
            return not isinstance(value, bool) and re.fullmatch(r"-?[0-9.]+", str(value)) is not None
        if self.type.startswith("boolean"):
            return isinstance(value, bool) or value in ("true", "false")
        return True


class Provider:
    """The types in `folder`, which has lib/KIND/index.d.ts for each resource and data source named PREFIX_*."""

    def __init__(self, prefix, folder):
        self.prefix, self.folder, self.kinds = prefix, folder, {}

    def kind(self, name, data):
        """(interfaces, name of the outer one, attributes) of a resource or data source; None: not known."""
        key = (name, data)
        if key not in self.kinds:
            stem = name[len(self.prefix) + 1:].replace("_", "-")
            folders = [f"data-{self.prefix}-{stem}"] if data else [stem, f"{stem}-resource"]
            self.kinds[key] = next(filter(None, (self.read(f, name) for f in folders)), None)
        return self.kinds[key]

    def read(self, folder, name):
        path = os.path.join(self.folder, "lib", folder, "index.d.ts")
        if not os.path.exists(path):
            return None
        with open(path) as f:
            text = f.read()
        if f'tfResourceType = "{name}"' not in text:
            return None
        interfaces = {}
        for interface, body in INTERFACE.findall(text):
            members = {}
            for comment, member, optional, type_ in MEMBER.findall(body):
                anchor = re.search(r"#([a-z0-9_]+) ", comment)
                if anchor and camel(anchor.group(1)) == member:
                    members[anchor.group(1)] = Member(comment, optional == "", type_)
            interfaces[interface] = members
        outer = re.search(r"config\??: (\w+)", text).group(1)
        owner = text[re.search(r"^export declare class \w+ extends cdktf\.Terraform(Resource|DataSource)", text, re.M).start():]
        return interfaces, outer, set(re.findall(r"^    get (\w+)\(\)", owner, re.M))


def check_body(block, interfaces, outer, where, problems, top=True):
    """Arguments and nested blocks of a block against an interface, and what the interface asks for."""
    members = interfaces[outer]
    seen = {}
    for name, a in block["attributes"].items():
        member = members.get(name)
        if member and not member.block:
            seen[name] = 1
            if "value" in a and not member.takes(a["value"]):
                problems.append(f"{where}: {name} is {member.type}, not {a['text']}")
        elif not (top and name in META):
            problems.append(f"{where}: no argument {name}")
    for b in block["blocks"]:
        name, body = b["type"], b
        if top and name in META_BLOCKS:
            problems += [f"{where}: no {name}.{a}" for a in b["attributes"] if a not in META_BLOCKS[name]]
            continue
        if name == "dynamic":
            name = b["labels"][0]
            body = next(c for c in b["blocks"] if c["type"] == "content")
        member = members.get(name)
        if not member or not member.block:
            problems.append(f"{where}: no block {name}")
            continue
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1 and not member.many:
            problems.append(f"{where}: block {name} more than once")
        check_body(body, interfaces, member.inner, f"{where}.{name}", problems, top=False)
    problems += [f"{where}: {name} is missing" for name, m in members.items() if m.required and name not in seen]
