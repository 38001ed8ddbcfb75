# The alternative: the function's own URL. It streams too, and asks for an IAM signature (service "lambda") in place of an
# API key; there is no throttling but lambda_concurrency.

locals {
  function_url = var.front == "function-url" ? 1 : 0
}

resource "aws_lambda_function_url" "this" {
  count = local.function_url

  function_name      = aws_lambda_function.gateway.function_name
  authorization_type = "AWS_IAM"
  invoke_mode        = "RESPONSE_STREAM"
}

# To be attached to whoever may call it.
data "aws_iam_policy_document" "caller" {
  statement {
    sid       = "CallTheUrl"
    actions   = ["lambda:InvokeFunctionUrl"]
    resources = [aws_lambda_function.gateway.arn]

    condition {
      test     = "StringEquals"
      variable = "lambda:FunctionUrlAuthType"
      values   = ["AWS_IAM"]
    }
  }

  # Asked for beside it by URLs made since October 2025; only by way of the URL.
  statement {
    sid       = "OnlyByTheUrl"
    actions   = ["lambda:InvokeFunction"]
    resources = [aws_lambda_function.gateway.arn]

    condition {
      test     = "Bool"
      variable = "lambda:InvokedViaFunctionUrl"
      values   = ["true"]
    }
  }
}

resource "aws_iam_policy" "caller" {
  count = local.function_url

  name        = "${var.name}-caller"
  description = "May call ${local.function_name} by its URL"
  policy      = data.aws_iam_policy_document.caller.json
}
