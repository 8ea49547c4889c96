terraform {
  # `terraform_data` is built in since 1.4; the same floor as the other providers' modules.
  required_version = ">= 1.5.7"
}
