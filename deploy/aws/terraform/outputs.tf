locals {
  # To the stage, or the function's URL; without a slash at the end.
  base_url = var.front == "rest-api" ? one(aws_api_gateway_stage.prod[*].invoke_url) : trimsuffix(one(aws_lambda_function_url.this[*].function_url), "/")
}

output "api_gateway_url" {
  description = "The chat URL that the benchmarks take."
  value       = "${local.base_url}/chat/completions"
}

output "bench_url" {
  description = "The same where OpenAI's clients look for it."
  value       = "${local.base_url}/v1/chat/completions"
}

output "endpoint_name" {
  description = "The SageMaker endpoint."
  value       = aws_sagemaker_endpoint.this.name
}

output "region" {
  description = "Where it runs."
  value       = var.region
}

output "invocation_command" {
  description = "Asks the endpoint itself, past the gateway, with your own credentials."
  value       = "aws sagemaker-runtime invoke-endpoint --region ${var.region} --endpoint-name ${aws_sagemaker_endpoint.this.name} --content-type application/json --cli-binary-format raw-in-base64-out --body '${jsonencode({ messages = [{ role = "user", content = "Hello" }], max_tokens = 64 })}' /dev/stdout"
}

output "api_key" {
  description = "The key for the header x-api-key; null where none is asked for."
  value       = one(aws_api_gateway_api_key.this[*].value)
  sensitive   = true
}

output "caller_policy_arn" {
  description = "With a function URL: the policy that lets its holder call it; else null."
  value       = one(aws_iam_policy.caller[*].arn)
}

output "dashboard_url" {
  description = "The CloudWatch dashboard."
  value       = "https://console.aws.amazon.com/cloudwatch/home?region=${var.region}#dashboards/dashboard/${aws_cloudwatch_dashboard.this.dashboard_name}"
}
