locals {
  hosts = { for name, balancer in aws_lb.api : name => balancer.dns_name }

  endpoint = {
    # For nodes: kubeadm's controlPlaneEndpoint.
    host = coalesce(var.control_plane.endpoint.dns, try(local.hosts["nodes"], null))
    # For people: the server of an admin's kubeconfig.
    admin_host = coalesce(var.control_plane.endpoint.dns, try(local.hosts["admins"], null), try(local.hosts["nodes"], null))
    port       = 6443
    # For the API server's certificate.
    names = compact(concat([var.control_plane.endpoint.dns], values(local.hosts)))
  }
}

output "foundation" {
  description = "What the pools need: pass it to their variable of the same name, as it is."
  value = {
    vpc_id                 = aws_vpc.main.id
    subnets                = { for zone, subnet in aws_subnet.node : zone => subnet.id }
    node_security_group_id = aws_security_group.node.id
    key_name               = aws_key_pair.ssh.key_name
    endpoint               = local.endpoint
    # By pool, of those that join at boot.
    joins = { for pool, profile in aws_iam_instance_profile.join : pool => {
      profile = profile.name
      role_id = aws_iam_role.join[pool].unique_id
    } }
  }
}

output "endpoint" {
  description = "The way to the Kubernetes API: `host` for nodes, `admin_host` for people, `names` for the certificate."
  value       = local.endpoint
}

output "machines" {
  description = "The control planes by node name. A missing public address is null."
  value = { for name, node in aws_instance.control_plane : name => {
    id              = node.id
    private_address = node.private_ip
    public_address  = node.public_ip != "" ? node.public_ip : null
    zone            = node.availability_zone
  } }
}
