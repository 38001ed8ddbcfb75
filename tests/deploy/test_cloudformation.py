"""deploy/aws/cloudformation without an account: cfn-lint, which holds AWS's own resource schemas, finds nothing; and the template
says the same as deploy/aws/terraform."""
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))
from foreign import check, venv  # noqa: E402
from hcl import ROOT, TERRAFORM, Module, hclshow, read  # noqa: E402

TEMPLATE = os.path.join(ROOT, "deploy", "aws", "cloudformation", "weir-stack.yaml")
programs = venv("cfn-lint-1.58", "cfn-lint==1.58.0")


def lint(*paths):
    """For each template: what it breaks, as (id of the rule, message); warnings included."""
    done = subprocess.run([os.path.join(programs, "cfn-lint"), "--non-zero-exit-code", "none", "--format", "json", "--", *paths],
                          capture_output=True, text=True, timeout=120, env=dict(os.environ, AWS_EC2_METADATA_DISABLED="true"))
    check(done.returncode == 0, f"cfn-lint ended with {done.returncode}: {done.stderr}")
    problems = json.loads(done.stdout)
    return [[(p["Rule"]["Id"], p["Message"]) for p in problems if p["Filename"] == path] for path in paths]


def load():
    code = "import json, sys\nfrom cfnlint.decode.cfn_yaml import load\nprint(json.dumps(load(sys.argv[1])))"
    done = subprocess.run([os.path.join(programs, "python"), "-c", code, TEMPLATE], capture_output=True, text=True, timeout=60)
    check(done.returncode == 0, done.stderr)
    return json.loads(done.stdout)


def linted():
    """Nothing is found in the template; faults that are put into it are, so that this can be believed."""
    edits = [("ResponseTransferMode: STREAM", "ResponseTransferMode: STREAMING"), ("!GetAtt Gateway.Arn", "!GetAtt Gatway.Arn"),
             ("          RoutingConfig:", "          RoutingConfigs:")]
    with open(TEMPLATE) as f:
        text = f.read()
    with tempfile.TemporaryDirectory(prefix="weir-cfn-") as folder:
        paths = []
        for old, new in edits:
            check(old in text, f"the template has {old!r}")
            paths.append(os.path.join(folder, f"{len(paths)}.yaml"))
            with open(paths[-1], "w") as f:
                f.write(text.replace(old, new, 1))
        found, *broken = lint(TEMPLATE, *paths)
    check(not found, f"cfn-lint: {found}")
    for (_, new), rules in zip(edits, broken):
        check(any(rule.startswith("E") for rule, _ in rules), f"cfn-lint sees {new!r}")


def as_list(x):
    return x if isinstance(x, list) else [x]


def statements(resources):
    """{role or policy: [statement]}"""
    found = {}
    for name, r in resources.items():
        p = r["Properties"]
        documents = [x["PolicyDocument"] for x in p.get("Policies", [])] + [p[k] for k in ("PolicyDocument",) if k in p]
        for d in documents:
            check(d["Version"] == "2012-10-17", f"{name}: version of the policy")
            found.setdefault(name, []).extend(d["Statement"])
    return found


def policies(resources, module):
    """Neither allows an action by pattern, and both allow the same."""
    pairs = {"SageMakerRole": "sagemaker", "GatewayRole": "gateway", "Caller": "caller"}
    found = statements(resources)
    check(set(found) == set(pairs), f"policies of {set(found)}")
    for name, all_of_it in found.items():
        ours = {s["Sid"]: sorted(as_list(s["Action"])) for s in all_of_it}
        check(not any("*" in a for actions in ours.values() for a in actions), f"{name}: {ours}")
        whole = {s["Sid"] for s in all_of_it if s["Resource"] == "*"}
        check(whole <= {"RegistryLogin", "InstanceMetrics"}, f"{name}: {whole} may touch everything")
        theirs = {}
        for policy, s in module.statements():
            if policy == pairs[name] and not any(b["type"] == "principals" for b in s["blocks"]):
                theirs[s["attributes"]["sid"]["value"]] = sorted(s["attributes"]["actions"]["value"])
        for sid in ("ModelFiles", "ModelFolder"):  # only where Terraform is told of a bucket
            theirs.pop(sid, None)
        check(ours == theirs, f"{name}: {ours} here, {theirs} in Terraform")


