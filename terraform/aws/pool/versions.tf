terraform {
  # 1.5.7 is the last version under the former licence; OpenTofu begins there.
  required_version = ">= 1.5.7"

  required_providers {
    aws = {
      source = "hashicorp/aws"
      # 6.0 adds an argument `region` to every resource: to be looked at before it is allowed.
      version = ">= 5.80.0, < 6.0.0"
    }
  }
}
