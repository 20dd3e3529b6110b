resource "aws_security_group" "api" {
  name        = "${local.name}-api-connector"
  description = "service.api: where its traffic comes from"
  vpc_id      = aws_vpc.main.id

  egress {
    description = "to anywhere"
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_iam_role" "api" {
  for_each = { access = "build.apprunner.amazonaws.com", instance = "tasks.apprunner.amazonaws.com" }
  name     = "${local.name}-api-${each.key}"
  path     = local.path
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = each.value } }]
  })
}

resource "aws_iam_role_policy" "api" {
  for_each = {
    access = [
      { Effect = "Allow", Action = ["ecr:GetAuthorizationToken"], Resource = "*" },
      {
        Effect   = "Allow"
        Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:DescribeImages", "ecr:GetDownloadUrlForLayer"]
        Resource = aws_ecr_repository.main["api"].arn
      },
    ]
    instance = [
      { Effect = "Allow", Action = ["secretsmanager:GetSecretValue"], Resource = aws_db_instance.main.master_user_secret[0].secret_arn },
    ]
  }
  name   = "infra"
  role   = aws_iam_role.api[each.key].id
  policy = jsonencode({ Version = "2012-10-17", Statement = each.value })
}

resource "aws_apprunner_vpc_connector" "api" {
  vpc_connector_name = "${local.name}-api"
  subnets            = aws_subnet.private[*].id
  security_groups    = [aws_security_group.api.id]
}

resource "aws_apprunner_auto_scaling_configuration_version" "api" {
  auto_scaling_configuration_name = "${local.name}-api"
  max_concurrency                 = 100
  min_size                        = var.api_min
  max_size                        = var.api_max

  # Replaced by any change, and not deletable while the service uses it.
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_apprunner_service" "api" {
  count                          = var.images ? 1 : 0
  service_name                   = "${local.name}-api"
  auto_scaling_configuration_arn = aws_apprunner_auto_scaling_configuration_version.api.arn

  source_configuration {
    auto_deployments_enabled = false
    authentication_configuration {
      access_role_arn = aws_iam_role.api["access"].arn
    }
    image_repository {
      image_identifier      = "${aws_ecr_repository.main["api"].repository_url}:v1"
      image_repository_type = "ECR"
      image_configuration {
        port                          = "8080"
        runtime_environment_variables = merge(local.database, { LOG_LEVEL = "info" })
      }
    }
  }

  instance_configuration {
    cpu               = var.api_cpu
    memory            = var.api_memory
    instance_role_arn = aws_iam_role.api["instance"].arn
  }

  health_check_configuration {
    protocol = "HTTP"
    path     = "/health"
  }

  network_configuration {
    egress_configuration {
      egress_type       = "VPC"
      vpc_connector_arn = aws_apprunner_vpc_connector.api.arn
    }
  }

  depends_on = [aws_iam_role_policy.api]
}
