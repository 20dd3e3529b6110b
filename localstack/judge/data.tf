resource "aws_db_subnet_group" "main" {
  name        = local.name
  description = "Databases"
  subnet_ids  = aws_subnet.private[*].id
}

resource "aws_db_parameter_group" "main" {
  name        = "${local.name}-main"
  family      = "postgres16"
  description = "Main database"

  parameter {
    name  = "log_min_duration_statement"
    value = var.changed ? "250" : "500"
  }

  parameter {
    name         = "max_connections"
    value        = "200"
    apply_method = "pending-reboot"
  }
}

resource "aws_db_instance" "main" {
  identifier                   = "${local.name}-main"
  engine                       = "postgres"
  engine_version               = "16"
  instance_class               = var.changed ? "db.m6g.xlarge" : "db.m6g.large"
  allocated_storage            = var.changed ? 200 : 100
  max_allocated_storage        = 500
  storage_type                 = "gp3"
  storage_encrypted            = true
  db_name                      = "main"
  username                     = "app"
  manage_master_user_password  = true
  multi_az                     = true
  db_subnet_group_name         = aws_db_subnet_group.main.name
  parameter_group_name         = aws_db_parameter_group.main.name
  vpc_security_group_ids       = [aws_security_group.data["database"].id]
  backup_retention_period      = var.changed ? 7 : 14
  copy_tags_to_snapshot        = true
  performance_insights_enabled = true
  deletion_protection          = false
  auto_minor_version_upgrade   = true
  final_snapshot_identifier    = "${local.name}-main-final"
  apply_immediately            = true

  enabled_cloudwatch_logs_exports = ["postgresql", "upgrade"]
}

resource "aws_db_instance" "reports" {
  identifier             = "${local.name}-reports"
  engine                 = "mysql"
  engine_version         = "8.0"
  instance_class         = "db.t4g.micro"
  allocated_storage      = 20
  username               = "app"
  password               = "not-a-secret-here"
  db_subnet_group_name   = aws_db_subnet_group.main.name
  vpc_security_group_ids = [aws_security_group.data["database"].id]
  skip_final_snapshot    = true
}

resource "aws_elasticache_subnet_group" "main" {
  name        = local.name
  description = "Caches"
  subnet_ids  = aws_subnet.private[*].id
}

resource "aws_elasticache_replication_group" "main" {
  replication_group_id       = "${local.name}-main"
  description                = "Main cache"
  engine                     = "redis"
  engine_version             = "7.1"
  node_type                  = var.changed ? "cache.m6g.xlarge" : "cache.m6g.large"
  num_cache_clusters         = var.changed ? 4 : 3
  automatic_failover_enabled = true
  multi_az_enabled           = true
  at_rest_encryption_enabled = true
  transit_encryption_enabled = true
  subnet_group_name          = aws_elasticache_subnet_group.main.name
  security_group_ids         = [aws_security_group.data["cache"].id]
  snapshot_retention_limit   = 3
  maintenance_window         = "sun:05:00-sun:06:00"
  snapshot_window            = "03:00-04:00"
  apply_immediately          = true
}

resource "aws_elasticache_replication_group" "queue" {
  replication_group_id = "${local.name}-queue"
  description          = "Queue"
  engine               = "valkey"
  engine_version       = var.changed ? "8.1" : "8.0"
  node_type            = "cache.t4g.micro"
  num_cache_clusters   = 1
  subnet_group_name    = aws_elasticache_subnet_group.main.name
  security_group_ids   = [aws_security_group.data["cache"].id]
  apply_immediately    = true
}