def dashboards(resources):
    """The same widgets, and JSON."""
    with open(os.path.join(TERRAFORM, "dashboard.json.tftpl")) as f:
        terraform = f.read()
    text, names = resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    check(text.strip() == terraform.strip(), "both dashboards are the same text")
    for name in names:
        check("${" + name + "}" in text, f"the dashboard uses {name}")
        text = text.replace("${" + name + "}", "7")
    check("${" not in text, "the dashboard uses no other name")
    widgets = json.loads(text)["widgets"]
    places = [(w["x"], w["y"]) for w in widgets]
    check(len(set(places)) == len(widgets) and all(w["x"] + w["width"] <= 24 for w in widgets), "widgets stand beside each other")
    for w in widgets:
        ids = [m[-1].get("id") for m in w["properties"]["metrics"] if isinstance(m[-1], dict)]
        for m in w["properties"]["metrics"]:
            if isinstance(m[0], dict):
                words = "".join(c if c.isalnum() or c == "_" else " " for c in m[0]["expression"]).split()
                used = [x for x in words if x[0].islower()]
                check(used and all(x in ids for x in used), f"{m[0]['expression']} uses what is there")
    return len(widgets)


def same_settings(resources, parameters, module):
    here = {k: v for k, v in resources["Model"]["Properties"]["PrimaryContainer"]["Environment"].items() if isinstance(v, str)}
    check(len(here) == 10, f"settings of the container: {here}")
    for key, value in here.items():
        line = [x.split("=", 1)[1].strip() for x in module.locals["container_environment"]["text"].splitlines() if x.split("=")[0].strip() == key]
        check(line == [f'"{value}"'], f"{key} is {value} here, {line} in Terraform")
    metrics = resources["TargetTracking"]["Properties"]["TargetTrackingScalingPolicyConfiguration"]["CustomizedMetricSpecification"]["Metrics"]
    check([m["Expression"] for m in metrics if "Expression" in m] == [module.locals["tokens_per_instance"]["value"]], "the scaling's expression")
    pairs = {"Name": "name", "LmiImageUri": "lmi_image_uri", "ModelId": "model_id", "InstanceType": "instance_type",
             "InstanceHourlyUsd": "instance_hourly_usd", "Scaling": "scaling", "MinInstances": "min_instances",
             "MaxInstances": "max_instances", "TargetTokensPerMinute": "target_tokens_per_minute", "Front": "front",
             "ScaleOutCooldown": "scale_out_cooldown", "ScaleInCooldown": "scale_in_cooldown", "IdleMinutes": "idle_minutes",
             "LambdaArchitecture": "lambda_architecture", "LambdaMemory": "lambda_memory", "LambdaTimeout": "lambda_timeout",
             "ThrottleRate": "throttle_rate", "ThrottleBurst": "throttle_burst", "DailyQuota": "daily_quota",
             "LogRetentionDays": "log_retention_days",
             "ModelDataDownloadTimeoutInSeconds": "model_data_download_timeout_in_seconds",
             "ContainerStartupHealthCheckTimeoutInSeconds": "container_startup_health_check_timeout_in_seconds"}
    for ours, theirs in pairs.items():
        value = module.variables[theirs]["attributes"]["default"]["value"]
        check(parameters[ours]["Default"] == value, f"{ours}: {parameters[ours]['Default']!r} here, {value!r} in Terraform")


linted()
template = load()
module = Module(read(hclshow(), TERRAFORM))
policies(template["Resources"], module)
same_settings(template["Resources"], template["Parameters"], module)
print(f"{len(template['Resources'])} resources, {dashboards(template['Resources'])} widgets")
