build {
  sources = ["source.amazon-ebs.image"]
}
