# Instances follow the work: completion tokens per minute and instance.
#
# Per instance, since a plain sum of tokens does not fall when instances are added: held to a target of 54,000 it would go
# on adding them up to the maximum. There is no metric of the instances' number; but SageMaker gives each invocation to
# InvocationsPerInstance as 1/instances, so that
#
#   InvocationsPerInstance / Invocations = 1 / instances,  and  CompletionTokens * that = tokens per instance.
#
# Nothing is filled in where a minute has no data (FILL): metrics come a minute or two late, and a filled newest minute would
# keep the alarms from ever going off. So a minute without requests says nothing, and target tracking keeps what
# runs; the policy `idle` at the end takes care of that.

locals {
  scales = var.scaling != "none" && var.max_instances > var.min_instances ? 1 : 0

  tokens_per_instance = "tokens * per_instance / invocations"
  scaling_metrics = {
    tokens       = { namespace = local.namespace, name = "CompletionTokens", dimensions = { EndpointName = local.endpoint_name } }
    invocations  = { namespace = "AWS/SageMaker", name = "Invocations", dimensions = local.variant_dimensions }
    per_instance = { namespace = "AWS/SageMaker", name = "InvocationsPerInstance", dimensions = local.variant_dimensions }
  }
  variant_dimensions = { EndpointName = local.endpoint_name, VariantName = local.variant_name }
}

resource "aws_appautoscaling_target" "this" {
  count = local.scales

  service_namespace  = "sagemaker"
  resource_id        = "endpoint/${aws_sagemaker_endpoint.this.name}/variant/${local.variant_name}"
  scalable_dimension = "sagemaker:variant:DesiredInstanceCount"
  min_capacity       = var.min_instances
  max_capacity       = var.max_instances
}

resource "aws_appautoscaling_policy" "target_tracking" {
  count = var.scaling == "target-tracking" ? local.scales : 0

  name               = "${var.name}-tokens-per-instance"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this[0].service_namespace
  resource_id        = aws_appautoscaling_target.this[0].resource_id
  scalable_dimension = aws_appautoscaling_target.this[0].scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value       = var.target_tokens_per_minute
    scale_out_cooldown = var.scale_out_cooldown
    scale_in_cooldown  = var.scale_in_cooldown

    customized_metric_specification {
      dynamic "metrics" {
        for_each = local.scaling_metrics

        content {
          id          = metrics.key
          return_data = false

          metric_stat {
            stat = "Sum" # of each minute

            metric {
              namespace   = metrics.value.namespace
              metric_name = metrics.value.name

              dynamic "dimensions" {
                for_each = metrics.value.dimensions

                content {
                  name  = dimensions.key
                  value = dimensions.value
                }
              }
            }
          }
        }
      }

      metrics {
        id          = "tokens_per_instance"
        label       = "Completion tokens per minute and instance"
        expression  = local.tokens_per_instance
        return_data = true
      }
    }
  }
}

# The alternative: steps.

resource "aws_appautoscaling_policy" "step_out" {
  count = var.scaling == "step" ? local.scales : 0

  name               = "${var.name}-step-out"
  policy_type        = "StepScaling"
  service_namespace  = aws_appautoscaling_target.this[0].service_namespace
  resource_id        = aws_appautoscaling_target.this[0].resource_id
  scalable_dimension = aws_appautoscaling_target.this[0].scalable_dimension

  step_scaling_policy_configuration {
    adjustment_type         = "ChangeInCapacity"
    cooldown                = var.scale_out_cooldown
    metric_aggregation_type = "Average"

    # Bounds are above the alarm's threshold.
    step_adjustment {
      metric_interval_lower_bound = "0"
      metric_interval_upper_bound = "300"
      scaling_adjustment          = 1
    }

    step_adjustment {
      metric_interval_lower_bound = "300"
      scaling_adjustment          = 2
    }
  }
}

resource "aws_appautoscaling_policy" "step_in" {
  count = var.scaling == "step" ? local.scales : 0

  name               = "${var.name}-step-in"
  policy_type        = "StepScaling"
  service_namespace  = aws_appautoscaling_target.this[0].service_namespace
  resource_id        = aws_appautoscaling_target.this[0].resource_id
  scalable_dimension = aws_appautoscaling_target.this[0].scalable_dimension

  step_scaling_policy_configuration {
    adjustment_type         = "ChangeInCapacity"
    cooldown                = var.scale_in_cooldown
    metric_aggregation_type = "Average"

    step_adjustment {
      metric_interval_upper_bound = "0"
      scaling_adjustment          = -1
    }
  }
}

locals {
  step_alarms = var.scaling != "step" || local.scales == 0 ? {} : {
    out = { comparison = "GreaterThanThreshold", threshold = var.step_out_tokens_per_second, periods = 1, action = aws_appautoscaling_policy.step_out[0].arn }
    in  = { comparison = "LessThanThreshold", threshold = var.step_in_tokens_per_second, periods = 5, action = aws_appautoscaling_policy.step_in[0].arn }
  }
}

resource "aws_cloudwatch_metric_alarm" "step" {
  for_each = local.step_alarms

  alarm_name          = "${var.name}-step-${each.key}"
  alarm_description   = "Completion tokens per second and instance"
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  evaluation_periods  = each.value.periods
  treat_missing_data  = "missing"
  alarm_actions       = [each.value.action]

  dynamic "metric_query" {
    for_each = local.scaling_metrics

    content {
      id          = metric_query.key
      return_data = false

      metric {
        namespace   = metric_query.value.namespace
        metric_name = metric_query.value.name
        dimensions  = metric_query.value.dimensions
        stat        = "Sum"
        period      = 60
      }
    }
  }

  metric_query {
    id          = "tokens_per_instance"
    label       = "Completion tokens per second and instance"
    expression  = "${local.tokens_per_instance} / 60"
    return_data = true
  }
}

# Without requests there is no metric, and neither kind of policy would ever take an instance away.

resource "aws_appautoscaling_policy" "idle" {
  count = local.scales

  name               = "${var.name}-idle"
  policy_type        = "StepScaling"
  service_namespace  = aws_appautoscaling_target.this[0].service_namespace
  resource_id        = aws_appautoscaling_target.this[0].resource_id
  scalable_dimension = aws_appautoscaling_target.this[0].scalable_dimension

  step_scaling_policy_configuration {
    adjustment_type         = "ExactCapacity"
    cooldown                = var.scale_in_cooldown
    metric_aggregation_type = "Maximum"

    step_adjustment {
      metric_interval_upper_bound = "0"
      scaling_adjustment          = var.min_instances
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "idle" {
  count = local.scales

  alarm_name          = "${var.name}-idle"
  alarm_description   = "No completion token for ${var.idle_minutes} minutes"
  namespace           = local.namespace
  metric_name         = "CompletionTokens"
  dimensions          = { EndpointName = local.endpoint_name }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = var.idle_minutes
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_appautoscaling_policy.idle[0].arn]
}
