output "buckets" {
  value       = { for name, bucket in aws_s3_bucket.garment : name => "s3://${bucket.id}" }
  description = "GARMENT_STORAGE is the checkpoints' with a prefix, as s3://garment-checkpoints/sweeps."
}

output "studies" {
  value       = "postgresql+psycopg2://studies@${aws_db_instance.garment.endpoint}/studies?sslmode=require"
  description = "GARMENT_OPTUNA_STORAGE; the password goes into PGPASSWORD, never into the URL."
}

output "database_password_in" {
  value       = aws_db_instance.garment.master_user_secret[0].secret_arn
  description = "Where AWS keeps the administrator's password; the password itself is not in Terraform's state."
}

output "roles" {
  value       = { for name, role in aws_iam_role.garment : name => role.arn }
  description = "For service accounts and instances."
}
