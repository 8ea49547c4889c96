# The path of the program.
variable "ansible_playbook" {
  type = string
}

build {
  sources = ["source.amazon-ebs.image"]

  # Ansible logs in by itself, as it does to every other machine.
  provisioner "ansible" {
    command         = var.ansible_playbook
    playbook_file   = "playbooks/site.yml"
    user            = var.user
    use_proxy       = false
    extra_arguments = ["--inventory", "vars.yml", "--tags", "prepare,install"]
  }

  # Machines are made of it that are not one and the same.
  provisioner "shell" {
    inline = [
      "if command -v cloud-init > /dev/null; then sudo cloud-init clean --logs; fi",
      "sudo truncate --size 0 /etc/machine-id",
      "sudo rm -f /var/lib/dbus/machine-id",
    ]
  }
}
