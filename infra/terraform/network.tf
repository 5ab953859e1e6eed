# The security group of Ray's nodes, which infra/aws/cluster.yaml names. It must be there before `ray up`: Ray takes a group
# of that name that has rules as it is, and gives one that it makes itself a rule that opens SSH to every address.
resource "aws_security_group" "ray" {
  name        = "garment-ray"
  description = "Nodes of the Ray cluster"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "among_nodes" {
  security_group_id            = aws_security_group.ray.id
  referenced_security_group_id = aws_security_group.ray.id
  ip_protocol                  = "-1"
}

resource "aws_vpc_security_group_ingress_rule" "ssh" {
  for_each          = toset(var.ssh_from)
  security_group_id = aws_security_group.ray.id
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 22
  to_port           = 22
}

resource "aws_vpc_security_group_egress_rule" "out" {
  security_group_id = aws_security_group.ray.id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
}

resource "aws_vpc_security_group_ingress_rule" "nodes_to_database" {
  security_group_id            = aws_security_group.database.id
  referenced_security_group_id = aws_security_group.ray.id
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}
