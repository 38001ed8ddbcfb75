"""stack_in_moto.py TEMPLATE NAME=VALUE...: makes the stack in moto, within this process, and prints what came of it as JSON."""
import json
import os
import sys
import warnings

os.environ.update(AWS_ACCESS_KEY_ID="testing", AWS_SECRET_ACCESS_KEY="testing", AWS_DEFAULT_REGION="us-east-1",
                  AWS_EC2_METADATA_DISABLED="true")
import boto3  # noqa: E402
from moto import mock_aws  # noqa: E402

warnings.simplefilter("ignore")  # of the resources that moto leaves out
with open(sys.argv[1]) as f:
    template = f.read()
parameters = [dict(zip(("ParameterKey", "ParameterValue"), a.split("=", 1))) for a in sys.argv[2:]]
with mock_aws():
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="packages")
    s3.put_object(Bucket="packages", Key="weir-lambda-arm64.zip", Body=b"PK\5\6" + bytes(18))
    cloudformation = boto3.client("cloudformation")
    cloudformation.create_stack(StackName="samllm", TemplateBody=template, Capabilities=["CAPABILITY_IAM"], Parameters=parameters)
    stack = cloudformation.describe_stacks(StackName="samllm")["Stacks"][0]
    out = {"status": stack["StackStatus"], "outputs": {o["OutputKey"]: o["OutputValue"] for o in stack["Outputs"]}, "methods": {}}
    gateway = boto3.client("apigateway")
    for api in gateway.get_rest_apis()["items"]:
        out["api"] = api["id"]
        for r in gateway.get_resources(restApiId=api["id"])["items"]:
            for verb, m in r.get("resourceMethods", {}).items():
                method = gateway.get_method(restApiId=api["id"], resourceId=r["id"], httpMethod=verb)
                out["methods"][f"{verb} {r['path']}"] = {k: method.get(k) for k in ("authorizationType", "apiKeyRequired", "methodIntegration")}
    function = boto3.client("lambda").get_function_configuration(FunctionName="samllm-gateway")
    out["function"] = {k: function.get(k) for k in ("FunctionArn", "Runtime", "Handler", "Architectures", "MemorySize", "Timeout", "Environment", "Role")}
    sagemaker, iam = boto3.client("sagemaker"), boto3.client("iam")
    model = sagemaker.describe_model(ModelName=sagemaker.list_models()["Models"][0]["ModelName"])
    out["container"] = model["PrimaryContainer"]["Environment"]
    out["roles"] = [role["Arn"] for role in iam.list_roles()["Roles"]]
    out["logs"] = {g["logGroupName"]: g["retentionInDays"] for g in boto3.client("logs").describe_log_groups()["logGroups"]}
print(json.dumps(out, default=str))
