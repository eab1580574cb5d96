# The stack of template.yaml, created by CloudFormation from that very template: what is deployed with Terraform and
# what is deployed with SAM is the same, and is said once. docs/deploy.md has an example.

terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0, < 7.0"
    }
  }
}

variable "stack_name" {
  type        = string
  nullable    = false
  description = "Name of the stack, with which the names of its tables, queues, secrets and functions begin."

  validation {
    # The longest name of a function, <stack>-example-fulfilment, may have 64.
    condition     = can(regex("^[A-Za-z][A-Za-z0-9-]{0,44}$", var.stack_name))
    error_message = "stack_name has up to 45 letters, digits and hyphens, and begins with a letter."
  }
}

variable "functions" {
  type        = string
  default     = null
  description = "Folder with the built functions, <function>.zip each; null = the folder beside this module, as in a release."
}

variable "tags" {
  type        = map(string)
  default     = {}
  nullable    = false
  description = "Tags of the bucket and the stack; CloudFormation hands the stack's on to what it makes."
}

locals {
  template  = file("${path.module}/../template.yaml")
  functions = coalesce(var.functions, "${path.module}/../functions")

  # The functions that the template names, be it as source (`functions/dispatch`) or as built (`functions/dispatch.zip`).
  names = toset(flatten(regexall("(?m)^\\s+CodeUri: functions/([a-z-]+)(?:\\.zip)?$", local.template)))
  zips  = { for name in local.names : name => "${local.functions}/${name}.zip" }

  # Other code has another address, so that CloudFormation sees that it has changed, and may roll back to the one before.
  code     = substr(sha256(join(" ", [for name in sort(local.names) : filesha256(local.zips[name])])), 0, 16)
  uploaded = replace(local.template, "/(?m)^(\\s+CodeUri: )functions/([a-z-]+)(?:\\.zip)?$/", "$${1}s3://${aws_s3_bucket.code.id}/${local.code}/$${2}.zip")

  outputs = aws_cloudformation_stack.quittance.outputs
}

# Code and template on their way to CloudFormation; nothing of an order.
resource "aws_s3_bucket" "code" {
  #checkov:skip=CKV_AWS_18:Only the deployer reads and writes it; CloudTrail has it.
  #checkov:skip=CKV_AWS_21:What is in it is never overwritten: its name has its digest.
  #checkov:skip=CKV_AWS_144:It can be filled again from the release.
  #checkov:skip=CKV_AWS_145:Encrypted by S3; public code.
  #checkov:skip=CKV2_AWS_61:What the stack is made of stays; what it was made of goes with the next update.
  #checkov:skip=CKV2_AWS_62:Nobody waits for it.
  bucket_prefix = "quittance-code-"
  force_destroy = true
  tags          = var.tags
}

resource "aws_s3_bucket_public_access_block" "code" {
  bucket                  = aws_s3_bucket.code.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_object" "function" {
  #checkov:skip=CKV_AWS_186:As the bucket.
  for_each = local.zips

  bucket      = aws_s3_bucket.code.id
  key         = "${local.code}/${each.key}.zip"
  source      = each.value
  source_hash = filesha256(each.value)

  lifecycle {
    # An update that fails is rolled back by CloudFormation, which takes the code of before from here.
    create_before_destroy = true
  }
}

# Too large to be given with the request.
resource "aws_s3_object" "template" {
  #checkov:skip=CKV_AWS_186:As the bucket.
  bucket  = aws_s3_bucket.code.id
  key     = "${local.code}/${sha256(local.template)}.yaml"
  content = local.uploaded

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_cloudformation_stack" "quittance" {
  #checkov:skip=CKV_AWS_124:The stack has alarms of its own; whoever applies sees how its creation ends.
  name         = var.stack_name
  template_url = "https://${aws_s3_bucket.code.bucket_regional_domain_name}/${aws_s3_object.template.key}"
  parameters   = local.parameters
  # Roles without names of our own, and the transform of SAM.
  capabilities = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
  tags         = var.tags

  depends_on = [aws_s3_object.function]

  lifecycle {
    precondition {
      condition     = var.domain_name == "" || var.certificate_arn != ""
      error_message = "domain_name needs certificate_arn."
    }
  }
}
