"""deploy/aws/cloudformation made by moto, a mock of AWS that no one here wrote: what its conditions, references and substitutions
come to. moto leaves out the API's stage, keys, scaling, alarms and the function's architecture, and knows no g5."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))
from foreign import check, venv  # noqa: E402
from hcl import HERE, ROOT  # noqa: E402

TEMPLATE = os.path.join(ROOT, "deploy", "aws", "cloudformation", "weir-stack.yaml")
programs = venv("moto", "moto[server,iam,s3]==5.2.5")
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:samllm-gateway"


words = [os.path.join(programs, "python"), os.path.join(HERE, "stack_in_moto.py"), TEMPLATE, "CodeBucket=packages",
         "InstanceType=ml.g4dn.2xlarge", "InstanceHourlyUsd=1.5", "LogRetentionDays=7"]
done = subprocess.run(words, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
check(done.returncode == 0, f"moto: {done.stderr[-2000:]}")
s = json.loads(done.stdout)
base = f"https://{s['api']}.execute-api.us-east-1.amazonaws.com/prod"
check(s["outputs"]["ApiGatewayUrl"] == base + "/chat/completions" and s["outputs"]["BenchUrl"] == base + "/v1/chat/completions"
      and s["outputs"]["Region"] == "us-east-1" and "CallerPolicyArn" not in s["outputs"],
      f"outputs: {s['outputs']}")
body = s["outputs"]["InvocationCommand"].split("--body '")[1].split("'")[0]
check(json.loads(body)["messages"][0]["content"] == "Hello", f"the command's body is JSON: {body}")
check(set(s["methods"]) == {"POST /chat/completions", "POST /v1/chat/completions"}, f"{set(s['methods'])}")
for name, m in s["methods"].items():
    check(m["apiKeyRequired"] is True and m["authorizationType"] == "NONE" and m["methodIntegration"]["type"] == "AWS_PROXY"
          and m["methodIntegration"]["uri"] == "arn:aws:apigateway:us-east-1:lambda:path/2021-11-15/functions/" + FUNCTION
          + "/response-streaming-invocations", f"{name}: {m}")
f = s["function"]
check((f["FunctionArn"], f["Runtime"], f["Handler"], f["MemorySize"], f["Timeout"]) ==
      (FUNCTION, "provided.al2023", "bootstrap", 512, 300) and f["Role"] in s["roles"], f"{f}")
check(f["Environment"]["Variables"] == {"ENDPOINT_NAME": "samllm-endpoint", "REGION": "us-east-1", "INSTANCE_HOURLY_USD": "1.5"},
      f"{f['Environment']}")
check("HF_TOKEN" not in s["container"] and s["container"]["HF_MODEL_ID"].startswith("hugging-quants/"), f"{s['container']}")
check(s["logs"] == {"/aws/lambda/samllm-gateway": 7, "/aws/sagemaker/Endpoints/samllm-endpoint": 7}, f"{s['logs']}")
print(s["status"])
