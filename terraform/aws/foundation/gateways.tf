# Private networks only: the way out for nodes without public addresses. One gateway in each zone, so that the loss of
# a zone takes no other zone's way out.

resource "aws_subnet" "gateway" {
  for_each = local.gateway_zones

  vpc_id                  = aws_vpc.main.id
  availability_zone       = each.key
  cidr_block              = each.value.gateways
  map_public_ip_on_launch = false
  tags                    = merge(local.tags, { Name = "${var.cluster.name}-gateways-${each.key}" })
}

resource "aws_route_table" "gateway" {
  for_each = local.gateway_zones

  vpc_id = aws_vpc.main.id
  tags   = merge(local.tags, { Name = "${var.cluster.name}-gateways-${each.key}" })
}

resource "aws_route" "gateway" {
  for_each = local.gateway_zones

  route_table_id         = aws_route_table.gateway[each.key].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.main.id
}

resource "aws_route_table_association" "gateway" {
  for_each = local.gateway_zones

  subnet_id      = aws_subnet.gateway[each.key].id
  route_table_id = aws_route_table.gateway[each.key].id
}

resource "aws_eip" "gateway" {
  for_each = local.gateway_zones

  domain = "vpc"
  tags   = merge(local.tags, { Name = "${var.cluster.name}-${each.key}" })

  # An address can be used, and given back, only while the VPC has its internet gateway.
  depends_on = [aws_internet_gateway.main]
}

resource "aws_nat_gateway" "main" {
  for_each = local.gateway_zones

  subnet_id     = aws_subnet.gateway[each.key].id
  allocation_id = aws_eip.gateway[each.key].id
  tags          = merge(local.tags, { Name = "${var.cluster.name}-${each.key}" })

  depends_on = [aws_internet_gateway.main]
}
