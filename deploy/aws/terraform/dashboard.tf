resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name

  dashboard_body = templatefile("${path.module}/dashboard.json.tftpl", {
    Region    = var.region
    Endpoint  = local.endpoint_name
    Function  = local.function_name
    Api       = var.name
    HourlyUsd = var.instance_hourly_usd == "" ? "0" : var.instance_hourly_usd
    Target    = var.target_tokens_per_minute
  })
}
