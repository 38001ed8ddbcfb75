terraform {
  required_version = ">= 1.6"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.25, < 7.0" # response_transfer_mode of a REST API's integration
    }
    time = {
      source  = "hashicorp/time"
      version = ">= 0.9"
    }
  }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = merge({ Project = var.name }, var.tags)
  }
}

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}

locals {
  account   = data.aws_caller_identity.this.account_id
  partition = data.aws_partition.this.partition

  # Names are made here rather than read from resources, so that policies can name what does not exist yet.
  endpoint_name = "${var.name}-endpoint"
  variant_name  = "AllTraffic"
  function_name = "${var.name}-gateway"
  endpoint_arn  = "arn:${local.partition}:sagemaker:${var.region}:${local.account}:endpoint/${local.endpoint_name}"

  # What the gateway writes as CloudWatch's embedded metric format has this namespace, and the endpoint's name as dimension.
  namespace = "LLM/Serving"
}
