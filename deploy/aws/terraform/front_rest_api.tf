# API Gateway in front of the function: a REST API, since HTTP APIs hold an answer back until it is whole.

locals {
  rest_api = var.front == "rest-api" ? 1 : 0

  # Answers stream where the function is called by this address (another date and action than without streaming).
  stream_uri = "arn:${local.partition}:apigateway:${var.region}:lambda:path/2021-11-15/functions/${aws_lambda_function.gateway.arn}/response-streaming-invocations"
}

resource "aws_api_gateway_rest_api" "this" {
  count = local.rest_api

  name        = var.name
  description = "OpenAI's chat API in front of ${local.endpoint_name}"

  # Regional: a stream may rest for 5 minutes; at an edge-optimized address for 30 seconds.
  endpoint_configuration {
    types = ["REGIONAL"]
  }
}

# /chat/completions, as the benchmarks post, and /v1/chat/completions, as OpenAI's clients do.

resource "aws_api_gateway_resource" "chat" {
  count = local.rest_api

  rest_api_id = aws_api_gateway_rest_api.this[0].id
  parent_id   = aws_api_gateway_rest_api.this[0].root_resource_id
  path_part   = "chat"
}

resource "aws_api_gateway_resource" "completions" {
  count = local.rest_api

  rest_api_id = aws_api_gateway_rest_api.this[0].id
  parent_id   = aws_api_gateway_resource.chat[0].id
  path_part   = "completions"
}

resource "aws_api_gateway_resource" "v1" {
  count = local.rest_api

  rest_api_id = aws_api_gateway_rest_api.this[0].id
  parent_id   = aws_api_gateway_rest_api.this[0].root_resource_id
  path_part   = "v1"
}

resource "aws_api_gateway_resource" "v1_chat" {
  count = local.rest_api

  rest_api_id = aws_api_gateway_rest_api.this[0].id
  parent_id   = aws_api_gateway_resource.v1[0].id
  path_part   = "chat"
}

resource "aws_api_gateway_resource" "v1_completions" {
  count = local.rest_api

  rest_api_id = aws_api_gateway_rest_api.this[0].id
  parent_id   = aws_api_gateway_resource.v1_chat[0].id
  path_part   = "completions"
}

locals {
  chat_resources = local.rest_api == 0 ? {} : {
    "chat/completions"    = aws_api_gateway_resource.completions[0].id
    "v1/chat/completions" = aws_api_gateway_resource.v1_completions[0].id
  }
}

resource "aws_api_gateway_method" "chat" {
  for_each = local.chat_resources

  rest_api_id      = aws_api_gateway_rest_api.this[0].id
  resource_id      = each.value
  http_method      = "POST"
  authorization    = "NONE"
  api_key_required = var.api_key_required
}

resource "aws_api_gateway_integration" "chat" {
  for_each = local.chat_resources

  rest_api_id             = aws_api_gateway_rest_api.this[0].id
  resource_id             = each.value
  http_method             = aws_api_gateway_method.chat[each.key].http_method
  type                    = "AWS_PROXY"
  integration_http_method = "POST"
  uri                     = local.stream_uri
  response_transfer_mode  = "STREAM"
  timeout_milliseconds    = var.lambda_timeout * 1000
}

resource "aws_lambda_permission" "rest_api" {
  for_each = local.chat_resources

  statement_id  = "api-${replace(each.key, "/", "-")}"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.gateway.function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_api_gateway_rest_api.this[0].execution_arn}/prod/POST/${each.key}"
}

resource "aws_api_gateway_deployment" "this" {
  count = local.rest_api

  rest_api_id = aws_api_gateway_rest_api.this[0].id

  # A deployment is a snapshot: what it holds must make a new one.
  triggers = {
    content = sha1(jsonencode([local.chat_resources, aws_api_gateway_method.chat, aws_api_gateway_integration.chat]))
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_cloudwatch_log_group" "api" {
  count = local.rest_api == 1 && var.access_logs ? 1 : 0

  name              = "/aws/apigateway/${var.name}"
  retention_in_days = var.log_retention_days
}

resource "aws_api_gateway_stage" "prod" {
  count = local.rest_api

  rest_api_id   = aws_api_gateway_rest_api.this[0].id
  deployment_id = aws_api_gateway_deployment.this[0].id
  stage_name    = "prod"

  dynamic "access_log_settings" {
    for_each = aws_cloudwatch_log_group.api

    content {
      destination_arn = access_log_settings.value.arn
      format = jsonencode({
        time      = "$context.requestTime"
        requestId = "$context.requestId"
        ip        = "$context.identity.sourceIp"
        path      = "$context.path"
        status    = "$context.status"
        latency   = "$context.responseLatency"
        error     = "$context.error.message"
      })
    }
  }

  depends_on = [aws_api_gateway_account.this]
}

# Of all callers together; the usage plan's below are for each key.
resource "aws_api_gateway_method_settings" "all" {
  count = local.rest_api

  rest_api_id = aws_api_gateway_rest_api.this[0].id
  stage_name  = aws_api_gateway_stage.prod[0].stage_name
  method_path = "*/*"

  settings {
    metrics_enabled        = true
    throttling_rate_limit  = var.throttle_rate
    throttling_burst_limit = var.throttle_burst
  }
}

resource "aws_api_gateway_api_key" "this" {
  count = local.rest_api == 1 && var.api_key_required ? 1 : 0

  name = var.name
}

resource "aws_api_gateway_usage_plan" "this" {
  count = length(aws_api_gateway_api_key.this)

  name = var.name

  api_stages {
    api_id = aws_api_gateway_rest_api.this[0].id
    stage  = aws_api_gateway_stage.prod[0].stage_name
  }

  throttle_settings {
    rate_limit  = var.throttle_rate
    burst_limit = var.throttle_burst
  }

  dynamic "quota_settings" {
    for_each = var.daily_quota > 0 ? [var.daily_quota] : []

    content {
      limit  = quota_settings.value
      period = "DAY"
    }
  }
}

resource "aws_api_gateway_usage_plan_key" "this" {
  count = length(aws_api_gateway_api_key.this)

  key_id        = aws_api_gateway_api_key.this[0].id
  key_type      = "API_KEY"
  usage_plan_id = aws_api_gateway_usage_plan.this[0].id
}

# API Gateway writes logs with one role for the whole account and region.

data "aws_iam_policy_document" "api_log_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["apigateway.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "api_log" {
  count = var.account_log_role ? 1 : 0

  name               = "${var.name}-api-logs"
  assume_role_policy = data.aws_iam_policy_document.api_log_trust.json
}

resource "aws_iam_role_policy_attachment" "api_log" {
  count = length(aws_iam_role.api_log)

  role       = aws_iam_role.api_log[0].name
  policy_arn = "arn:${local.partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
}

resource "aws_api_gateway_account" "this" {
  count = length(aws_iam_role.api_log)

  cloudwatch_role_arn = aws_iam_role.api_log[0].arn

  depends_on = [aws_iam_role_policy_attachment.api_log]
}
