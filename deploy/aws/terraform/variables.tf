variable "name" {
  description = "Prefix of the names of all resources."
  type        = string
  default     = "samllm"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}$", var.name))
    error_message = "The name is 2 to 31 lower-case letters, digits and hyphens, beginning with a letter."
  }
}

variable "region" {
  description = "Region of everything."
  type        = string
  default     = "us-east-1"
}

variable "tags" {
  description = "Tags of all resources, beside Project."
  type        = map(string)
  default     = {}
}

# The model and its endpoint

variable "lmi_image_uri" {
  description = "Image of the LMI container (DJL Serving with vLLM), in a registry of the same region."
  type        = string
  default     = "763104351884.dkr.ecr.us-east-1.amazonaws.com/djl-inference:0.33.0-lmi15.0.0-cu128"

  validation {
    condition     = can(regex("^[0-9]{12}\\.dkr\\.ecr\\.[a-z0-9-]+\\.amazonaws\\.com(\\.cn)?/[^:@]+[:@].+$", var.lmi_image_uri))
    error_message = "The image is ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY:TAG."
  }
}

variable "model_id" {
  description = "The model: an id of the Hugging Face hub, or s3://BUCKET/PREFIX/ with its files."
  type        = string
  default     = "hugging-quants/Meta-Llama-3.1-8B-Instruct-AWQ-INT4"
}

variable "model_environment" {
  description = "Variables of the container beside those that model.tf sets; the same name replaces."
  type        = map(string)
  default     = {}
}

variable "hf_token" {
  description = "Token of the Hugging Face hub, for gated models; kept in a secret that is made for it. Empty: none."
  type        = string
  default     = ""
  sensitive   = true
}

variable "hf_token_secret_arn" {
  description = "ARN of a secret that already holds the token as its whole text, instead of hf_token. Empty: none."
  type        = string
  default     = ""
}

variable "instance_type" {
  description = "Instance of the endpoint."
  type        = string
  default     = "ml.g5.2xlarge"
}

variable "instance_hourly_usd" {
  description = "What an instance costs an hour, in USD: look it up for the region. From it come X-Cost-Per-1K-USD and the dashboard's costs. Empty: no costs are told."
  type        = string
  default     = "1.21"

  validation {
    condition     = var.instance_hourly_usd == "" || can(tonumber(var.instance_hourly_usd))
    error_message = "The price is a number, or empty."
  }
}

variable "inference_ami_version" {
  description = "Host image of the endpoint's instances, which brings the GPU's driver. Empty: SageMaker's default. Images built for CUDA 12.8 and newer may need one with a newer driver."
  type        = string
  default     = ""
}

variable "model_data_download_timeout_in_seconds" {
  description = "How long SageMaker may take to fetch model data and the image's layers (60 to 3600)."
  type        = number
  default     = 1800

  validation {
    condition     = var.model_data_download_timeout_in_seconds >= 60 && var.model_data_download_timeout_in_seconds <= 3600
    error_message = "SageMaker takes 60 to 3600 seconds."
  }
}

variable "container_startup_health_check_timeout_in_seconds" {
  description = "How long the container may take until it answers (60 to 3600). A model of the hub is downloaded within this time."
  type        = number
  default     = 1800

  validation {
    condition     = var.container_startup_health_check_timeout_in_seconds >= 60 && var.container_startup_health_check_timeout_in_seconds <= 3600
    error_message = "SageMaker takes 60 to 3600 seconds."
  }
}

# Autoscaling

variable "min_instances" {
  description = "Instances that always run."
  type        = number
  default     = 1

  validation {
    condition     = var.min_instances >= 1
    error_message = "An endpoint of this kind has at least one instance."
  }
}

variable "max_instances" {
  description = "Instances that may run; each costs its price. The same as min_instances: no autoscaling."
  type        = number
  default     = 8
}

variable "scaling" {
  description = "target-tracking: CompletionTokens per instance and minute are held at the target. step: one more above a rate, one fewer below another. none."
  type        = string
  default     = "target-tracking"

  validation {
    condition     = contains(["target-tracking", "step", "none"], var.scaling)
    error_message = "The scaling is target-tracking, step or none."
  }
}

variable "target_tokens_per_minute" {
  description = "Completion tokens per minute that one instance should have (54,000 are 900 a second)."
  type        = number
  default     = 54000
}

variable "scale_out_cooldown" {
  description = "Seconds after instances were added until more may be."
  type        = number
  default     = 60
}

variable "scale_in_cooldown" {
  description = "Seconds after instances were taken away until more may be."
  type        = number
  default     = 300
}

variable "step_out_tokens_per_second" {
  description = "With step scaling: completion tokens per second and instance beyond which one is added."
  type        = number
  default     = 900
}

variable "step_in_tokens_per_second" {
  description = "With step scaling: completion tokens per second and instance below which, for 5 minutes, one is taken away."
  type        = number
  default     = 200
}

variable "idle_minutes" {
  description = "Minutes without a token after which the endpoint goes back to min_instances."
  type        = number
  default     = 15
}

# The gateway

variable "lambda_zip" {
  description = "The function's package, as tools/package-lambda makes it."
  type        = string
  default     = "../../../build-lambda-arm64/weir-lambda-arm64.zip"
}

variable "lambda_architecture" {
  description = "What the package was made for: arm64 or x86_64."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.lambda_architecture)
    error_message = "The architecture is arm64 or x86_64."
  }
}

variable "lambda_memory" {
  description = "Memory of the function in MB; its share of a processor grows with it."
  type        = number
  default     = 512
}

variable "lambda_timeout" {
  description = "Seconds that one answer may take (API Gateway streams for at most 900)."
  type        = number
  default     = 300

  validation {
    condition     = var.lambda_timeout >= 1 && var.lambda_timeout <= 900
    error_message = "Lambda takes 1 to 900 seconds."
  }
}

variable "lambda_concurrency" {
  description = "Functions that may run at once, each of which holds one request; -1: the account's limit."
  type        = number
  default     = -1
}

variable "front" {
  description = "What clients meet: rest-api (API Gateway, keys and throttling) or function-url (IAM signatures, no throttling)."
  type        = string
  default     = "rest-api"

  validation {
    condition     = contains(["rest-api", "function-url"], var.front)
    error_message = "The front is rest-api or function-url."
  }
}

variable "api_key_required" {
  description = "Ask for an API key (x-api-key). Without one whoever knows the URL spends your money."
  type        = bool
  default     = true
}

variable "throttle_rate" {
  description = "Requests per second that are let through; beyond them 429."
  type        = number
  default     = 50
}

variable "throttle_burst" {
  description = "Requests that may come at once beyond the rate."
  type        = number
  default     = 100
}

variable "daily_quota" {
  description = "Requests per day and API key; 0: no quota."
  type        = number
  default     = 0
}

variable "access_logs" {
  description = "Log each request at the API. The account needs a role for API Gateway's logs in this region."
  type        = bool
  default     = false
}

variable "account_log_role" {
  description = "Make that role and set it for the account and region, which replaces the one that is set."
  type        = bool
  default     = false
}

variable "log_retention_days" {
  description = "How long logs are kept."
  type        = number
  default     = 30
}
