resource "aws_iam_role" "api" {
  for_each = { access = "build.apprunner.amazonaws.com", instance = "tasks.apprunner.amazonaws.com" }
  name     = "${local.name}-api-${each.key}"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = each.value } }]
  })
}

resource "aws_iam_role_policy" "access" {
  name = "pull"
  role = aws_iam_role.api["access"].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "ecr:GetAuthorizationToken", Resource = "*" },
      {
        Effect   = "Allow"
        Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:DescribeImages", "ecr:GetDownloadUrlForLayer"]
        Resource = aws_ecr_repository.main["api"].arn
      },
    ]
  })
}

resource "aws_apprunner_vpc_connector" "api" {
  vpc_connector_name = "${local.name}-api"
  subnets            = aws_subnet.private[*].id
  security_groups    = [aws_security_group.api.id]
}

resource "aws_apprunner_auto_scaling_configuration_version" "api" {
  auto_scaling_configuration_name = "${local.name}-api"
  max_concurrency                 = 80
  min_size                        = 2
  max_size                        = var.changed ? 10 : 20

  # Replaced by any change, and not deletable while the service uses it.
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_apprunner_service" "api" {
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
        runtime_environment_variables = { LOG_LEVEL = var.changed ? "debug" : "info", DATABASE_MAIN_HOST = aws_db_instance.main.address }
        runtime_environment_secrets   = { DATABASE_MAIN_SECRET = aws_db_instance.main.master_user_secret[0].secret_arn }
      }
    }
  }

  instance_configuration {
    cpu               = var.changed ? "1024" : "2048"
    memory            = var.changed ? "2048" : "4096"
    instance_role_arn = aws_iam_role.api["instance"].arn
  }

  health_check_configuration {
    protocol            = "HTTP"
    path                = "/health"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 1
    unhealthy_threshold = 5
  }

  network_configuration {
    egress_configuration {
      egress_type       = "VPC"
      vpc_connector_arn = aws_apprunner_vpc_connector.api.arn
    }
  }

  depends_on = [aws_iam_role_policy.access]
}
