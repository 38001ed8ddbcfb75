export AWS_EC2_METADATA_DISABLED=true HOME=$PWD
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_PROFILE AWS_REGION AWS_DEFAULT_REGION ENDPOINT_NAME REGION
unset INSTANCE_HOURLY_USD AWS_ENDPOINT_URL AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME AWS_WEB_IDENTITY_TOKEN_FILE
unset AWS_CONTAINER_CREDENTIALS_RELATIVE_URI AWS_CONTAINER_CREDENTIALS_FULL_URI
weir gateway
weir gateway somewhere
weir gateway --upstream
weir gateway --upstream sagemaker:x --lissten 127.0.0.1:0
weir gateway --upstream http://127.0.0.1:1/invocations --cert c.pem
weir gateway --upstream http://127.0.0.1:1/invocations --tls --cert c.pem
weir gateway --upstream http://127.0.0.1:1/invocations --listen 127.0.0.1:0 --lambda
weir gateway --upstream http://127.0.0.1:1/v1/chat/completions --no-sigv4
weir gateway --upstream http://127.0.0.1:1/invocations?x=1 --no-sigv4
weir gateway --upstream http://user:word@127.0.0.1:1/invocations --no-sigv4
weir gateway --upstream ftp://127.0.0.1/invocations --no-sigv4
weir gateway --upstream sagemaker:not_a_name --no-sigv4
weir gateway --upstream sagemaker:name --no-sigv4
weir gateway --upstream http://127.0.0.1:1/invocations --no-sigv4 --listen nowhere
weir gateway --upstream http://127.0.0.1:1/invocations --no-sigv4 --api-key-file missing.txt
printf '# none yet\n\n' > keys.txt
weir gateway --upstream http://127.0.0.1:1/invocations --no-sigv4 --api-key-file keys.txt
weir gateway --upstream http://127.0.0.1:1/invocations --no-sigv4 --tls --cert missing.pem --key missing.key
# no credentials anywhere
weir gateway --upstream sagemaker:name --listen 127.0.0.1:0
# credentials, but no region
export AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=example
weir gateway --upstream sagemaker:name --listen 127.0.0.1:0
# the original's variables
export ENDPOINT_NAME=not/a/name
weir gateway --no-sigv4
WEIR_GATEWAY_UPSTREAM=http://127.0.0.1:1/elsewhere
export WEIR_GATEWAY_UPSTREAM
weir gateway --no-sigv4
