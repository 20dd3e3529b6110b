# The services on instances.

data "aws_ssm_parameter" "image" {
  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
}

locals {
  services = {
    web    = { type = var.web_type, min = var.web_min, max = var.web_max, cpu = var.web_cpu_target }
    worker = { type = "t3.small", min = 1, max = 2, cpu = 70 }
  }
  running = var.images ? local.services : {}
  database = {
    DATABASE_MAIN_HOST       = aws_db_instance.main.address
    DATABASE_MAIN_PORT       = tostring(aws_db_instance.main.port)
    DATABASE_MAIN_NAME       = aws_db_instance.main.db_name
    DATABASE_MAIN_SECRET_ARN = aws_db_instance.main.master_user_secret[0].secret_arn
  }
  cache = {
    CACHE_MAIN_HOST = aws_elasticache_replication_group.main.primary_endpoint_address
    CACHE_MAIN_PORT = tostring(aws_elasticache_replication_group.main.port)
  }
}

resource "aws_security_group" "service" {
  for_each    = local.services
  name        = "${local.name}-${each.key}-instances"
  description = "service.${each.key}: who may reach its instances"
  vpc_id      = aws_vpc.main.id

  dynamic "ingress" {
    for_each = each.key == "web" ? [8000] : []
    content {
      description     = "from the load balancer"
      from_port       = ingress.value
      to_port         = ingress.value
      protocol        = "tcp"
      security_groups = [aws_security_group.balancer.id]
    }
  }

  egress {
    description = "to anywhere"
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_cloudwatch_log_group" "service" {
  for_each          = local.services
  name              = "/techhub/${var.environment}/${each.key}"
  retention_in_days = 30
}

resource "aws_iam_role" "service" {
  for_each = local.services
  name     = "${local.name}-${each.key}-instance"
  path     = local.path
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy" "service" {
  for_each = local.services
  name     = "infra"
  role     = aws_iam_role.service[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      { Effect = "Allow", Action = ["ecr:GetAuthorizationToken"], Resource = "*" },
      {
        Effect   = "Allow"
        Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        Resource = aws_ecr_repository.main["web"].arn
      },
      { Effect = "Allow", Action = ["logs:CreateLogStream", "logs:PutLogEvents"], Resource = "${aws_cloudwatch_log_group.service[each.key].arn}:*" },
      { Effect = "Allow", Action = ["secretsmanager:GetSecretValue"], Resource = aws_db_instance.main.master_user_secret[0].secret_arn },
      ], each.key == "web" ? [
      { Effect = "Allow", Action = ["ssm:GetParameter", "ssm:GetParameters"], Resource = "${local.arn["ssm"]}:parameter/techhub/secret-key" },
      { Effect = "Allow", Action = ["kms:Decrypt"], Resource = "${local.arn["kms"]}:key/*" },
    ] : [])
  })
}

resource "aws_iam_instance_profile" "service" {
  for_each = local.services
  name     = aws_iam_role.service[each.key].name
  path     = local.path
  role     = aws_iam_role.service[each.key].name
}

resource "aws_launch_template" "service" {
  for_each               = local.running
  name                   = "${local.name}-${each.key}"
  image_id               = nonsensitive(data.aws_ssm_parameter.image.value)
  instance_type          = each.value.type
  update_default_version = true

  user_data = base64encode(join("\n", concat(
    ["#!/bin/sh"],
    [for key, value in merge(local.database, local.cache, each.key == "web" ? { DJANGO_SETTINGS_MODULE = "config.settings.production" } : {}) : "export ${key}=${value}"],
    ["docker run ${aws_ecr_repository.main["web"].repository_url}:v1", ""],
  )))

  iam_instance_profile {
    arn = aws_iam_instance_profile.service[each.key].arn
  }

  monitoring {
    enabled = true
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 2
  }

  block_device_mappings {
    device_name = "/dev/xvda"
    ebs {
      encrypted             = "true"
      volume_size           = 30
      volume_type           = "gp3"
      delete_on_termination = "true"
    }
  }

  network_interfaces {
    security_groups             = [aws_security_group.service[each.key].id]
    associate_public_ip_address = "false"
  }

  tag_specifications {
    resource_type = "instance"
    tags          = { Name = "${local.name}-${each.key}" }
  }

  tag_specifications {
    resource_type = "volume"
    tags          = { Name = "${local.name}-${each.key}" }
  }
}

resource "aws_autoscaling_group" "service" {
  for_each                  = local.running
  name                      = "${local.name}-${each.key}"
  min_size                  = each.value.min
  max_size                  = each.value.max
  vpc_zone_identifier       = aws_subnet.private[*].id
  target_group_arns         = each.key == "web" ? [aws_lb_target_group.web.arn] : []
  health_check_type         = each.key == "web" ? "ELB" : "EC2"
  health_check_grace_period = 300
  default_instance_warmup   = 120

  instance_maintenance_policy {
    min_healthy_percentage = 100
    max_healthy_percentage = 150
  }

  launch_template {
    id      = aws_launch_template.service[each.key].id
    version = aws_launch_template.service[each.key].latest_version
  }

  instance_refresh {
    strategy = "Rolling"
    preferences {
      auto_rollback = true
    }
  }

  tag {
    key                 = "Name"
    value               = "${local.name}-${each.key}"
    propagate_at_launch = true
  }

  depends_on = [aws_iam_role_policy.service]
}

resource "aws_autoscaling_policy" "service" {
  for_each               = local.running
  name                   = "cpu"
  autoscaling_group_name = aws_autoscaling_group.service[each.key].name
  policy_type            = "TargetTrackingScaling"

  target_tracking_configuration {
    target_value = each.value.cpu
    predefined_metric_specification {
      predefined_metric_type = "ASGAverageCPUUtilization"
    }
  }
}
