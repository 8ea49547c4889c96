# Addresses follow from a zone's place in the list alone. The network is cut in eight: one part for the nodes of each
# of up to seven zones, and the last part, cut in eight again, for the gateways of private networks.
locals {
  zones = { for index, zone in var.network.zones : zone => {
    nodes    = cidrsubnet(var.network.cidr, 3, index)
    gateways = cidrsubnet(cidrsubnet(var.network.cidr, 3, 7), 3, index)
  } }

  # Private nodes need gateways, and those need subnets of their own, which face the internet.
  gateway_zones = var.network.private ? local.zones : {}

  # Where something that faces the internet can stand.
  public_subnets = tolist([for subnet in(var.network.private ? values(aws_subnet.gateway) : values(aws_subnet.node)) : subnet.id])

  # Two networks overlap if they are the same one when both are cut to the shorter prefix.
  shorter_prefix = min([for cidr in [var.network.cidr, var.kubernetes.pod_cidr] : tonumber(split("/", cidr)[1])]...)
  overlap = length(distinct([for cidr in [var.network.cidr, var.kubernetes.pod_cidr] :
    cidrhost("${cidrhost(cidr, 0)}/${local.shorter_prefix}", 0)
  ])) == 1
}

resource "aws_vpc" "main" {
  # Without host bits: AWS drops them, which would then differ from what is asked for.
  cidr_block           = cidrsubnet(var.network.cidr, 0, 0)
  enable_dns_support   = true
  enable_dns_hostnames = true
  tags                 = merge(local.tags, { Name = var.cluster.name })

  lifecycle {
    precondition {
      condition     = !local.overlap
      error_message = "The network ${var.network.cidr} and the pods' ${var.kubernetes.pod_cidr} overlap: a node could not tell a machine from a pod."
    }
  }
}

resource "aws_internet_gateway" "main" {
  vpc_id = aws_vpc.main.id
  tags   = merge(local.tags, { Name = var.cluster.name })
}

resource "aws_subnet" "node" {
  for_each = local.zones

  vpc_id            = aws_vpc.main.id
  availability_zone = each.key
  cidr_block        = each.value.nodes
  # Each machine says for itself whether it has a public address.
  map_public_ip_on_launch = false
  tags                    = merge(local.tags, { Name = "${var.cluster.name}-nodes-${each.key}" })
}

resource "aws_route_table" "node" {
  for_each = local.zones

  vpc_id = aws_vpc.main.id
  tags   = merge(local.tags, { Name = "${var.cluster.name}-nodes-${each.key}" })
}

resource "aws_route" "node" {
  for_each = local.zones

  route_table_id         = aws_route_table.node[each.key].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = var.network.private ? null : aws_internet_gateway.main.id
  nat_gateway_id         = var.network.private ? aws_nat_gateway.main[each.key].id : null
}

resource "aws_route_table_association" "node" {
  for_each = local.zones

  subnet_id      = aws_subnet.node[each.key].id
  route_table_id = aws_route_table.node[each.key].id
}
