# Bucket, database and roles on AWS. Nothing here is a secret: AWS makes the database's password and keeps it.
#
#   terraform -chdir=infra/terraform init
#   terraform -chdir=infra/terraform apply -var prefix=acme-garment -var vpc_id=vpc-... \
#     -var 'subnet_ids=["subnet-...", "subnet-..."]' -var 'ssh_from=["10.0.0.0/16"]'
terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = { project = "garment-sweeps" }
  }
}
