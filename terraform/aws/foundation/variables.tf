variable "cluster" {
  description = "The cluster. `id` is random and never changes; everything is found by it."
  type = object({
    name   = string
    id     = string
    region = string
  })
  nullable = false

  validation {
    condition     = can(regex("^[a-z0-9][-a-z0-9]{1,18}[a-z0-9]$", var.cluster.name))
    error_message = "cluster.name must be a DNS label of 3 to 20 characters."
  }

  validation {
    condition     = length(var.cluster.id) >= 6
    error_message = "cluster.id must have at least 6 characters: it is what tells two clusters of the same name apart."
  }
}

variable "tags" {
  description = "Tags for everything in this stack. The module's own (`Name`, `scaler:…`) win over them."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "network" {
  description = <<-TEXT
    The network. A zone's place in `zones` decides its addresses: add zones at the end only.
    `private`: nodes have no public address and go out through a NAT gateway in each zone.
    `admin_cidrs`: who may reach SSH and the Kubernetes API. `allow`: what else reaches the workers.
  TEXT
  type = object({
    cidr        = string
    zones       = list(string)
    private     = optional(bool, false)
    admin_cidrs = optional(list(string), [])
    allow = optional(list(object({
      port     = number
      protocol = optional(string, "tcp")
      from     = string
    })), [])
  })
  nullable = false

  validation {
    # Cut into 64 parts for the gateways' subnets, each of which AWS wants to be a /28 at least; a VPC is a /16 at most.
    condition     = can(cidrnetmask(var.network.cidr)) && try(tonumber(split("/", var.network.cidr)[1]) >= 16 && tonumber(split("/", var.network.cidr)[1]) <= 22, false)
    error_message = "network.cidr must be an IPv4 network between /16 and /22."
  }

  validation {
    condition     = length(var.network.zones) >= 1 && length(var.network.zones) <= 7 && length(distinct(var.network.zones)) == length(var.network.zones)
    error_message = "network.zones must name one to seven different zones."
  }

  validation {
    condition     = alltrue([for cidr in var.network.admin_cidrs : can(cidrnetmask(cidr))])
    error_message = "network.admin_cidrs must be IPv4 networks, such as 203.0.113.7/32."
  }

  validation {
    condition     = alltrue([for rule in var.network.allow : can(cidrnetmask(rule.from))])
    error_message = "In network.allow, `from` must be an IPv4 network, such as 0.0.0.0/0."
  }

  validation {
    condition     = alltrue([for rule in var.network.allow : contains(["tcp", "udp"], rule.protocol) && rule.port >= 1 && rule.port <= 65535 && floor(rule.port) == rule.port])
    error_message = "In network.allow, `port` must be a number from 1 to 65535 and `protocol` \"tcp\" or \"udp\"."
  }
}

variable "ssh_public_key" {
  description = "The public key, in OpenSSH's format, that EC2 puts on new machines."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^(ssh-ed25519|ssh-rsa) [A-Za-z0-9+/=]+", var.ssh_public_key))
    error_message = "ssh_public_key must be an OpenSSH public key that EC2 takes: it begins with ssh-ed25519 or ssh-rsa."
  }
}

variable "control_plane" {
  description = <<-TEXT
    The control planes by node name, with what was fixed when each was made, and the way to the Kubernetes API.
    `endpoint.load_balancer`: make load balancers. `endpoint.public`: one of them faces the internet, for admins.
    `endpoint.dns`: a name of your own, which you point at the load balancers, or without them at the machines.
    In `user_data`, the reserved name endpoint.scaler.invalid becomes the endpoint's host.
  TEXT
  type = object({
    nodes = map(object({
      zone    = string
      image   = string # an AMI's id
      machine = string # an instance type
      disk = object({
        size_gib = number
        type     = optional(string, "gp3")
      })
      subnet         = optional(string) # default: this stack's subnet of the zone
      public_address = optional(bool, false)
      key_name       = optional(string) # default: this stack's key
      user_data      = optional(string, "")
      operation      = optional(string, "")
    }))
    endpoint = optional(object({
      dns           = optional(string)
      load_balancer = optional(bool, true)
      public        = optional(bool, true)
    }), {})
  })
  nullable = false

  validation {
    condition     = var.control_plane.endpoint.load_balancer || try(length(var.control_plane.endpoint.dns) > 0, false)
    error_message = "control_plane.endpoint needs a name in `dns` when `load_balancer` is false."
  }

  validation {
    condition     = alltrue([for name in keys(var.control_plane.nodes) : can(regex("^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$", name))])
    error_message = "A node's name must be a DNS label: lower-case letters, digits and hyphens, at most 63."
  }

  validation {
    condition     = alltrue([for node in values(var.control_plane.nodes) : contains(["gp2", "gp3"], node.disk.type)])
    error_message = "A node's disk.type must be \"gp3\" or \"gp2\"."
  }

  validation {
    condition     = alltrue([for node in values(var.control_plane.nodes) : node.disk.size_gib >= 1 && floor(node.disk.size_gib) == node.disk.size_gib])
    error_message = "A node's disk.size_gib must be a whole number of GiB."
  }
}

variable "join" {
  description = <<-TEXT
    Pools whose machines join at their first boot, and the folder in a bucket where each finds the one object that it may
    read: `<bucket>/<folder>/<aws:userid>`.
  TEXT
  type = object({
    bucket = string
    folder = string
    pools  = list(string)
  })
  default = null

  validation {
    condition     = var.join == null || try(alltrue([for pool in var.join.pools : length(pool) <= 48]), false)
    error_message = "In join.pools, a name has at most 48 characters: a role's name, `scaler-<8 characters>-<pool>`, has at most 64."
  }
}

variable "kubernetes" {
  description = <<-TEXT
    `pod_cidr`: the pods' addresses; they travel inside the overlay and must not overlap the network's.
    `pod_network_ports`: what the pod network's own traffic between machines needs. The default is VXLAN:
    8472 for flannel and Cilium, 4789 for Calico. WireGuard or Typha, for example, need others.
  TEXT
  type = object({
    pod_cidr = string
    pod_network_ports = optional(list(object({
      port     = number
      protocol = string
    })), [{ port = 8472, protocol = "udp" }, { port = 4789, protocol = "udp" }])
  })
  nullable = false

  validation {
    condition     = can(cidrnetmask(var.kubernetes.pod_cidr))
    error_message = "kubernetes.pod_cidr must be an IPv4 network."
  }

  validation {
    condition     = alltrue([for rule in var.kubernetes.pod_network_ports : contains(["tcp", "udp"], rule.protocol) && rule.port >= 1 && rule.port <= 65535])
    error_message = "In kubernetes.pod_network_ports, `port` must be from 1 to 65535 and `protocol` \"tcp\" or \"udp\"."
  }
}
