"""AWS credentials: the chain of weir beside botocore's, with the same files, environment and servers (on loopback).

Random files of profiles (every kind of profile, right and wrong, spelled in many ways) and random environments must give the
same keys, expiry and region in both, or an error in both. Where weir differs on purpose is said in docs/AWS.md, and tried by
itself here. WEIR_AWS_CASES=N tries N cases, WEIR_AWS_SEED=N others.
"""
import datetime
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from foreign import check, venv  # noqa: E402

if os.environ.get("WEIR_AWS_INSIDE") != "1":
    python = os.path.join(venv("botocore", "botocore==1.44.8"), "python")
    env = {**os.environ, "WEIR_AWS_INSIDE": "1"}
    os.execve(python, [python, os.path.abspath(__file__), *sys.argv[1:]], env)

import botocore.credentials  # noqa: E402
import botocore.loaders  # noqa: E402
import botocore.session  # noqa: E402
import botocore.tokens  # noqa: E402
import botocore.utils  # noqa: E402
import hashlib  # noqa: E402

from aws_services import Services  # noqa: E402

SHOW = sys.argv[2]
CASES = int(os.environ.get("WEIR_AWS_CASES") or 120)
SEED = int(os.environ.get("WEIR_AWS_SEED") or 1)
ORDINARY = dict(os.environ)
LOADER = botocore.loaders.create_loader()
botocore.utils.ContainerMetadataFetcher.SLEEP_TIME = 0


def theirs(env, profile=None):
    """What botocore finds: (keys, expiry, region) or (None, why, region)."""
    os.environ.clear()
    os.environ.update(env)
    cache = os.path.join(env["HOME"], ".aws", "sso", "cache")
    botocore.credentials.SSOProvider._SSO_TOKEN_CACHE_DIR = cache
    botocore.tokens.SSOTokenProvider._SSO_TOKEN_CACHE_DIR = cache
    region = ""
    try:
        session = botocore.session.Session(profile=profile)
        session.register_component("data_loader", LOADER)
        region = session.get_config_variable("region") or ""
        found = session.get_credentials()
        if found is None:
            return None, "none", region
        frozen = found.get_frozen_credentials()
        expiry = getattr(found, "_expiry_time", None)
        return ((frozen.access_key, frozen.secret_key, frozen.token or ""), int(expiry.timestamp()) if expiry else 0, region)
    except Exception as e:
        return None, f"{type(e).__name__}: {e}", region
    finally:
        os.environ.clear()
        os.environ.update(ORDINARY)


def ours(env, *args):
    done = subprocess.run([SHOW, *args], env=env, capture_output=True, text=True, timeout=90)
    check(done.returncode == 0, f"aws_show: exit {done.returncode}: {done.stderr}")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return rows[-1], done.stderr, rows


def short(row):
    if "error" in row:
        return None, row["error"], row["region"]
    return (row["key"], row["secret"], row["token"]), row["expires"], row["region"]


