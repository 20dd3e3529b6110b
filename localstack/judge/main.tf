# An environment of the shape that `infra` makes, for another tool to judge the extension by: Terraform's AWS provider was
# written against AWS and reads back everything it wrote. Applied here it must plan no changes, and destroy cleanly.
# The endpoint, region and credentials come from the environment (AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID).

terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  default_tags {
    tags = {
      "infra:project"     = "judge"
      "infra:environment" = "prod"
    }
  }
}

variable "changed" {
  description = "Changes every kind in place, as a second version of the environment does."
  type        = bool
  default     = false
}

data "aws_availability_zones" "available" {
  state = "available"
}

locals {
  name  = "judge-prod"
  zones = slice(data.aws_availability_zones.available.names, 0, 3)
}
