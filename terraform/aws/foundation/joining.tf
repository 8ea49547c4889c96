# Pools whose machines join by themselves at their first boot: for each a role that may read one object alone, the one with
# the machine's own id in its name. `aws:userid` of a machine is the role's id, a colon, and the instance's id (IAM's
# guide, "Where you can use policy variables").

locals {
  join_pools = toset(var.join != null ? var.join.pools : [])

  # Without a data source: "aws", "aws-cn", "aws-us-gov".
  partition = split(":", aws_vpc.main.arn)[1]
}

resource "aws_iam_role" "join" {
  for_each = local.join_pools

  # Names are the account's, 64 characters at most. The path is what policies of operators name.
  name        = "scaler-${substr(var.cluster.id, 0, 8)}-${each.key}"
  path        = "/scaler/${var.cluster.name}/${var.cluster.id}/"
  description = "Machines of pool ${each.key} read what they join the cluster with"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = local.partition == "aws-cn" ? "ec2.amazonaws.com.cn" : "ec2.amazonaws.com" }
    }]
  })
  tags = merge(local.tags, { Name = "${var.cluster.name}-${each.key}" })
}

resource "aws_iam_role_policy" "join" {
  for_each = local.join_pools

  name = "join"
  role = aws_iam_role.join[each.key].name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "s3:GetObject"
      Resource = "arn:${local.partition}:s3:::${var.join.bucket}/${var.join.folder}/$${aws:userid}"
    }]
  })
}

resource "aws_iam_instance_profile" "join" {
  for_each = local.join_pools

  name = aws_iam_role.join[each.key].name
  path = "/scaler/${var.cluster.name}/${var.cluster.id}/"
  role = aws_iam_role.join[each.key].name
  tags = merge(local.tags, { Name = "${var.cluster.name}-${each.key}" })
}
