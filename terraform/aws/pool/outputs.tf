output "machines" {
  description = "The pool's machines by node name. A missing public address is null."
  value = { for name, node in aws_instance.node : name => {
    id              = node.id
    private_address = node.private_ip
    public_address  = node.public_ip != "" ? node.public_ip : null
    zone            = node.availability_zone
  } }
}
