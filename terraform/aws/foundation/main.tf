# What all pools of a cluster share: the network, who may talk to whom, the control planes and the way to their API.
# No data source, nothing random, no provisioner.

locals {
  tags = merge(var.tags, {
    "scaler:cluster-id" = var.cluster.id
    "scaler:cluster"    = var.cluster.name
  })
}

resource "aws_key_pair" "ssh" {
  # By the id: key names are the account's and region's, and two clusters may share a name.
  key_name   = "scaler-${var.cluster.id}"
  public_key = var.ssh_public_key
  tags       = merge(local.tags, { Name = var.cluster.name })
}
