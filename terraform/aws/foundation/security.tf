# Who may talk to whom. Rules are resources of their own, keyed by what they say, so that adding one changes no other.
# The ports and their sources are listed in the README beside the modules.

resource "aws_security_group" "control_plane" {
  # The prefix because a group's name must not begin with "sg-", and a cluster's may.
  name        = "scaler-${var.cluster.name}-control-plane"
  description = "Control planes"
  vpc_id      = aws_vpc.main.id
  tags        = merge(local.tags, { Name = "${var.cluster.name}-control-plane" })
}

resource "aws_security_group" "node" {
  name        = "scaler-${var.cluster.name}-node"
  description = "Workers of every pool"
  vpc_id      = aws_vpc.main.id
  tags        = merge(local.tags, { Name = "${var.cluster.name}-node" })
}

locals {
  members = {
    "control-plane" = aws_security_group.control_plane.id
    "node"          = aws_security_group.node.id
  }

  # Without host bits, as AWS keeps them, and each once.
  admin_cidrs = toset([for cidr in var.network.admin_cidrs : cidrsubnet(cidr, 0, 0)])

  all_ways = [for pair in setproduct(["control-plane", "node"], ["control-plane", "node"]) : { to = pair[0], from = pair[1] }]

  # Between members. Nothing for 10257, 10259 (scheduler, controller manager) and 10249, 10256 (kube-proxy): these are
  # asked over loopback only, which no security group sees.
  ports = merge(
    {
      # The API server's own address: in-cluster clients of the service `kubernetes` go to the control planes
      # themselves, not through the load balancer.
      "api" = { protocol = "tcp", first = 6443, last = 6443, ways = [
        { to = "control-plane", from = "control-plane" },
        { to = "control-plane", from = "node" },
      ] }
      "etcd" = { protocol = "tcp", first = 2379, last = 2380, ways = [
        { to = "control-plane", from = "control-plane" },
      ] }
      # From workers too: metrics-server runs there, and asks every kubelet.
      "kubelet" = { protocol = "tcp", first = 10250, last = 10250, ways = local.all_ways }
      "node-port-tcp" = { protocol = "tcp", first = 30000, last = 32767, ways = [
        { to = "node", from = "node" },
      ] }
      "node-port-udp" = { protocol = "udp", first = 30000, last = 32767, ways = [
        { to = "node", from = "node" },
      ] }
    },
    { for rule in var.kubernetes.pod_network_ports : "pod-network-${rule.protocol}-${rule.port}" => {
      protocol = rule.protocol, first = rule.port, last = rule.port, ways = local.all_ways
    } },
  )

  # "<to>/<what>/<from>"
  member_rules = merge([for name, port in local.ports : {
    for way in port.ways : "${way.to}/${name}/${way.from}" => merge(port, way)
  }]...)
}

resource "aws_vpc_security_group_ingress_rule" "member" {
  for_each = local.member_rules

  security_group_id            = local.members[each.value.to]
  referenced_security_group_id = local.members[each.value.from]
  ip_protocol                  = each.value.protocol
  from_port                    = each.value.first
  to_port                      = each.value.last
  tags                         = merge(local.tags, { Name = each.key })
}

resource "aws_vpc_security_group_ingress_rule" "ssh" {
  for_each = { for pair in setproduct(keys(local.members), local.admin_cidrs) : "${pair[0]}/${pair[1]}" => { to = pair[0], cidr = pair[1] } }

  security_group_id = local.members[each.value.to]
  cidr_ipv4         = each.value.cidr
  ip_protocol       = "tcp"
  from_port         = 22
  to_port           = 22
  tags              = merge(local.tags, { Name = "ssh" })
}

resource "aws_vpc_security_group_ingress_rule" "allow" {
  for_each = { for rule in distinct([for rule in var.network.allow : merge(rule, { from = cidrsubnet(rule.from, 0, 0) })]) :
    "${rule.protocol}/${rule.port}/${rule.from}" => rule
  }

  security_group_id = aws_security_group.node.id
  cidr_ipv4         = each.value.from
  ip_protocol       = each.value.protocol
  from_port         = each.value.port
  to_port           = each.value.port
  tags              = merge(local.tags, { Name = "allow" })
}

# Out: everything. Packages, container images and the cloud's own API have no fixed addresses.
resource "aws_vpc_security_group_egress_rule" "member" {
  for_each = local.members

  security_group_id = each.value
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
  tags              = merge(local.tags, { Name = "${each.key}/out" })
}
