# The hub's token. SageMaker gives a container nothing but plain variables, so whoever may describe the model, or read
# Terraform's state, can read the token: keep the state encrypted, take a token that can only read, or keep the model's
# files in a bucket (model_id = "s3://...") and have no token at all.

resource "aws_secretsmanager_secret" "hf_token" {
  count = nonsensitive(var.hf_token != "") && var.hf_token_secret_arn == "" ? 1 : 0

  name_prefix             = "${var.name}-hf-token-"
  description             = "Token of the Hugging Face hub for ${local.endpoint_name}"
  recovery_window_in_days = 7
}

resource "aws_secretsmanager_secret_version" "hf_token" {
  count = length(aws_secretsmanager_secret.hf_token)

  secret_id     = aws_secretsmanager_secret.hf_token[0].id
  secret_string = var.hf_token
}

data "aws_secretsmanager_secret_version" "hf_token" {
  count = var.hf_token_secret_arn != "" ? 1 : 0

  secret_id = var.hf_token_secret_arn
}

locals {
  hf_token = one(concat(
    data.aws_secretsmanager_secret_version.hf_token[*].secret_string,
    aws_secretsmanager_secret_version.hf_token[*].secret_string,
  ))
}
