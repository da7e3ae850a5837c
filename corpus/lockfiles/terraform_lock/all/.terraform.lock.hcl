# This file is maintained automatically by "terraform init".
# Manual edits may be lost in future updates.

provider "registry.example/hashicorp/aws" {
  version     = "5.31.0"
  constraints = "~> 5.0, != 5.1.0"
  hashes = [
    "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
    "zh:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  ]
}

provider "private.example/acme/widget" {
  version = "0.1.0"
  hashes  = ["h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="]
}

provider "registry.example/acme/cut" {
  version = "1.0.0"
