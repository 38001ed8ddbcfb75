"""deploy/aws/terraform without an account: it is formatted, parses by HashiCorp's own library, each resource, argument, nested
block and attribute is known to the provider (by its types), each reference resolves, and it holds what the document promises."""
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))
from foreign import check  # noqa: E402
from hcl import TERRAFORM, Module, hclshow, provider, read  # noqa: E402

program = hclshow()
providers = {name: provider(name) for name in ("aws", "time")}


def problems_of(folder):
    m = Module(read(program, folder))
    return m.form() + m.schema(providers) + m.unresolved(providers)


def faults_are_found():
    """The checks see what they are for: each of these edits of the files."""
    edits = [
        ("gateway.tf", "  memory_size ", "  memory_sizes ", "no argument memory_sizes"),
        ("gateway.tf", "  timeout                        = var.lambda_timeout", '  timeout                        = "long"', "timeout is number"),
        ("gateway.tf", "  environment {", "  environments {", "no block environments"),
        ("front_rest_api.tf", '  path_part   = "v1"\n', "", "path_part is missing"),
        ("front_rest_api.tf", '"aws_api_gateway_account" "this"', '"aws_api_gateway_acount" "this"', "knows no such kind"),
        ("outputs.tf", "aws_sagemaker_endpoint.this.name\n", "aws_sagemaker_endpoint.this.names\n", "no such attribute"),
        ("outputs.tf", "aws_iam_policy.caller[*].arn", "aws_iam_policy.caler[*].arn", "not declared"),
        ("outputs.tf", "aws_api_gateway_api_key.this[*].value", "aws_api_gateway_api_key.this.value", "an attribute of several"),
        ("model.tf", "        = var.instance_type", "        = var.instance_typ", "not declared"),
        ("model.tf", "  routing_config {\n", "  routing_config   {\n", "not formatted"),
        ("variables.tf", "= map(string)", '= "map(string)"', "a type in quotes"),
        ("gateway.tf", "= var.lambda_memory", '= "${var.lambda_memory}"', "lone expression"),
        ("variables.tf", 'variable "region"', 'variable "regions"', "variable regions is not used"),
        ("autoscaling.tf", "          return_data = false\n", "          returns     = false\n", "no argument returns"),
    ]
    with tempfile.TemporaryDirectory(prefix="weir-terraform-") as folder:
        for file, old, new, wanted in edits:
            copy = os.path.join(folder, "x")
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(TERRAFORM, copy, ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*"))
            path = os.path.join(copy, file)
            with open(path) as f:
                text = f.read()
            check(old in text, f"{file} has {old!r}")
            with open(path, "w") as f:
                f.write(text.replace(old, new, 1))
            found = problems_of(copy)
            check(any(wanted in p for p in found), f"{file} with {new!r}: {wanted!r} is not among {found}")


def promises(m):
    """Defaults, outputs and settings as the document has them."""
    default = {n: b["attributes"]["default"].get("value") for n, b in m.variables.items()}
    wanted = {"name": "samllm", "region": "us-east-1", "instance_type": "ml.g5.2xlarge", "hf_token": "", "min_instances": 1,
              "max_instances": 8, "target_tokens_per_minute": 54000, "scale_out_cooldown": 60, "scale_in_cooldown": 300,
              "instance_hourly_usd": "1.21", "model_id": "hugging-quants/Meta-Llama-3.1-8B-Instruct-AWQ-INT4",
              "lmi_image_uri": "763104351884.dkr.ecr.us-east-1.amazonaws.com/djl-inference:0.33.0-lmi15.0.0-cu128"}
    for name, value in wanted.items():
        check(default[name] == value, f"{name} is {value!r} by default, not {default[name]!r}")
    check(m.variables["hf_token"]["attributes"]["sensitive"]["value"] is True, "the token is sensitive")
    for name, b in m.variables.items():
        check({"description", "type", "default"} <= set(b["attributes"]), f"variable {name} has description, type and default")
    for name in ("api_gateway_url", "bench_url", "endpoint_name", "region", "invocation_command"):
        check(name in m.outputs, f"an output {name}")
    check("sensitive" in m.outputs["api_key"]["attributes"], "the key is a sensitive output")
    chat = m.resources["aws_api_gateway_integration", "chat"]["attributes"]
    check(chat["response_transfer_mode"]["value"] == "STREAM", "the API streams")
    check("2021-11-15" in m.locals["stream_uri"]["text"] and "/response-streaming-invocations" in m.locals["stream_uri"]["text"],
          "the function is called by the streaming action")
    url = m.resources["aws_lambda_function_url", "this"]["attributes"]
    check(url["invoke_mode"]["value"] == "RESPONSE_STREAM" and url["authorization_type"]["value"] == "AWS_IAM",
          "the function's URL streams and asks for a signature")


WHOLE = {("sagemaker", "RegistryLogin"), ("sagemaker", "InstanceMetrics")}  # actions that take no resource


def least_privilege(m):
    count = 0
    for policy, s in m.statements():
        a = s["attributes"]
        actions = a["actions"]["value"]
        count += len(actions)
        check(actions and not any("*" in x for x in actions), f"{policy}: actions {actions}")
        if any(b["type"] == "principals" for b in s["blocks"]):
            continue
        sid = a["sid"]["value"]
        if a["resources"].get("value") == ["*"]:
            check((policy, sid) in WHOLE, f"{policy}.{sid} is allowed everything")
    gateway = [x for p, s in m.statements() if p == "gateway" for x in s["attributes"]["actions"]["value"]]
    check(gateway == ["sagemaker:InvokeEndpoint", "sagemaker:InvokeEndpointWithResponseStream", "logs:CreateLogStream",
                      "logs:PutLogEvents"], f"the gateway may invoke and log, nothing else: {gateway}")
    return count


def others_format():
    """A program that is there agrees on the form."""
    for name in ("tofu", "terraform"):
        if shutil.which(name):
            done = subprocess.run([name, "fmt", "-check", "-diff", "-recursive", TERRAFORM], capture_output=True, text=True,
                                  timeout=60, env=dict(os.environ, CHECKPOINT_DISABLE="1"))
            check(done.returncode == 0, f"{name} fmt: {done.stdout}{done.stderr}")
            print(f"{name} fmt agrees")


found = problems_of(TERRAFORM)
check(not found, "\n".join(found))
module = Module(read(program, TERRAFORM))
promises(module)
actions = least_privilege(module)
faults_are_found()
others_format()
print(f"{len(module.resources)} resources, {len(module.data)} data sources, {len(module.variables)} variables, {actions} actions")
