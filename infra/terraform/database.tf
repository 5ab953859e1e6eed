# One PostgreSQL for MLflow and for the studies. infra/compose/databases.sh makes both databases and their roles in it:
#   PGHOST=... PGUSER=garment PGPASSWORD=... POSTGRES_DB=postgres MLFLOW_DB_PASSWORD=... STUDIES_DB_PASSWORD=... databases.sh
resource "aws_db_subnet_group" "garment" {
  name       = "${var.prefix}-garment"
  subnet_ids = var.subnet_ids
}

resource "aws_security_group" "database" {
  name        = "${var.prefix}-database"
  description = "PostgreSQL of MLflow and of the studies"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "clients" {
  for_each                     = toset(var.client_security_group_ids)
  security_group_id            = aws_security_group.database.id
  referenced_security_group_id = each.value
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}

resource "aws_db_parameter_group" "garment" {
  name   = "${var.prefix}-postgres18"
  family = "postgres18"

  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }
}

resource "aws_db_instance" "garment" {
  identifier     = "${var.prefix}-postgres"
  engine         = "postgres"
  engine_version = "18"
  instance_class = var.database_class

  allocated_storage     = 50
  max_allocated_storage = 500
  storage_type          = "gp3"
  storage_encrypted     = true

  username                    = "garment"
  manage_master_user_password = true

  db_subnet_group_name   = aws_db_subnet_group.garment.name
  vpc_security_group_ids = [aws_security_group.database.id]
  parameter_group_name   = aws_db_parameter_group.garment.name
  publicly_accessible    = false

  backup_retention_period    = 14
  copy_tags_to_snapshot      = true
  auto_minor_version_upgrade = true
  deletion_protection        = true
  skip_final_snapshot        = false
  final_snapshot_identifier  = "${var.prefix}-postgres-last"
}