class Case:
    """A HOME with files, and an environment, drawn from one random source."""

    def __init__(self, rng, folder, services):
        self.rng, self.services = rng, services
        self.home = tempfile.mkdtemp(dir=folder)
        os.makedirs(os.path.join(self.home, ".aws", "sso", "cache"))
        self.config, self.credentials = [], []  # (section, [(key, value or [(key, value)])])
        self.names = rng.sample(["default", "dev", "prod", "a b", "ünï", "x-1_2", "role", "Base"], rng.randint(1, 5))
        if self.some(0.5):
            self.names = ["default"] + [n for n in self.names if n != "default"]
        self.env = {"HOME": self.home, "PATH": os.environ["PATH"], "AWS_ENDPOINT_URL_STS": services.url,
                    "AWS_ENDPOINT_URL_SSO": services.url, "AWS_ENDPOINT_URL_SSO_OIDC": services.url, "AWS_MAX_ATTEMPTS": "1"}
        for name in self.names:
            self.profile(name)
        self.environment()
        self.write()

    def some(self, p):
        return self.rng.random() < p

    @staticmethod
    def nothing():
        return []

    def token(self, n=20):
        return "".join(self.rng.choices("ABCDEFGHJKLMNPQRSTUVWXYZ234567", k=n))

    def keys(self, p=0.12):
        key, secret = "AKIA" + self.token(16), self.rng.choice("ab+/=") + self.token(39)
        rows = [("aws_access_key_id", key), ("aws_secret_access_key", secret)]
        session = "FwoG" + self.token(60) + "=" if self.some(0.3) else None
        if session:
            rows.append((self.rng.choice(["aws_session_token", "aws_session_token", "aws_security_token"]), session))
        self.services.secrets[key] = (secret, session)
        if self.some(p):
            rows.pop(self.rng.randrange(2))
        self.rng.shuffle(rows)
        return rows

    def role(self):
        arn = f"arn:aws:iam::{self.rng.randrange(10**12):012}:role/{self.token(6)}"
        if self.some(0.1):
            self.services.refuse.add(arn)
        rows = [("role_arn", arn)]
        if self.some(0.3):
            rows.append(("role_session_name", self.rng.choice(["me", "a+b=c,d.e@f-g_h"])))
        return rows

    def by_role(self, name):
        rows = self.role()
        if self.some(0.3):
            rows.append(("external_id", self.rng.choice(["x1", "a:/=,b+c"])))
        if self.some(0.3):
            rows.append(("duration_seconds", self.rng.choice(["900", "3600", "many"])))
        if self.some(0.9):
            if self.some(0.7):
                rows.append(("source_profile", self.rng.choice(self.names + [name, "nobody"] if self.some(0.3) else self.names)))
            else:
                rows.append(("credential_source", self.rng.choice(["Environment", "Environment", "EcsContainer",
                                                                   "Ec2InstanceMetadata", "Nowhere"])))
            if self.some(0.05):
                rows.append(("credential_source", "Environment") if rows[-1][0] == "source_profile" else ("source_profile", name))
        return rows

    def by_process(self):
        how = self.rng.randrange(10)
        answer = {"Version": 1, "AccessKeyId": "AKIA" + self.token(16), "SecretAccessKey": self.token(40)}
        if self.some(0.5):
            answer["SessionToken"] = "s " * 0 + self.token(80)
        if self.some(0.5):
            answer["Expiration"] = self.services.iso(self.rng.choice(["Z", "+00:00", ".123Z"]))
        if how == 0:
            answer["Version"] = self.rng.choice([2, "1", None])
        if how == 1:
            del answer[self.rng.choice(["AccessKeyId", "SecretAccessKey"])]
        self.services.secrets[answer.get("AccessKeyId")] = (answer.get("SecretAccessKey"), answer.get("SessionToken"))
        path = os.path.join(self.home, "give it.py")
        text = json.dumps(answer)
        with open(path, "w") as f:
            f.write("import sys\nassert sys.argv[1:] == ['a b', '$HOME', 'it\\'s', '']\n"
                    f"print({text!r}{'[:-1]' if how == 2 else ''})\nsys.exit({3 if how == 3 else 0})\n")
        quoted = self.rng.choice([f'"{path}"', f"'{path}'", path.replace(" ", "\\ ")])
        words = self.rng.choice(['"a b" $HOME "it\'s" ""', "a\\ b '$HOME' it\\'s ''", "'a b'  \"$HOME\" 'it'\"'\"'s' ''"])
        line = f"{sys.executable} {quoted} {words}"
        if how == 4:
            line = self.rng.choice(["/nonexistent/program", line + ' "', "false"])
        return [("credential_process", line)]

    def sso_token(self, name):
        how = self.rng.randrange(8)
        now = int(time.time())
        token = {"accessToken": ("bad" if how == 0 else "good") + self.token(), "expiresAt": self.services.iso(
            self.rng.choice(["Z", "UTC"])), "startUrl": "https://x.example/start", "region": "us-east-1"}
        if how == 1:
            token["expiresAt"] = "2020-01-01T00:00:00Z"
        if how == 2:
            del token[self.rng.choice(["accessToken", "expiresAt"])]
        if how > 3 and self.some(0.5):  # one that can be renewed, and may have to be
            token["expiresAt"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + self.rng.choice([-100, 600, 3000])))
            token.update(clientId="id", clientSecret="cs", refreshToken=self.rng.choice([self.token(), self.token(), "used"]),
                         registrationExpiresAt=self.rng.choice(["2099-01-01T00:00:00Z", "2099-01-01T00:00:00Z",
                                                                "2020-01-01T00:00:00Z"]))
            if self.some(0.1):
                del token[self.rng.choice(["clientId", "clientSecret", "refreshToken", "registrationExpiresAt"])]
        if how != 3:
            path = os.path.join(self.home, ".aws", "sso", "cache", hashlib.sha1(name.encode()).hexdigest() + ".json")
            with open(path, "w") as f:
                json.dump(token, f)

    def by_sso(self):
        own = [("sso_account_id", f"{self.rng.randrange(10**12):012}"), ("sso_role_name", self.rng.choice(["Admin", "a+b=c,d.e@f-g_h"]))]
        shared = [("sso_region", "us-west-2"), ("sso_start_url", f"https://{self.token(5)}.example/start#/")]
        if self.some(0.15):
            self.rng.choice([own, shared]).pop()
        if self.some(0.4):
            self.sso_token(shared[-1][1])
            return own + shared
        session = self.rng.choice(["corp", "my corp"]) + str(len(self.config))
        self.sso_token(session)
        if self.some(0.9):
            shown = f'sso-session "{session}"' if " " in session else f"sso-session {session}"
            self.config.append((shown, shared + [("sso_registration_scopes", "sso:account:access")]))
        if self.some(0.15):
            own.append(("sso_region", self.rng.choice(["us-west-2", "eu-west-1"])))
        return own + [("sso_session", session)]

    def by_web_identity(self):
        path = os.path.join(self.home, f"token{self.rng.randrange(10**6)}")
        if self.some(0.9):
            with open(path, "w") as f:
                f.write("eyJ" + self.token(300) + ".x_-y")
        rows = self.role() if self.some(0.9) else []
        return rows + [("web_identity_token_file", path)]

    def profile(self, name):
        kinds = [self.keys] * 3 + [lambda: self.by_role(name)] * 4 + [self.by_process, self.by_sso, self.by_web_identity, self.nothing]
        rows = {}
        for _ in range(2 if self.some(0.15) else 1):
            rows.update(self.rng.choice(kinds)())
        if "aws_session_token" in rows:  # beside it weir leaves out the old name, botocore the new one
            rows.pop("aws_security_token", None)
        if self.some(0.4):
            rows["region"] = self.rng.choice(["us-east-1", "eu-central-1", "cn-north-1"])
        if self.some(0.2):
            rows["s3"] = [("addressing_style", "path"), ("max_concurrent_requests", "20")]
        rows["output"] = "json"
        secret = {"aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token"}
        in_credentials = [(k, v) for k, v in rows.items() if k in secret or (k not in ("s3",) and self.some(0.1))]
        in_config = [(k, v) for k, v in rows.items() if (k, v) not in in_credentials]
        if self.some(0.3):
            in_config, in_credentials = in_config + in_credentials, []
        elif self.some(0.1):
            in_config += self.keys()
            in_config = dict(in_config)
            if "aws_session_token" in in_config:
                in_config.pop("aws_security_token", None)
            in_config = list(in_config.items())
        if in_credentials or self.some(0.2):
            self.credentials.append((name, in_credentials))
        shown = self.rng.choice([f'"{name}"', f"'{name}'"]) if " " in name or self.some(0.2) else name
        if in_config or self.some(0.5):
            self.config.append((name if name == "default" else f"profile{self.rng.choice([' ', '  ', chr(9)])}{shown}", in_config))

    def lines(self, sections):
        self.rng.shuffle(sections)
        out = []
        for section, rows in sections:
            out.append(f"[{section}]" + self.rng.choice(["", "", "  ", " # mine"]))
            indent = self.rng.choice(["", "", "", "  "])
            for key, value in rows:
                if self.some(0.1):
                    out.append(self.rng.choice(["", "   ", "# comment = x", "  ; [no section]", "#"]))
                if self.some(0.1):
                    key = key.upper() if self.some(0.5) else key.title()
                sep = self.rng.choice(["=", " = ", ": ", "\t=\t", " =", "= "])
                if isinstance(value, list):
                    out.append(f"{indent}{key} =")
                    out += [f"{indent}  {k} = {v}" for k, v in value]
                elif self.some(0.05):
                    out += [f"{indent}{key}{sep}{value}", f"{indent}    "]
                else:
                    out.append(f"{indent}{key}{sep}{value}{self.rng.choice(['', '', ' ', chr(9)])}")
            if self.some(0.5):
                out.append("")
        if self.some(0.04):
            out.insert(self.rng.randint(0, len(out)), self.rng.choice(["nothing", "= x", "[open", "[]", "[dev]\n[dev]", "a=1\na=2"]))
        return self.rng.choice(["\n", "\n", "\r\n"]).join(out) + self.rng.choice(["", "\n"])

    def put(self, path, sections):
        with open(path, "w", newline="") as f:
            f.write(self.lines(sections))

    def write(self):
        config, credentials = (os.path.join(self.home, ".aws", name) for name in ("config", "credentials"))
        if self.some(0.2):
            config = os.path.join(self.home, "my config")
            self.env["AWS_CONFIG_FILE"] = config if self.some(0.5) else "~/my config"
        if self.some(0.2):
            credentials = self.env["AWS_SHARED_CREDENTIALS_FILE"] = os.path.join(self.home, "keys")
        if self.some(0.95):
            self.put(config, self.config)
        if self.some(0.95):
            self.put(credentials, self.credentials)

    def environment(self):
        env, rng = self.env, self.rng
        if self.some(0.2):
            named = dict(self.keys())
            names = {"aws_session_token": "AWS_SESSION_TOKEN", "aws_security_token": "AWS_SECURITY_TOKEN"}
            env.update({names.get(k, k.upper()): v for k, v in named.items()})
            if self.some(0.2) and "AWS_ACCESS_KEY_ID" in env:
                env["AWS_CREDENTIAL_EXPIRATION"] = self.services.iso()
        if self.some(0.4):
            env["AWS_PROFILE"] = rng.choice(self.names)
        elif self.some(0.05) and "AWS_ACCESS_KEY_ID" not in env:
            env["AWS_PROFILE"] = "nobody"
        if self.some(0.3):
            env["AWS_DEFAULT_REGION"] = rng.choice(["us-west-1", "ap-south-1"])
        if self.some(0.3):
            env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = rng.choice(
                [self.services.url, self.services.url, "http://localhost:" + self.services.host.split(":")[1],
                 "http://example.com"]) + rng.choice(["/creds", "/creds/broken", "/creds/x?y=z"])
            if self.some(0.4):
                env["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = rng.choice(["Basic " + self.token(), "wrong"])
        if self.some(0.4):
            env["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = self.services.url + rng.choice(["", "/"])
        else:
            env["AWS_EC2_METADATA_DISABLED"] = rng.choice(["true", "TRUE"])
        if self.some(0.2):
            env["AWS_EC2_METADATA_V1_DISABLED"] = "true"

    def tokens(self, put=None):
        """The kept sign-ins; or puts those back."""
        folder = os.path.join(self.home, ".aws", "sso", "cache")
        for name, text in (put or {}).items():
            with open(os.path.join(folder, name), "w") as f:
                json.dump(text, f)
        return {name: json.load(open(os.path.join(folder, name))) for name in sorted(os.listdir(folder))}

    def draw_services(self):
        s, rng = self.services, self.rng
        token = self.env.get("AWS_CONTAINER_AUTHORIZATION_TOKEN")
        s.container_token = None if not token else rng.choice([token, token, "Basic other"])
        s.imds = {"token": rng.choice([200, 200, 200, 403, 404, 405, 400]), "v1": rng.random() < 0.5,
                  "role": rng.choice(["Role-1", "a+b=c,d.e@f", None])}


def seconds(iso):
    return datetime.datetime.strptime(iso, "%Y-%m-%dT%H:%M:%SZ").timestamp()


def random_cases(folder, services):
    """Counts what was compared, so that a test that only compares errors would be seen."""
    found, failed, renewed, kinds = 0, 0, 0, {}
    for i in range(CASES):
        rng = random.Random(SEED * 1000003 + i)
        case = Case(rng, folder, services)
        case.draw_services()
        before = case.tokens()
        b = theirs(case.env)
        kept = case.tokens()
        case.tokens(before)
        row, stderr, _ = ours(case.env)
        o = short(row)
        if str(b[1]).startswith("NoRegionError"):  # on purpose: weir asks STS at its global address then
            b = theirs({**case.env, "AWS_DEFAULT_REGION": o[2] or "us-east-1"})[:2] + ("",)
        where = f"case {i} of seed {SEED}, {case.home}\n{b}\n{o}\n{json.dumps(case.env, indent=1)}"
        if "to use the SSO token provider but" in str(b[1]) and "(SSO)" not in row.get("source", ""):
            continue  # every client of botocore's looks at sso_session, that of STS for a role too
        for name, token in case.tokens().items():
            for key in token.keys() | kept[name].keys():
                same = token.get(key) == kept[name].get(key)
                if not same and key == "expiresAt":  # of a renewed one: from the time that each asked at
                    same = abs(seconds(token[key]) - seconds(kept[name][key])) <= 60
                check(same, f"{key} of a kept sign-in: {where}\n{kept[name]}\n{token}")
            renewed += token.get("accessToken") != before[name].get("accessToken")
        if b[1] and b[0] is None and any(name in b[1] for name in ("ConfigParseError", "ProfileNotFound")):
            b = (None, b[1], o[2])  # it looks for a region first of all
            if case.env.get("AWS_ACCESS_KEY_ID") and case.env.get("AWS_SECRET_ACCESS_KEY"):
                # On purpose: whoever has keys in the environment needs no files.
                check(o[0] and o[0][0] == case.env["AWS_ACCESS_KEY_ID"], "not the environment's keys: " + where)
                continue
        check((b[0] is None) == (o[0] is None), "only one finds keys: " + where)
        check(b[0] == o[0], "other keys: " + where)
        if b[0]:
            check(b[1] == o[1], "another expiry: " + where)
            kind = re.search(r"\((.*)\)$|^the (.*)$", row["source"])
            kind = kind.group(1) or kind.group(2) if kind else "keys of a profile"
            kinds[kind] = kinds.get(kind, 0) + 1
        check(b[2] == o[2] or (not b[2] and o[2] == "eu-north-1"), "another region: " + where)  # of EC2
        for secret, session in services.secrets.values():
            for text in (secret, session):
                check(not text or text not in (row.get("error") or "") + stderr, "a secret is shown: " + where)
        check(not services.problems, f"{services.problems}: " + where)
        found, failed = found + (b[0] is not None), failed + (b[0] is None)
    return found, failed, {**kinds, "renewed sign-ins": renewed}


class Home:
    """A HOME with the given files, for cases that are not drawn."""

    def __init__(self, folder, services, **files):
        self.home = tempfile.mkdtemp(dir=folder)
        os.makedirs(os.path.join(self.home, ".aws", "sso", "cache"))
        for name, text in files.items():
            with open(os.path.join(self.home, ".aws", name), "w") as f:
                f.write(text)
        self.env = {"HOME": self.home, "PATH": os.environ["PATH"], "AWS_ENDPOINT_URL_STS": services.url,
                    "AWS_ENDPOINT_URL_SSO": services.url, "AWS_EC2_METADATA_DISABLED": "true", "AWS_DEFAULT_REGION": "us-west-2"}


def same(what, env, *args, profile=None):
    b, o = theirs(env, profile), short(ours(env, *args)[0])
    check(b[0] and b == o, f"{what}:\n{b}\n{o}")
    return o


def web_identity_of_the_environment(folder, services):
    home = Home(folder, services)
    path = os.path.join(home.home, "token")
    with open(path, "w") as f:
        f.write("eyJ.a-b_c")
    env = {**home.env, "AWS_WEB_IDENTITY_TOKEN_FILE": path, "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/eks"}
    same("a web identity of the environment", env)
    same("the same with a session's name", {**env, "AWS_ROLE_SESSION_NAME": "a=b,c.d@e"})
    services.refuse.add("arn:aws:iam::123456789012:role/refused")
    row, _, _ = ours({**env, "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/refused"})
    check("AccessDenied: not authorized to perform: sts:AssumeRole & more" in row.get("error", ""), f"a refusal: {row}")


def profile_by_name(folder, services):
    """Somebody's name for it leaves the environment out."""
    home = Home(folder, services, credentials="[dev]\naws_access_key_id=AKIADEV\naws_secret_access_key=s/+\nregion=sa-east-1\n",
                config="[profile top]\nrole_arn=arn:aws:iam::1:role/top\nsource_profile=mid\nregion=ap-south-1\n"
                       "[profile mid]\nrole_arn=arn:aws:iam::1:role/mid\nsource_profile=dev\nexternal_id=x y\n")
    services.secrets["AKIADEV"] = ("s/+", None)
    env = {**home.env, "AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "e"}
    del env["AWS_DEFAULT_REGION"]
    o = same("a profile by name", env, "--profile", "dev", profile="dev")
    check(o == (("AKIADEV", "s/+", ""), 0, "sa-east-1"), f"{o}")
    services.asked.clear()
    same("roles behind each other", env, "--profile", "top", profile="top")
    roles = [form["RoleArn"][-3:] for _, form in services.asked]
    check(roles == ["mid", "top", "mid", "top"], f"roles were asked for in the order {roles}")


def endpoints_of_files(folder, services):
    """STS's address from [services], from the profile and from AWS_ENDPOINT_URL."""
    base = "[profile dev]\nrole_arn=arn:aws:iam::1:role/x\nsource_profile=k\n%s[profile k]\naws_access_key_id=AKIAK\n" \
           "aws_secret_access_key=k\n%s"
    services.secrets["AKIAK"] = ("k", None)
    texts = [base % ("services=local\n", f"[services local]\nsts =\n  endpoint_url = {services.url}\n"),
             base % (f"endpoint_url={services.url}\n", ""), base % ("", "")]
    for i, text in enumerate(texts):
        home = Home(folder, services, config=text)
        del home.env["AWS_ENDPOINT_URL_STS"]
        if i == 2:
            home.env["AWS_ENDPOINT_URL"] = services.url + "/"
        same(f"an endpoint from place {i}", {**home.env, "AWS_PROFILE": "dev"})


def container_tokens(folder, services):
    home = Home(folder, services)
    path = os.path.join(home.home, "token")
    with open(path, "w") as f:
        f.write("file token")
    env = {**home.env, "AWS_CONTAINER_CREDENTIALS_FULL_URI": services.url + "/creds",
           "AWS_CONTAINER_AUTHORIZATION_TOKEN": "plain", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": path}
    services.container_token = "file token"
    same("a container's token from a file", env)
    del env["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]
    services.container_token = "plain"
    same("a container's token from the environment", env)
    services.container_token = None
    botocore.utils.ContainerMetadataFetcher.IP_ADDRESS = services.host
    env = {**home.env, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/creds/v2?a=b"}
    botocore.utils.ContainerMetadataFetcher._ALLOWED_HOSTS.append(services.host.split(":")[0])
    same("a container's relative address", env, "--container-host", services.url)


def metadata_versions(folder, services):
    home = Home(folder, services)
    env = {**home.env, "AWS_EC2_METADATA_SERVICE_ENDPOINT": services.url}
    del env["AWS_EC2_METADATA_DISABLED"]
    for token, v1 in ((200, False), (403, True), (404, True), (405, True)):
        services.imds = {"token": token, "v1": v1, "role": "weir"}
        same(f"the metadata service, {token} for a token", env)
    services.imds = {"token": 403, "v1": True, "role": "weir"}
    check(ours({**env, "AWS_EC2_METADATA_V1_DISABLED": "true"})[0].get("error"), "version 1 is asked although it is disabled")
    env.pop("AWS_DEFAULT_REGION")
    services.imds = {"token": 200, "role": None}
    check(ours(env)[0]["region"] == "eu-north-1", "the region is not the metadata service's")


def renewed_sign_in(folder, services):
    """A sign-in that has ended, or soon will: both renew it, ask with the new token and keep the same."""
    config = "[default]\nsso_session=corp\nsso_account_id=123456789012\nsso_role_name=R\n" \
             "[sso-session corp]\nsso_region=eu-west-1\nsso_start_url=https://x.example/start\n"
    home = Home(folder, services, config=config)
    env = {**home.env, "AWS_ENDPOINT_URL_SSO_OIDC": services.url}
    path = os.path.join(home.home, ".aws", "sso", "cache", hashlib.sha1(b"corp").hexdigest() + ".json")
    for left, refresh, asked in ((-100, "rt", 1), (600, "rt", 1), (1200, "rt", 0), (600, "used", 1)):
        token = {"accessToken": "good-old", "clientId": "id", "clientSecret": "cs", "refreshToken": refresh,
                 "expiresAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(time.time()) + left)),
                 "registrationExpiresAt": "2099-01-01T00:00:00Z"}
        results = []
        for who in (theirs, lambda env: short(ours(env)[0])):
            with open(path, "w") as f:
                json.dump(token, f)
            services.asked.clear()
            keys = who(env)
            with open(path) as f:
                kept = json.load(f)
            until = seconds(kept.pop("expiresAt"))
            results.append((keys, kept, [what for what, _ in services.asked]))
            check(abs(until - time.time() - (3600 if asked and refresh == "rt" else left)) < 60, f"kept until {until}")
        check(results[0] == results[1] and results[0][0][0], f"a sign-in that ends in {left} s:\n{results[0]}\n{results[1]}")
        check(results[1][2] == ["oidc"] * asked + ["sso"], f"asked {results[1][2]}")


def by_tls(folder, _):
    """STS by https: with AWS_CA_BUNDLE, and not without it."""
    pem = os.path.join(folder, "server.pem")
    made = subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
                           "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", pem + ".key",
                           "-out", pem + ".crt"], capture_output=True, text=True)
    check(made.returncode == 0, made.stderr)
    with open(pem, "w") as f:
        f.write(open(pem + ".key").read() + open(pem + ".crt").read())
    services = Services(pem)
    home = Home(folder, services, config="[default]\nrole_arn=arn:aws:iam::1:role/x\nsource_profile=k\n[profile k]\n"
                                         "aws_access_key_id=AKIAK\naws_secret_access_key=k\n")
    services.secrets["AKIAK"] = ("k", None)
    same("a role by TLS", {**home.env, "AWS_CA_BUNDLE": pem + ".crt"})
    row = ours(home.env)[0]
    check("certificate" in row.get("error", "").lower(), f"a certificate of nobody: {row}")
    check(not services.problems, f"{services.problems}")
    services.close()


def kept_and_renewed(folder, services):
    """Asked twice: what lasts is kept, what ends within five minutes is fetched again."""
    home = Home(folder, services)
    env = {**home.env, "AWS_CONTAINER_CREDENTIALS_FULL_URI": services.url + "/creds"}
    for ends_in, asked in ((1200, 1), (200, 2)):
        services.asked.clear()
        services.ends_in = ends_in
        rows = ours(env, "--again")[2]
        check(len(rows) == 2 and all("key" in r for r in rows) and len(services.asked) == asked,
              f"ending in {ends_in} s: asked {len(services.asked)} times, {rows}")
    services.ends_in = None


if __name__ == "__main__":
    services = Services()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="weir-interop-") as folder:
        found, failed, kinds = random_cases(folder, services)
        check(found >= CASES // 4 and failed >= CASES // 10, f"{found} found, {failed} failed")
        check(CASES < 100 or len(kinds) >= 8, f"not every source was seen: {kinds}")
        for single in (web_identity_of_the_environment, profile_by_name, endpoints_of_files, container_tokens,
                       metadata_versions, renewed_sign_in, by_tls, kept_and_renewed):
            single(folder, services)
            check(not services.problems, f"{single.__name__}: {services.problems}")
    services.close()
    print(f"{CASES} random homes and environments in {time.monotonic() - began:.0f} s: {found} with the keys that botocore finds "
          f"({kinds}), {failed} refused as it refuses them; and each source by itself")
