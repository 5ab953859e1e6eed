# Three buckets, since three kinds of access end at a bucket's edge: shards are read by many and listed by none,
# checkpoints are written by trials, artifacts belong to MLflow alone.
locals {
  buckets = toset(["datasets", "checkpoints", "artifacts"])
}

resource "aws_s3_bucket" "garment" {
  for_each = local.buckets
  bucket   = "${var.prefix}-${each.key}"
}

resource "aws_s3_bucket_public_access_block" "garment" {
  for_each                = local.buckets
  bucket                  = aws_s3_bucket.garment[each.key].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "garment" {
  for_each = local.buckets
  bucket   = aws_s3_bucket.garment[each.key].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "garment" {
  for_each = local.buckets
  bucket   = aws_s3_bucket.garment[each.key].id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

# A dataset that was removed or written over by mistake can be had back; checkpoints come and go, and need no past.
resource "aws_s3_bucket_versioning" "datasets" {
  bucket = aws_s3_bucket.garment["datasets"].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "garment" {
  for_each = local.buckets
  bucket   = aws_s3_bucket.garment[each.key].id

  rule {
    id     = "what-was-never-finished"
    status = "Enabled"
    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 3
    }

    noncurrent_version_expiration {
      noncurrent_days = 30
    }
  }
}

resource "aws_s3_bucket_policy" "encrypted_only" {
  for_each   = local.buckets
  bucket     = aws_s3_bucket.garment[each.key].id
  policy     = templatefile("${path.module}/policies/encrypted_only.json", { bucket = aws_s3_bucket.garment[each.key].id })
  depends_on = [aws_s3_bucket_public_access_block.garment]
}
