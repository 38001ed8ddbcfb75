# weir's gateway as a Lambda function.

data "aws_iam_policy_document" "gateway_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

# No cloudwatch:PutMetricData: metrics are made from lines of the log (embedded metric format).
data "aws_iam_policy_document" "gateway" {
  statement {
    sid       = "AskTheModel"
    actions   = ["sagemaker:InvokeEndpoint", "sagemaker:InvokeEndpointWithResponseStream"]
    resources = [local.endpoint_arn]
  }

  statement {
    sid       = "Logs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.gateway.arn}:*"]
  }
}

resource "aws_iam_role" "gateway" {
  name               = "${var.name}-gateway"
  assume_role_policy = data.aws_iam_policy_document.gateway_trust.json
}

resource "aws_iam_role_policy" "gateway" {
  name   = "gateway"
  role   = aws_iam_role.gateway.id
  policy = data.aws_iam_policy_document.gateway.json
}

resource "aws_cloudwatch_log_group" "gateway" {
  name              = "/aws/lambda/${local.function_name}"
  retention_in_days = var.log_retention_days
}

resource "aws_lambda_function" "gateway" {
  function_name                  = local.function_name
  description                    = "weir gateway: OpenAI's chat API in front of ${local.endpoint_name}"
  role                           = aws_iam_role.gateway.arn
  filename                       = var.lambda_zip
  source_code_hash               = filebase64sha256(var.lambda_zip)
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  architectures                  = [var.lambda_architecture]
  memory_size                    = var.lambda_memory
  timeout                        = var.lambda_timeout
  reserved_concurrent_executions = var.lambda_concurrency

  environment {
    variables = merge({
      ENDPOINT_NAME = local.endpoint_name
      REGION        = var.region
    }, var.instance_hourly_usd == "" ? {} : { INSTANCE_HOURLY_USD = var.instance_hourly_usd })
  }

  depends_on = [aws_cloudwatch_log_group.gateway, aws_iam_role_policy.gateway]
}
