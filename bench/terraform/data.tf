locals {
  # Who may reach the data, and where.
  reached = {
    database = { port = 5432, from = { web = aws_security_group.service["web"].id, worker = aws_security_group.service["worker"].id, api = aws_security_group.api.id } }
    cache    = { port = 6379, from = { web = aws_security_group.service["web"].id, worker = aws_security_group.service["worker"].id } }
  }
}

resource "aws_security_group" "data" {
  for_each    = local.reached
  name        = "${local.name}-main-${each.key}"
  description = "${each.key}: who may reach it"
  vpc_id      = aws_vpc.main.id

  dynamic "ingress" {
    for_each = each.value.from
    content {
      description     = "from ${ingress.key}"
      from_port       = each.value.port
      to_port         = each.value.port
      protocol        = "tcp"
      security_groups = [ingress.value]
    }
  }
}

resource "aws_db_subnet_group" "main" {
  name        = "${local.name}-main"
  description = "database.main: where it may stand"
  subnet_ids  = aws_subnet.private[*].id
}

resource "aws_db_instance" "main" {
  identifier                   = "${local.name}-main"
  engine                       = "postgres"
  engine_version               = "16"
  instance_class               = var.database_class
  allocated_storage            = var.database_gib
  storage_type                 = "gp3"
  storage_encrypted            = true
  db_name                      = "techhub"
  username                     = "app"
  manage_master_user_password  = true
  multi_az                     = var.database_multi_az
  db_subnet_group_name         = aws_db_subnet_group.main.name
  vpc_security_group_ids       = [aws_security_group.data["database"].id]
  backup_retention_period      = var.database_backup_days
  performance_insights_enabled = true
  copy_tags_to_snapshot        = true
  skip_final_snapshot          = !var.database_final_snapshot
  final_snapshot_identifier    = var.database_final_snapshot ? "${local.name}-main-final" : null
  apply_immediately            = true
}

resource "aws_elasticache_subnet_group" "main" {
  name        = "${local.name}-main"
  description = "cache.main: where it may stand"
  subnet_ids  = aws_subnet.private[*].id
}

resource "aws_elasticache_replication_group" "main" {
  replication_group_id       = "${local.name}-main"
  description                = "cache.main of ${local.name}"
  engine                     = "redis"
  engine_version             = "7.1"
  node_type                  = var.cache_node
  num_cache_clusters         = 1 + var.cache_replicas
  automatic_failover_enabled = var.cache_replicas > 0
  multi_az_enabled           = var.cache_replicas > 0
  at_rest_encryption_enabled = true
  transit_encryption_enabled = true
  subnet_group_name          = aws_elasticache_subnet_group.main.name
  security_group_ids         = [aws_security_group.data["cache"].id]
  apply_immediately          = true
}
