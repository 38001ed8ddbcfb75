"""hcl.py - a folder of Terraform as data (hclshow/), and what is wrong with it: references, variables, arguments, policies."""
import hashlib
import json
import os
import shutil
import subprocess
import tarfile

from foreign import check, fetch, kept, skip
from provider_types import Provider, camel, check_body

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
TERRAFORM = os.path.join(ROOT, "deploy", "aws", "terraform")
NPM = {"aws": "@cdktf/provider-aws@21.22.1", "time": "@cdktf/provider-time@11.0.1"}
KNOWN_ROOTS = {"path", "terraform"}


def hclshow():
    """The program, built once of these sources."""
    if not shutil.which("go"):
        skip("go is not there")
    sources = os.path.join(HERE, "hclshow")
    digest = hashlib.sha256()
    for name in ("go.mod", "go.sum", "main.go"):
        with open(os.path.join(sources, name), "rb") as f:
            digest.update(f.read())

    def make(folder):
        os.makedirs(folder)
        fetch(["go", "build", "-o", os.path.join(folder, "hclshow"), "."], "HashiCorp's library for HCL", cwd=sources,
              env=dict(os.environ, GOTOOLCHAIN="local", GOFLAGS="-mod=readonly"))
    return os.path.join(kept("hclshow-" + digest.hexdigest()[:16], make), "hclshow")


def provider(name):
    if not shutil.which("npm"):
        skip("npm is not there")

    def make(folder):
        os.makedirs(folder)
        fetch(["npm", "pack", "--silent", NPM[name]], NPM[name], cwd=folder)
        packed = os.path.join(folder, next(f for f in os.listdir(folder) if f.endswith(".tgz")))
        with tarfile.open(packed) as t:
            for member in t:
                if member.isfile() and member.name.endswith("/index.d.ts") and ".." not in member.name:
                    t.extract(member, folder)
        os.remove(packed)
    version = NPM[name].rsplit("@", 1)[1]
    return Provider(name, os.path.join(kept(f"terraform-{name}-{version}", make), "package"))


def read(program, folder):
    done = subprocess.run([program, folder], capture_output=True, text=True, timeout=30)
    check(done.returncode == 0, f"{folder} does not parse: {done.stderr}")
    return json.loads(done.stdout)


def attributes_within(block, iterators=()):
    """(attribute, names of the dynamic blocks around it) of a block and all in it."""
    for a in block["attributes"].values():
        yield a, iterators
    for b in block["blocks"]:
        more = iterators + (b["labels"][0],) if b["type"] == "dynamic" else iterators
        yield from attributes_within(b, more)


class Module:
    def __init__(self, files):
        self.files = files
        self.blocks = [(f["name"], b) for f in files for b in f["body"]["blocks"]]
        self.variables = self.named("variable")
        self.outputs = self.named("output")
        self.locals = {n: a for _, b in self.blocks if b["type"] == "locals" for n, a in b["attributes"].items()}
        self.resources = {tuple(b["labels"]): b for _, b in self.blocks if b["type"] == "resource"}
        self.data = {tuple(b["labels"]): b for _, b in self.blocks if b["type"] == "data"}

    def named(self, kind):
        return {b["labels"][0]: b for _, b in self.blocks if b["type"] == kind}

    def form(self):
        """What `fmt` would change."""
        return [f"{f['name']}: not formatted" for f in self.files if not f["formatted"]] + \
            [f"{f['name']}: {r}" for f in self.files for r in f["remarks"]]

    def unresolved(self, providers):
        """References to what does not exist; variables and locals that nothing uses."""
        problems, used = [], set()
        for file, b in self.blocks:
            for a, iterators in attributes_within(b):
                for ref in a["refs"]:
                    used.add(tuple(ref[:2]))
                    fault = self.fault(ref, b, iterators, providers)
                    if fault:
                        problems.append(f"{file}:{a['line']}: {'.'.join(ref)}: {fault}")
        problems += [f"variable {v} is not used" for v in self.variables if ("var", v) not in used]
        problems += [f"local {v} is not used" for v in self.locals if ("local", v) not in used]
        return problems

    def fault(self, ref, block, iterators, providers):
        root, names = ref[0], [n for n in ref if n != "[]"]
        if root in KNOWN_ROOTS or root in iterators:
            return None
        if root in ("each", "count"):
            wanted = "for_each" if root == "each" else "count"
            return None if wanted in block["attributes"] else f"outside of a block with {wanted}"
        if root in ("var", "local"):
            return None if names[1] in (self.variables if root == "var" else self.locals) else "not declared"
        if len(names) == 1:
            return None if block["type"] == "variable" else "no reference"  # the type of a variable
        data = root == "data"
        kind, name = tuple(names[1:3]) if data else tuple(names[:2])
        attribute = names[3:4] if data else names[2:3]
        target = (self.data if data else self.resources).get((kind, name))
        if not target:
            return "not declared"
        many = ref[3 if data else 2:][:1] == ["[]"]
        if many and not {"count", "for_each"} & set(target["attributes"]):
            return "an index of what is there once"
        if attribute and not many and {"count", "for_each"} & set(target["attributes"]):
            return "an attribute of several"
        known = self.known(kind, data, providers)
        if attribute and known and camel(attribute[0]) not in known[2]:
            return "the provider knows no such attribute"
        return None

    @staticmethod
    def known(kind, data, providers):
        p = providers.get(kind.split("_")[0])
        return p.kind(kind, data) if p else None

    def schema(self, providers):
        """Kinds, arguments and blocks that the providers do not know; arguments that they ask for."""
        problems = []
        for data, found in ((False, self.resources), (True, self.data)):
            for (kind, name), b in found.items():
                known = self.known(kind, data, providers)
                if known:
                    check_body(b, known[0], known[1], f"{kind}.{name}", problems)
                else:
                    problems.append(f"{kind}.{name}: the provider knows no such kind")
        return problems

    def statements(self):
        """(name of the policy, statement's attributes and blocks) of each aws_iam_policy_document."""
        for (kind, name), b in self.data.items():
            if kind == "aws_iam_policy_document":
                for s in b["blocks"]:
                    content = next(c for c in s["blocks"] if c["type"] == "content") if s["type"] == "dynamic" else s
                    yield name, content
