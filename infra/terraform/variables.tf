variable "region" {
  type        = string
  default     = "eu-central-1"
  description = "Where everything is; also in infra/aws/cluster.yaml."
}

variable "prefix" {
  type        = string
  default     = "garment"
  description = "Begins the names of the buckets, which must be the only ones of that name in the world."

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,40}$", var.prefix))
    error_message = "A prefix takes 2 to 41 lower-case letters, digits and hyphens, as acme-garment."
  }
}

variable "vpc_id" {
  type        = string
  description = "The network in which Ray's nodes, MLflow and the database are."
}

variable "subnet_ids" {
  type        = list(string)
  description = "Private subnets of that network, in two zones at least: the database's."
}

variable "ssh_from" {
  type        = list(string)
  description = "Address ranges from which `ray up` reaches the nodes by SSH, as [\"10.0.0.0/16\"]; never the whole world."

  validation {
    condition     = alltrue([for range in var.ssh_from : can(cidrhost(range, 0)) && !endswith(range, "/0")])
    error_message = "ssh_from takes ranges as 10.0.0.0/16, and none that holds every address."
  }
}

variable "client_security_group_ids" {
  type        = list(string)
  default     = []
  description = "Who may reach the database: beside Ray's nodes: MLflow's security group, and Kubernetes' nodes'."
}

variable "database_class" {
  type        = string
  default     = "db.t4g.medium"
  description = "Size of the database. A sweep of a thousand trials writes about 12 requests a trial."
}

variable "eks_cluster_name" {
  type        = string
  default     = ""
  description = "The EKS cluster whose service accounts get the roles; empty where Ray's own launcher is used."
}
