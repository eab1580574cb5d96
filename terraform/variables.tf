# Written by `python .ci/terraform.py --write` from template.yaml, which says the same.

variable "release_on" {
  type        = string
  default     = "captured"
  nullable    = false
  description = "When an order is released - money taken (captured), or authorised counts too (secured)."

  validation {
    condition     = contains(["captured", "secured"], var.release_on)
    error_message = "release_on is one of: captured, secured."
  }
}

variable "instalments" {
  type        = string
  default     = "first"
  nullable    = false
  description = "With payment in instalments, release when the first is paid, or when all are."

  validation {
    condition     = contains(["first", "all"], var.instalments)
    error_message = "instalments is one of: first, all."
  }
}

variable "confirm" {
  type        = string
  default     = "off"
  nullable    = false
  description = "Whose word releases an order - a notification's (off), or only the provider's own when it is asked (ask), for which API credentials are needed."

  validation {
    condition     = contains(["off", "ask"], var.confirm)
    error_message = "confirm is one of: off, ask."
  }
}

variable "stranded_refund_minutes" {
  type        = string
  default     = ""
  nullable    = false
  description = "Minutes after the end of its payment session after which a stranded voucher is given back by itself; empty = never, only flag and alarm. It needs API credentials."

  validation {
    condition     = can(regex("^([0-9]*)$", var.stranded_refund_minutes))
    error_message = "stranded_refund_minutes matches [0-9]*."
  }
}

variable "notices" {
  type        = string
  default     = ""
  nullable    = false
  description = "Messages that ask for a person's look, beside releases and reversals; the consumer must know them; empty = none."

  validation {
    condition     = contains(["", "held", "stranded", "held,stranded"], var.notices)
    error_message = "notices is one of: , held, stranded, held,stranded."
  }
}

variable "brand" {
  type        = string
  default     = "systempay"
  nullable    = false
  description = "Under which of its brands Lyra serves you. Only used to name your Back Office in the outputs."

  validation {
    condition     = contains(["systempay", "payzen", "lyra", "sogecommerce", "scellius", "clicandpay", "osb", "monetico-retail", "payzen-latam", "payzen-brasil", "micuentaweb", "payzen-india"], var.brand)
    error_message = "brand is one of: systempay, payzen, lyra, sogecommerce, scellius, clicandpay, osb, monetico-retail, payzen-latam, payzen-brasil, micuentaweb, payzen-india."
  }
}

variable "systempay_fields" {
  type        = string
  default     = ""
  nullable    = false
  description = "vads_ names beyond the documented ones that your forms carry, separated by commas."
}

variable "systempay_sources" {
  type        = string
  default     = ""
  nullable    = false
  description = "Addresses and CIDR ranges from which Lyra notifications are taken, separated by commas; empty = not checked. A second lock behind the signature."

  validation {
    condition     = can(regex("^([0-9A-Fa-f.:/, ]*)$", var.systempay_sources))
    error_message = "systempay_sources matches [0-9A-Fa-f.:/, ]*."
  }
}

variable "public_url" {
  type        = string
  default     = ""
  nullable    = false
  description = "Where payment pages send buyers back to, and notifications of payments that the stack starts: the output BaseUrl, after the first deployment. Not needed with DomainName."
}

variable "domain_name" {
  type        = string
  default     = ""
  nullable    = false
  description = "Host name of your own for the webhooks (with CertificateArn), so that addresses outlive the stack."
}

variable "certificate_arn" {
  type        = string
  default     = ""
  nullable    = false
  description = "Certificate for DomainName, in AWS Certificate Manager in this region."
}

variable "page_issuer" {
  type        = string
  default     = ""
  nullable    = false
  description = "OpenID issuer whose tokens open the page of orders, exactly as it writes itself in iss, with PageAudience; empty = the stack has no such page."

  validation {
    condition     = can(regex("^((https://[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?(/[A-Za-z0-9._~%/-]*)?)?)$", var.page_issuer))
    error_message = "page_issuer matches (https://[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?(/[A-Za-z0-9._~%/-]*)?)?."
  }
}

variable "page_audience" {
  type        = string
  default     = ""
  nullable    = false
  description = "The one audience (aud) or client (client_id) of these tokens. Whoever gets a token for it from the issuer sees all orders."

  validation {
    condition     = can(regex("^(([A-Za-z0-9][A-Za-z0-9._~:/@=+-]*)?)$", var.page_audience))
    error_message = "page_audience matches ([A-Za-z0-9][A-Za-z0-9._~:/@=+-]*)?."
  }
}

