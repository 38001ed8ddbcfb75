# The SageMaker endpoint: an LMI container with vLLM.

data "aws_iam_policy_document" "sagemaker_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["sagemaker.amazonaws.com"]
    }
  }
}

locals {
  # ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY:TAG
  image = regex("^(?P<account>[0-9]+)\\.dkr\\.ecr\\.(?P<region>[a-z0-9-]+)\\.amazonaws\\.com(?:\\.cn)?/(?P<repository>[^:@]+)", var.lmi_image_uri)

  # s3://BUCKET/PREFIX
  bucket_and_prefix = startswith(var.model_id, "s3://") ? regex("^s3://([^/]+)/?(.*)$", var.model_id) : []
}

data "aws_iam_policy_document" "sagemaker" {
  statement {
    sid       = "RegistryLogin" # takes no resource
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  statement {
    sid       = "PullImage"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = ["arn:${local.partition}:ecr:${local.image.region}:${local.image.account}:repository/${local.image.repository}"]
  }

  statement {
    sid       = "Logs"
    actions   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.endpoint.arn}:*"]
  }

  statement {
    sid       = "InstanceMetrics" # takes no resource
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]

    condition {
      test     = "StringLike"
      variable = "cloudwatch:namespace"
      values   = ["/aws/sagemaker/*", "AWS/SageMaker*"]
    }
  }

  dynamic "statement" {
    for_each = length(local.bucket_and_prefix) > 0 ? [local.bucket_and_prefix] : []

    content {
      sid       = "ModelFiles"
      actions   = ["s3:GetObject"]
      resources = ["arn:${local.partition}:s3:::${statement.value[0]}/${statement.value[1]}*"]
    }
  }

  dynamic "statement" {
    for_each = length(local.bucket_and_prefix) > 0 ? [local.bucket_and_prefix] : []

    content {
      sid       = "ModelFolder"
      actions   = ["s3:ListBucket"]
      resources = ["arn:${local.partition}:s3:::${statement.value[0]}"]

      condition {
        test     = "StringLike"
        variable = "s3:prefix"
        values   = ["${statement.value[1]}*"]
      }
    }
  }
}

resource "aws_iam_role" "sagemaker" {
  name               = "${var.name}-sagemaker"
  assume_role_policy = data.aws_iam_policy_document.sagemaker_trust.json
}

resource "aws_iam_role_policy" "sagemaker" {
  name   = "endpoint"
  role   = aws_iam_role.sagemaker.id
  policy = data.aws_iam_policy_document.sagemaker.json
}

# A role that was just made is not known everywhere at once, and SageMaker checks it when the model is made.
resource "time_sleep" "role_known" {
  create_duration = "30s"

  triggers = {
    role   = aws_iam_role.sagemaker.arn
    policy = sha256(aws_iam_role_policy.sagemaker.policy)
  }
}

# SageMaker writes to the group of this name, and would make it itself, with logs that never end.
resource "aws_cloudwatch_log_group" "endpoint" {
  name              = "/aws/sagemaker/Endpoints/${local.endpoint_name}"
  retention_in_days = var.log_retention_days
}

locals {
  container_environment = merge({
    HF_MODEL_ID                   = var.model_id
    SERVING_FRAMEWORK             = "vllm"
    OPTION_MAX_MODEL_LEN          = "8192"
    OPTION_GPU_MEMORY_UTILIZATION = "0.90"
    OPTION_ENFORCE_EAGER          = "false"
    OPTION_MAX_NUM_BATCHED_TOKENS = "16384"
    OPTION_DISABLE_LOG_STATS      = "true"
    OPTION_ENABLE_CHUNKED_PREFILL = "true"
    MAX_ROLLING_BATCH_SIZE        = "16"
    MAX_BATCH_TOTAL_TOKENS        = "16384"
    MAX_BATCH_PREFILL_TOKENS      = "8192"
  }, var.model_environment, local.hf_token == null ? {} : { HF_TOKEN = local.hf_token })
}

resource "aws_sagemaker_model" "this" {
  execution_role_arn = time_sleep.role_known.triggers["role"]

  primary_container {
    image       = var.lmi_image_uri
    environment = local.container_environment
  }

  # Its name is random, so that a changed model can be made before the old one goes.
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_sagemaker_endpoint_configuration" "this" {
  name_prefix = "${var.name}-"

  production_variants {
    variant_name           = local.variant_name
    model_name             = aws_sagemaker_model.this.name
    instance_type          = var.instance_type
    initial_instance_count = var.min_instances
    initial_variant_weight = 1
    inference_ami_version  = var.inference_ami_version == "" ? null : var.inference_ami_version

    model_data_download_timeout_in_seconds            = var.model_data_download_timeout_in_seconds
    container_startup_health_check_timeout_in_seconds = var.container_startup_health_check_timeout_in_seconds

    # A new request goes to the instance with the fewest under way: answers differ in length, so turns would be uneven.
    routing_config {
      routing_strategy = "LEAST_OUTSTANDING_REQUESTS"
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_sagemaker_endpoint" "this" {
  name                 = local.endpoint_name
  endpoint_config_name = aws_sagemaker_endpoint_configuration.this.name

  depends_on = [aws_cloudwatch_log_group.endpoint, aws_iam_role_policy.sagemaker]
}
