locals {
  endpoint = {
    host       = coalesce(var.control_plane.endpoint.dns, "127.0.0.1")
    admin_host = coalesce(var.control_plane.endpoint.dns, "127.0.0.1")
    port       = var.control_plane.endpoint.port
    names      = compact([var.control_plane.endpoint.dns, "127.0.0.1"])
  }
}

output "foundation" {
  description = "What the pools need: pass it to their variable of the same name, as it is."
  value = {
    network_id = terraform_data.network.id
    subnets    = local.subnets
    key_name   = local.key_name
    endpoint   = local.endpoint
  }
}

output "endpoint" {
  description = "The way to the Kubernetes API, in the shape of the other providers'."
  value       = local.endpoint
}

output "machines" {
  description = "The control planes by node name. A sandbox knows no public addresses."
  value = { for name, node in terraform_data.control_plane : name => {
    id              = node.id
    private_address = var.control_plane.nodes[name].private_address
    public_address  = tostring(null)
    zone            = var.control_plane.nodes[name].zone
  } }
}