variable "page_scope" {
  type        = string
  default     = ""
  nullable    = false
  description = "A scope that these tokens must have, too; empty = none is asked for. ID tokens have no scopes."

  validation {
    condition     = can(regex("^(([A-Za-z0-9][A-Za-z0-9._~:/@=+-]*)?)$", var.page_scope))
    error_message = "page_scope matches ([A-Za-z0-9][A-Za-z0-9._~:/@=+-]*)?."
  }
}

variable "raw_retention_days" {
  type        = number
  default     = 400
  nullable    = false
  description = "Days for which raw notifications, answers of PSPs and registered amounts are kept, 0 = not at all. Chargebacks come up to 13 months later."

  validation {
    condition     = var.raw_retention_days >= 0
    error_message = "raw_retention_days is 0 or more."
  }

  validation {
    condition     = var.raw_retention_days <= 3650
    error_message = "raw_retention_days is 3650 or less."
  }

  validation {
    condition     = floor(var.raw_retention_days) == var.raw_retention_days
    error_message = "raw_retention_days is a whole number."
  }
}

variable "log_retention_days" {
  type        = number
  default     = 90
  nullable    = false
  description = "Days for which logs are kept. They hold no personal data of buyers."

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653], var.log_retention_days)
    error_message = "log_retention_days is one of: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653."
  }

  validation {
    condition     = floor(var.log_retention_days) == var.log_retention_days
    error_message = "log_retention_days is a whole number."
  }
}

variable "deletion_protection" {
  type        = string
  default     = "true"
  nullable    = false
  description = "Whether the tables refuse to be deleted. Switch it off for stacks of a test only."

  validation {
    condition     = contains(["true", "false"], var.deletion_protection)
    error_message = "deletion_protection is one of: true, false."
  }
}

variable "state_index" {
  type        = string
  default     = "false"
  nullable    = false
  description = "Whether an index lists orders by state, newest first, for two more write units each time an order changes. Without it a list reads the table, which does for some thousand orders."

  validation {
    condition     = contains(["true", "false"], var.state_index)
    error_message = "state_index is one of: true, false."
  }
}

variable "alarm_mail" {
  type        = string
  default     = ""
  nullable    = false
  description = "Mail address that is told of alarms; empty = nobody. It has to be confirmed once by its owner."
}

variable "runbook_url" {
  type        = string
  default     = "docs/runbook.md"
  nullable    = false
  description = "Where your copy of docs/runbook.md can be read; alarms link to its sections."
}

variable "forged_spike_threshold" {
  type        = number
  default     = 20
  nullable    = false
  description = "More refused notifications (401) than that within five minutes are an alarm."

  validation {
    condition     = var.forged_spike_threshold >= 1
    error_message = "forged_spike_threshold is 1 or more."
  }

  validation {
    condition     = floor(var.forged_spike_threshold) == var.forged_spike_threshold
    error_message = "forged_spike_threshold is a whole number."
  }
}

variable "server_errors_threshold" {
  type        = number
  default     = 0
  nullable    = false
  description = "More answers of 5xx than that within five minutes are an alarm. Lyra sends again only where the rule says so, hence none by default."

  validation {
    condition     = var.server_errors_threshold >= 0
    error_message = "server_errors_threshold is 0 or more."
  }

  validation {
    condition     = floor(var.server_errors_threshold) == var.server_errors_threshold
    error_message = "server_errors_threshold is a whole number."
  }
}

variable "flood_threshold" {
  type        = number
  default     = 500
  nullable    = false
  description = "More answers of 4xx than that within five minutes are an alarm: somebody uses up the API's rate, and what a PSP sends then may be turned away (429)."

  validation {
    condition     = var.flood_threshold >= 1
    error_message = "flood_threshold is 1 or more."
  }

  validation {
    condition     = floor(var.flood_threshold) == var.flood_threshold
    error_message = "flood_threshold is a whole number."
  }
}

variable "unconsumed_seconds" {
  type        = number
  default     = 3600
  nullable    = false
  description = "A message that lies in the fulfilment queue for longer than that is an alarm."

  validation {
    condition     = var.unconsumed_seconds >= 60
    error_message = "unconsumed_seconds is 60 or more."
  }

  validation {
    condition     = floor(var.unconsumed_seconds) == var.unconsumed_seconds
    error_message = "unconsumed_seconds is a whole number."
  }
}

