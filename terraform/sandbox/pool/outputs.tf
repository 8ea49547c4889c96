output "machines" {
  description = "The pool's machines by node name. A sandbox knows no public addresses."
  value = { for name, node in terraform_data.node : name => {
    id              = node.id
    private_address = var.nodes[name].private_address
    public_address  = tostring(null)
    zone            = var.nodes[name].zone
  } }
}
