"""Terraform's AWS provider as the judge: the environment in ../judge applies, plans no changes, changes in place, plans no
changes again, and destroys. The provider reads back everything it wrote, so each difference it sees is a fault of the
extension. It takes some minutes, nearly all of them spent sleeping between the provider's polls.

Needs the `terraform` command, and the provider in a folder laid out as a mirror (registry.terraform.io/hashicorp/aws/…):
the one that TF_PLUGIN_MIRROR names, or where Terraform and its packagers put them.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from images import push

JUDGE = Path(__file__).parent.parent / "judge"
PROVIDER = "registry.terraform.io/hashicorp/aws"


def mirror() -> Path | None:
    """The folder of a provider mirror that has the AWS provider."""
    named = os.environ.get("TF_PLUGIN_MIRROR")
    usual = [
        # https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories
        Path.home() / ".terraform.d/plugins",
        Path(os.environ.get("XDG_DATA_HOME", Path.home() / ".local/share")) / "terraform/plugins",
        Path("/usr/local/share/terraform/plugins"),
        Path("/usr/share/terraform/plugins"),
        *Path("/opt").glob("*"),
    ]
    return next((folder for folder in ([Path(named)] if named else usual) if (folder / PROVIDER).is_dir()), None)


MIRROR = mirror()

pytestmark = [
    pytest.mark.skipif(not shutil.which("terraform"), reason="terraform is not installed"),
    pytest.mark.skipif(
        not MIRROR, reason="no mirror folder with Terraform's AWS provider; name one in TF_PLUGIN_MIRROR"
    ),
]


class Terraform:
    def __init__(self, aws, folder: Path):
        self.folder = folder
        shutil.copytree(JUDGE, folder, dirs_exist_ok=True)
        settings = folder / "terraform.rc"
        settings.write_text(
            f"provider_installation {{\n  filesystem_mirror {{ path = {json.dumps(str(MIRROR))} }}\n}}\n"
        )
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "TF_"))}
        self.environment = inherited | {
            "AWS_ENDPOINT_URL": aws.endpoint,
            "AWS_REGION": aws.region,
            "AWS_ACCESS_KEY_ID": aws.account,
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
            "CHECKPOINT_DISABLE": "1",
            "TF_CLI_CONFIG_FILE": str(settings),
            "TF_IN_AUTOMATION": "1",
        }
        self("init")

    def __call__(self, verb: str, *arguments: str, expect: int = 0) -> str:
        command = ["terraform", verb, "-no-color", "-input=false", *arguments]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=900,
        )
        assert done.returncode == expect, f"{' '.join(command)}: exit {done.returncode}\n{_essence(done.stdout)}"
        return done.stdout

    def apply(self, *arguments: str) -> str:
        return self("apply", "-auto-approve", *arguments)

    def plans_nothing(self, *arguments: str) -> None:
        self("plan", "-detailed-exitcode", *arguments)


def _essence(output: str) -> str:
    noise = ("Refreshing state", "Reading...", "Read complete", "Still creating", "Still destroying", "Still modifying")
    return "\n".join(line for line in output.splitlines() if not any(word in line for word in noise))[-6000:]


def left(aws) -> dict[str, list]:
    """What a destroyed environment must not leave behind, by kind."""
    own = [{"Name": "tag:infra:project", "Values": ["judge"]}]
    return {
        "vpcs": aws.ec2.describe_vpcs(Filters=own)["Vpcs"],
        "addresses": aws.ec2.describe_addresses()["Addresses"],
        "interfaces": aws.ec2.describe_network_interfaces()["NetworkInterfaces"],
        "templates": aws.ec2.describe_launch_templates()["LaunchTemplates"],
        "balancers": aws.elbv2.describe_load_balancers()["LoadBalancers"],
        "targets": aws.elbv2.describe_target_groups()["TargetGroups"],
        "scaling": aws.autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"],
        "databases": aws.rds.describe_db_instances()["DBInstances"],
        "secrets": aws.secretsmanager.list_secrets()["SecretList"],
        "caches": aws.elasticache.describe_replication_groups()["ReplicationGroups"],
        "repositories": aws.ecr.describe_repositories()["repositories"],
        "services": aws.apprunner.list_services()["ServiceSummaryList"],
        "roles": [role for role in aws.iam.list_roles()["Roles"] if role["RoleName"].startswith("judge")],
        "logs": aws.logs.describe_log_groups(logGroupNamePrefix="/judge")["logGroups"],
    }


def test_the_provider_sees_no_difference(aws, tmp_path):
    aws.settle(0.3)
    terraform = Terraform(aws, tmp_path)
    # The image has to be there before the service that runs it.
    terraform.apply("-target=aws_ecr_repository.main")
    push(aws.ecr, "judge-prod/api", "v1")

    terraform.apply()
    terraform.plans_nothing()

    terraform.apply("-var=changed=true")
    terraform.plans_nothing("-var=changed=true")

    terraform("destroy", "-auto-approve", "-var=changed=true")
    assert {kind: found for kind, found in left(aws).items() if found} == {}
    final = aws.rds.describe_db_snapshots()["DBSnapshots"]
    assert [snapshot["DBSnapshotIdentifier"] for snapshot in final] == ["judge-prod-main-final"]