variable "unsent_age_seconds" {
  type        = number
  default     = 300
  nullable    = false
  description = "A decision that has not reached the queue for longer than that is an alarm."

  validation {
    condition     = var.unsent_age_seconds >= 60
    error_message = "unsent_age_seconds is 60 or more."
  }

  validation {
    condition     = floor(var.unsent_age_seconds) == var.unsent_age_seconds
    error_message = "unsent_age_seconds is a whole number."
  }
}

variable "webhook_rate_limit" {
  type        = number
  default     = 50
  nullable    = false
  description = "Notifications a second that each webhook takes on average; beyond, 429. Worldline sends those again, Lyra only where its rule says so."

  validation {
    condition     = var.webhook_rate_limit >= 1
    error_message = "webhook_rate_limit is 1 or more."
  }

  validation {
    condition     = floor(var.webhook_rate_limit) == var.webhook_rate_limit
    error_message = "webhook_rate_limit is a whole number."
  }
}

variable "webhook_burst_limit" {
  type        = number
  default     = 200
  nullable    = false
  description = "Notifications that each webhook takes at once beyond the rate."

  validation {
    condition     = var.webhook_burst_limit >= 1
    error_message = "webhook_burst_limit is 1 or more."
  }

  validation {
    condition     = floor(var.webhook_burst_limit) == var.webhook_burst_limit
    error_message = "webhook_burst_limit is a whole number."
  }
}

variable "orders_rate_limit" {
  type        = number
  default     = 20
  nullable    = false
  description = "Requests a second that each route for IAM, and of the page, takes on average."

  validation {
    condition     = var.orders_rate_limit >= 1
    error_message = "orders_rate_limit is 1 or more."
  }

  validation {
    condition     = floor(var.orders_rate_limit) == var.orders_rate_limit
    error_message = "orders_rate_limit is a whole number."
  }
}

variable "orders_burst_limit" {
  type        = number
  default     = 40
  nullable    = false
  description = "Requests that each route for IAM, and of the page, takes at once beyond the rate."

  validation {
    condition     = var.orders_burst_limit >= 1
    error_message = "orders_burst_limit is 1 or more."
  }

  validation {
    condition     = floor(var.orders_burst_limit) == var.orders_burst_limit
    error_message = "orders_burst_limit is a whole number."
  }
}

variable "receiver_concurrency" {
  type        = number
  default     = 0
  nullable    = false
  description = "Concurrency reserved for each webhook, and its ceiling; 0 = none. New accounts have so little that they cannot reserve any."

  validation {
    condition     = var.receiver_concurrency >= 0
    error_message = "receiver_concurrency is 0 or more."
  }

  validation {
    condition     = floor(var.receiver_concurrency) == var.receiver_concurrency
    error_message = "receiver_concurrency is a whole number."
  }
}

variable "dispatch_concurrency" {
  type        = number
  default     = 0
  nullable    = false
  description = "Concurrency reserved for dispatch, and its ceiling; 0 = none."

  validation {
    condition     = var.dispatch_concurrency >= 0
    error_message = "dispatch_concurrency is 0 or more."
  }

  validation {
    condition     = floor(var.dispatch_concurrency) == var.dispatch_concurrency
    error_message = "dispatch_concurrency is a whole number."
  }
}

variable "orders_concurrency" {
  type        = number
  default     = 0
  nullable    = false
  description = "Concurrency reserved for orders, and its ceiling; 0 = none."

  validation {
    condition     = var.orders_concurrency >= 0
    error_message = "orders_concurrency is 0 or more."
  }

  validation {
    condition     = floor(var.orders_concurrency) == var.orders_concurrency
    error_message = "orders_concurrency is a whole number."
  }
}

variable "warm_units" {
  type        = string
  default     = "0"
  nullable    = false
  description = "Write units a second that the tables and their indexes take from the start, and read units of the order table, 12000 or more, above 40000 only with a quota that AWS has raised; 0 = what AWS gives a new table, which grows with its load. AWS charges for it once, and it cannot be lowered."

  validation {
    condition     = can(regex("^(0|1[2-9][0-9]{3}|[2-9][0-9]{4}|[1-9][0-9]{5})$", var.warm_units))
    error_message = "warm_units matches 0|1[2-9][0-9]{3}|[2-9][0-9]{4}|[1-9][0-9]{5}."
  }
}

