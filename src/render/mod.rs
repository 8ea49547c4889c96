//! Cluster and record to files: the inputs of Terraform.
