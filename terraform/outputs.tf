# Written by `python .ci/terraform.py --write` from template.yaml, which says the same.

output "worldline_webhook_url" {
  value       = local.outputs["WorldlineWebhookUrl"]
  description = "Paste into the Worldline / CAWL portal, Developer > Webhooks."
}

output "systempay_ipn_url" {
  value       = local.outputs["SystempayIpnUrl"]
  description = "Paste into the Lyra Back Office, notification rules, into the fields of both formats."
}

output "base_url" {
  value       = local.outputs["BaseUrl"]
  description = "For `quittance send --to`."
}

output "lyra_back_office" {
  value       = local.outputs["LyraBackOffice"]
  description = "Host of the Lyra Back Office of your brand; unknown = no source names it, Lyra told you."
}

output "orders_url" {
  value       = local.outputs["OrdersUrl"]
  description = "Orders, for requests that are signed with IAM."
}

output "orders_arn" {
  value       = local.outputs["OrdersArn"]
  description = "Grant execute-api:Invoke on this and on this with /* to whoever may see orders."
}

output "page_url" {
  value       = lookup(local.outputs, "PageUrl", null)
  description = "Orders as a page, for requests with a token of PageIssuer; a browser needs a proxy in front."
}

output "refunds_url" {
  value       = local.outputs["RefundsUrl"]
  description = "Where money is given back, and refunds are listed, for requests that are signed with IAM."
}

output "refunds_arn" {
  value       = local.outputs["RefundsArn"]
  description = "Grant execute-api:Invoke on this to whoever may do so."
}

output "captures_url" {
  value       = local.outputs["CapturesUrl"]
  description = "Where authorised money is taken, for requests that are signed with IAM."
}

output "captures_arn" {
  value       = local.outputs["CapturesArn"]
  description = "Grant execute-api:Invoke on this to whoever may do so."
}

output "cancellations_url" {
  value       = local.outputs["CancellationsUrl"]
  description = "Where authorised money is given up, for requests that are signed with IAM."
}

output "cancellations_arn" {
  value       = local.outputs["CancellationsArn"]
  description = "Grant execute-api:Invoke on this to whoever may do so."
}

output "expected_url" {
  value       = local.outputs["ExpectedUrl"]
  description = "Where the shop registers what an order costs, for requests that are signed with IAM."
}

output "expected_arn" {
  value       = local.outputs["ExpectedArn"]
  description = "Grant execute-api:Invoke on this to whoever may say what orders cost."
}

output "checkouts_url" {
  value       = local.outputs["CheckoutsUrl"]
  description = "Where the shop starts payments, for requests that are signed with IAM."
}

output "checkouts_arn" {
  value       = local.outputs["CheckoutsArn"]
  description = "Grant execute-api:Invoke on this to whoever may start payments."
}

output "asks_url" {
  value       = local.outputs["AsksUrl"]
  description = "Where an order is asked about at once, for requests that are signed with IAM."
}

output "asks_arn" {
  value       = local.outputs["AsksArn"]
  description = "Grant execute-api:Invoke on this to whoever may ask the PSPs about orders."
}

output "api_secret_name" {
  value       = local.outputs["ApiSecretName"]
  description = "Secret that holds the credentials of the PSPs' APIs."
}

output "keys_secret_name" {
  value       = local.outputs["KeysSecretName"]
  description = "Secret that holds the PSPs' keys."
}

output "put_keys_command" {
  value       = local.outputs["PutKeysCommand"]
  description = "Puts the keys; see docs/deploy.md for the document."
}

output "operator_settings" {
  value       = local.outputs["OperatorSettings"]
  description = "What the operator's commands must know of this stack; docs/operations.md."
}

output "order_table_name" {
  value       = local.outputs["OrderTableName"]
  description = "Orders."
}

output "archive_table_name" {
  value       = local.outputs["ArchiveTableName"]
  description = "Raw notifications and the quarantine."
}

output "fulfilment_queue_url" {
  value       = local.outputs["FulfilmentQueueUrl"]
  description = "Messages for your consumer."
}

output "fulfilment_queue_arn" {
  value       = local.outputs["FulfilmentQueueArn"]
  description = "The same queue, for event sources and policies."
}

output "dead_letter_queue_url" {
  value       = local.outputs["DeadLetterQueueUrl"]
  description = "Messages that your consumer failed on."
}

output "shop_secret_name" {
  value       = local.outputs["ShopSecretName"]
  description = "The secret with the key that your shop verifies messages with."
}

output "post_queue_url" {
  value       = local.outputs["PostQueueUrl"]
  description = "Messages on their way to your shop."
}

output "post_dead_letter_queue_url" {
  value       = local.outputs["PostDeadLetterQueueUrl"]
  description = "Messages that your shop did not take."
}

output "stream_failure_queue_url" {
  value       = local.outputs["StreamFailureQueueUrl"]
  description = "What Lambda gave up on in the order table's stream."
}

output "dashboard_url" {
  value       = local.outputs["DashboardUrl"]
  description = "The dashboard."
}

output "alarm_topic_arn" {
  value       = lookup(local.outputs, "AlarmTopicArn", null)
  description = "Topic of the alarms, for more subscribers."
}

output "domain_target" {
  value       = lookup(local.outputs, "DomainTarget", null)
  description = "Let a CNAME (or alias) of DomainName lead here."
}
