# Who may do what. Each policy is a file of its own in policies/, which the tests try on a server that obeys it.
locals {
  names = {
    datasets    = aws_s3_bucket.garment["datasets"].id
    checkpoints = aws_s3_bucket.garment["checkpoints"].id
    artifacts   = aws_s3_bucket.garment["artifacts"].id
    account     = data.aws_caller_identity.here.account_id
    region      = var.region
  }

  policies = toset(["read_shards", "write_checkpoints", "write_datasets", "write_artifacts", "launch_nodes"])

  roles = {
    trials   = ["read_shards", "write_checkpoints"]
    head     = ["read_shards", "write_checkpoints", "launch_nodes"]
    preparer = ["write_datasets"]
    mlflow   = ["write_artifacts"]
  }

  grants = merge([
    for role, policies in local.roles : { for policy in policies : "${role}/${policy}" => { role = role, policy = policy } }
  ]...)

  service_accounts = {
    garment-trials   = "trials"
    garment-driver   = "trials"
    garment-preparer = "preparer"
    mlflow           = "mlflow"
  }
}

data "aws_caller_identity" "here" {}

resource "aws_iam_policy" "garment" {
  for_each = local.policies
  name     = "garment-${replace(each.key, "_", "-")}"
  policy   = templatefile("${path.module}/policies/${each.key}.json", local.names)
}

resource "aws_iam_role" "garment" {
  for_each           = local.roles
  name               = "garment-${each.key}"
  assume_role_policy = file("${path.module}/policies/assumed_by_nodes_and_pods.json")
}

resource "aws_iam_role_policy_attachment" "garment" {
  for_each   = local.grants
  role       = aws_iam_role.garment[each.value.role].name
  policy_arn = aws_iam_policy.garment[each.value.policy].arn
}

# For Ray's launcher: infra/aws/cluster.yaml names these two.
resource "aws_iam_instance_profile" "garment" {
  for_each = toset(["trials", "head"])
  name     = "garment-${each.key}"
  role     = aws_iam_role.garment[each.key].name
}

# For KubeRay: infra/kubernetes names these service accounts.
resource "aws_eks_pod_identity_association" "garment" {
  for_each        = var.eks_cluster_name == "" ? {} : local.service_accounts
  cluster_name    = var.eks_cluster_name
  namespace       = "garment"
  service_account = each.key
  role_arn        = aws_iam_role.garment[each.value].arn
}
