"""moto, a stand-in for AWS that checks signatures (by botocore's code): weir's requests to it are taken, over a run, and with a wrong secret or a
changed request they are not."""
import json
import os
import subprocess
import sys
import urllib.request

import foreign
from lib import check, clean_env, run

WEIR = os.path.abspath(sys.argv[1])
MAKE_USER = r'''
import json, sys, boto3
iam = boto3.client("iam", endpoint_url=sys.argv[1], region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="y")
iam.create_user(UserName="weir")
allowed = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
iam.put_user_policy(UserName="weir", PolicyName="all", PolicyDocument=json.dumps(allowed))
key = iam.create_access_key(UserName="weir")["AccessKey"]
s3 = boto3.client("s3", endpoint_url=sys.argv[1], region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="y")
s3.create_bucket(Bucket="bucket")
print(json.dumps([key["AccessKeyId"], key["SecretAccessKey"]]))
'''


def environment(key, secret):
    env = {k: v for k, v in clean_env().items() if not k.startswith("AWS_")}
    env.update(AWS_ACCESS_KEY_ID=key, AWS_SECRET_ACCESS_KEY=secret, AWS_REGION="us-east-1", AWS_EC2_METADATA_DISABLED="true",
               AWS_CONFIG_FILE="/nonexistent", AWS_SHARED_CREDENTIALS_FILE="/nonexistent")
    return env


def statuses(env, service, method, url, *more, at_once=3):
    r = run(WEIR, url, "--api", "http", "--method", method, "--aws-sigv4", service, "--num-requests", "12", "--concurrency", str(at_once),
            "--no-probe", *more, env=env, expect=None)
    return {q["status"] for q in r.requests}


def main():
    bin_folder = foreign.venv("moto", "moto[server,iam,s3]==5.2.5")
    port = foreign.free_ports(1)[0]
    url = f"http://127.0.0.1:{port}"
    with foreign.Server([os.path.join(bin_folder, "moto_server"), "-H", "127.0.0.1", "-p", str(port)], [port], 60):
        made = subprocess.run([os.path.join(bin_folder, "python"), "-c", MAKE_USER, url], capture_output=True, text=True, timeout=120)
        check(made.returncode == 0, made.stderr)
        key, secret = json.loads(made.stdout)
        reset = urllib.request.Request(url + "/moto-api/reset-auth", data=b"0", headers={"Content-Type": "text/plain"})
        urllib.request.urlopen(reset).read()  # from now on it checks
        good, bad = environment(key, secret), environment(key, "wrong" + secret[5:])
        users = url + "/?Version=2010-05-08&Action=ListUsers"
        check(statuses(good, "iam", "GET", users) == {200}, "a good signature is not taken")
        check(statuses(bad, "iam", "GET", users) == {403}, "a wrong secret is not noticed: does it check at all?")
        check(statuses(environment("AKIANOBODY", secret), "iam", "GET", users) == {403}, "an unknown key is not noticed")
        form = ("--body", "Action=ListUsers&Version=2010-05-08", "--header", "Content-Type: application/x-www-form-urlencoded")
        check(statuses(good, "iam", "POST", url + "/", *form) == {200}, "a signed body is not taken")
        check(statuses(bad, "iam", "POST", url + "/", *form) == {403}, "a wrong secret with a body is not noticed")
        thing = url + "/bucket/a%20thing/with~odd%3Aname"
        put = ("--body", "what it holds", "--header", "Content-Type: text/plain")
        # One after another: moto answers 500 to some that make an object at once.
        check(statuses(good, "s3", "PUT", thing, *put, at_once=1) == {200}, "an object is not taken")
        check(statuses(bad, "s3", "PUT", thing, *put) == {403}, "a wrong secret for an object is not noticed")
        check(statuses(good, "s3", "GET", thing) == {200}, "an object is not given")
        check(statuses(good, "s3", "GET", url + "/bucket?prefix=a%20t&list-type=2&delimiter=%2F") == {200}, "no list")


main()
