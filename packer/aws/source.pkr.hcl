# An image of EC2's, made of a machine that lives as long as the build.

variable "region" {
  type = string
}

# Of EC2, where it is not AWS' own.
variable "endpoint" {
  type    = string
  default = ""
}

variable "name" {
  type = string
}

# The image that it begins with.
variable "base" {
  type = string
}

variable "machine" {
  type = string
}

# Empty: one of the region's default network.
variable "subnet" {
  type    = string
  default = ""
}

# ssh, or none where nothing is done to the machine.
variable "communicator" {
  type = string
}

variable "user" {
  type = string
}

# From where the machine may be logged in to while it is built. Empty: from everywhere, with a key of this build's own.
variable "admin_cidrs" {
  type    = list(string)
  default = []
}

# Of the image and its snapshots.
variable "image_tags" {
  type = map(string)
}

# Of the machine that it is built on, and its disk.
variable "machine_tags" {
  type = map(string)
}

source "amazon-ebs" "image" {
  region                                = var.region
  custom_endpoint_ec2                   = var.endpoint
  skip_region_validation                = var.endpoint != ""
  ami_name                              = var.name
  source_ami                            = var.base
  instance_type                         = var.machine
  subnet_id                             = var.subnet
  communicator                          = var.communicator
  ssh_username                          = var.user
  ssh_clear_authorized_keys             = var.communicator == "ssh"
  temporary_security_group_source_cidrs = var.admin_cidrs
  tags                                  = var.image_tags
  snapshot_tags                         = var.image_tags
  run_tags                              = var.machine_tags
  run_volume_tags                       = var.machine_tags
}
