# A network that is nothing but its description: no machine of a sandbox sends a packet through it.

locals {
  subnets  = { for zone in var.network.zones : zone => "subnet-${zone}" }
  key_name = "scaler-${var.cluster.id}"
}

resource "terraform_data" "network" {
  input = {
    cluster        = var.cluster
    network        = var.network
    pod_cidr       = var.kubernetes.pod_cidr
    ssh_public_key = var.ssh_public_key
    tags = merge(var.tags, {
      Name                = var.cluster.name
      "scaler:cluster-id" = var.cluster.id
      "scaler:cluster"    = var.cluster.name
    })
  }
}
