# What `infra` makes of a spec of ../../environments, as somebody would write it for Terraform: the two are measured side by side.
# dev.tfvars and prod.tfvars are the specs. The endpoint, region and credentials come from the environment.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  default_tags {
    tags = {
      "infra:project"     = "techhub"
      "infra:environment" = var.environment
      owner               = "platform"
    }
  }
}

variable "environment" { type = string }
variable "cidr" { type = string }
variable "zones" { type = number }
variable "nat_per_zone" { type = bool }
variable "web_type" { type = string }
variable "web_min" { type = number }
variable "web_max" { type = number }
variable "api_cpu" { type = string }
variable "api_memory" { type = string }
variable "api_min" { type = number }
variable "api_max" { type = number }
variable "database_class" { type = string }
variable "database_gib" { type = number }
variable "database_multi_az" { type = bool }
variable "database_backup_days" { type = number }
variable "database_final_snapshot" { type = bool }
variable "cache_node" { type = string }
variable "cache_replicas" { type = number }

variable "images" {
  description = "Whether there are images to run yet."
  type        = bool
}

variable "web_cpu_target" {
  description = "The one change."
  type        = number
  default     = 60
}

data "aws_availability_zones" "available" {
  state = "available"
}

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

locals {
  name  = "techhub-${var.environment}"
  path  = "/infra/techhub/${var.environment}/"
  zones = slice(data.aws_availability_zones.available.names, 0, var.zones)
  arn   = { for service in ["ssm", "kms"] : service => "arn:aws:${service}:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}" }
}