variable "fulfilment_visibility_seconds" {
  type        = number
  default     = 180
  nullable    = false
  description = "How long the queue hides a message that a consumer has taken. AWS advises six times the time-out of a consuming function; the example needs more than the 60 s of its lease."

  validation {
    condition     = var.fulfilment_visibility_seconds >= 90
    error_message = "fulfilment_visibility_seconds is 90 or more."
  }

  validation {
    condition     = var.fulfilment_visibility_seconds <= 43200
    error_message = "fulfilment_visibility_seconds is 43200 or less."
  }

  validation {
    condition     = floor(var.fulfilment_visibility_seconds) == var.fulfilment_visibility_seconds
    error_message = "fulfilment_visibility_seconds is a whole number."
  }
}

variable "fulfilment_max_receives" {
  type        = number
  default     = 300
  nullable    = false
  description = "After how many failed attempts of the consumer a message goes to the dead-letter queue. Each takes as long as a message is hidden: 300 of 180 s are fifteen hours, so that a night without warehouse empties nothing."

  validation {
    condition     = var.fulfilment_max_receives >= 3
    error_message = "fulfilment_max_receives is 3 or more."
  }

  validation {
    condition     = var.fulfilment_max_receives <= 1000
    error_message = "fulfilment_max_receives is 1000 or less."
  }

  validation {
    condition     = floor(var.fulfilment_max_receives) == var.fulfilment_max_receives
    error_message = "fulfilment_max_receives is a whole number."
  }
}

variable "shop_url" {
  type        = string
  default     = ""
  nullable    = false
  description = "Where your shop takes messages over HTTPS, beside the queue - each is posted, signed as Standard Webhooks says, until the shop answers 2xx, for three days; empty = nothing is posted."

  validation {
    condition     = can(regex("^((https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[!-~]*)?)?)$", var.shop_url))
    error_message = "shop_url matches (https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[!-~]*)?)?."
  }
}

variable "event_bus" {
  type        = string
  default     = ""
  nullable    = false
  description = "Name of an EventBridge bus of this account that gets every message too; empty = none. It must be there - what is put on a bus that is not is lost in silence. `quittance doctor` looks."

  validation {
    condition     = can(regex("^([A-Za-z0-9._/-]*)$", var.event_bus))
    error_message = "event_bus matches [A-Za-z0-9._/-]*."
  }
}

variable "queue_consumer" {
  type        = string
  default     = "yes"
  nullable    = false
  description = "Whether anybody consumes the fulfilment queue. With no, nobody is told that messages wait there."

  validation {
    condition     = contains(["yes", "no"], var.queue_consumer)
    error_message = "queue_consumer is one of: yes, no."
  }
}

variable "example_consumer" {
  type        = string
  default     = "no"
  nullable    = false
  description = "Whether to deploy the example consumer. It takes messages away from yours."

  validation {
    condition     = contains(["yes", "no"], var.example_consumer)
    error_message = "example_consumer is one of: yes, no."
  }
}

variable "architecture" {
  type        = string
  default     = "arm64"
  nullable    = false
  description = "Processor of the functions. Build and deploy with the same."

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture is one of: arm64, x86_64."
  }
}

variable "memory_size" {
  type        = number
  default     = 256
  nullable    = false
  description = "MB of each function. They hold about 10 MB; the rest buys processor time, which the TLS handshakes of a cold start need."

  validation {
    condition     = var.memory_size >= 128
    error_message = "memory_size is 128 or more."
  }

  validation {
    condition     = var.memory_size <= 10240
    error_message = "memory_size is 10240 or less."
  }

  validation {
    condition     = floor(var.memory_size) == var.memory_size
    error_message = "memory_size is a whole number."
  }
}

variable "log_level" {
  type        = string
  default     = "INFO"
  nullable    = false
  description = "Least level of what the functions log."

  validation {
    condition     = contains(["INFO", "DEBUG"], var.log_level)
    error_message = "log_level is one of: INFO, DEBUG."
  }
}

variable "tracing" {
  type        = string
  default     = "Active"
  nullable    = false
  description = "Whether notifications are traced with X-Ray from the webhook to the message."

  validation {
    condition     = contains(["Active", "PassThrough"], var.tracing)
    error_message = "tracing is one of: Active, PassThrough."
  }
}
