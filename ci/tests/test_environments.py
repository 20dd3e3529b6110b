"""ci/environments.py, ci/target and ci/as"""

import json

from conftest import git


def names(done) -> list[str]:
    assert done.returncode == 0, done.stderr
    return [environment["environment"] for environment in json.loads(done.stdout)]


def test_in_the_order_in_which_images_are_promoted(run):
    assert names(run("environments.py")) == ["dev", "staging", "prod"]


def test_a_file_that_only_others_extend_is_no_environment(run):
    assert "base" not in run("environments.py").stdout.replace("base.toml", "")


def test_tables_merge_and_the_extending_file_wins(run, repository):
    repository.append("environments/prod.toml", '[aws]\naccount = "999999999999"\n')
    (prod,) = json.loads(run("environments.py", "--env", "prod").stdout)
    assert (prod["account"], prod["region"], prod["approval"]) == ("999999999999", "us-east-1", True)


def test_a_changed_spec_is_one_changed_environment(run, repository):
    repository.append("environments/dev.toml", "# new\n")
    repository.commit("dev")
    assert names(run("environments.py", "--since", "HEAD^")) == ["dev"]


def test_a_changed_base_changes_all_that_extend_it(run, repository):
    repository.append("environments/base.toml", "# new\n")
    repository.commit("base")
    done = run("environments.py", "--since", "HEAD^")
    assert names(done) == ["dev", "staging", "prod"]
    assert not any(environment["edited"] for environment in json.loads(done.stdout))


def test_bases_of_bases_count_wherever_they_lie(run, repository):
    repository.write("environments/common/root.toml", 'project = "techhub"\n')
    repository.write("environments/base.toml", 'extends = "common/root.toml"\n')
    repository.write("environments/alone.toml", 'environment = "alone"\nproject = "techhub"\n')
    repository.commit("chain")
    repository.append("environments/common/root.toml", "# new\n")
    repository.commit("root")
    assert names(run("environments.py", "--since", "HEAD^")) == ["dev", "staging", "prod"]


def test_other_files_change_no_environment(run, repository):
    repository.write("README.md", "new\n")
    repository.write("plans/dev/x.json", "{}\n")
    repository.commit("other")
    assert names(run("environments.py", "--since", "HEAD^")) == []


def test_a_new_environment_is_a_changed_one(run, repository):
    repository.write("environments/demo.toml", 'extends = "base.toml"\nenvironment = "demo"\n')
    repository.commit("demo")
    assert names(run("environments.py", "--since", "HEAD^")) == ["demo"]


def test_a_deleted_spec_is_told_of_and_fails_nothing(run, repository):
    git(repository.folder, "rm", "--quiet", "environments/dev.toml")
    repository.write("environments/staging.toml", 'extends = "base.toml"\nenvironment = "staging"\n')
    repository.commit("gone")
    done = run("environments.py", "--since", "HEAD^")
    assert names(done) == ["staging"]
    assert "`environments/dev.toml` is gone" in done.stderr


def test_an_unknown_commit_changes_everything(run):
    done = run("environments.py", "--since", "0" * 40)
    assert names(done) == ["dev", "staging", "prod"]
    assert "cannot compare" in done.stderr


def test_what_cannot_be_read_is_said(run, repository):
    repository.write("environments/dev.toml", "extends = \n")
    done = run("environments.py")
    assert done.returncode == 1
    assert done.stderr.startswith("error: cannot read `environments/dev.toml`") and "infra validate" in done.stderr


def test_files_that_extend_each_other_end(run, repository):
    repository.write("environments/base.toml", 'extends = "dev.toml"\n')
    assert "extends itself" in run("environments.py").stderr


def test_an_environment_that_does_not_exist(run):
    done = run("environments.py", "--env", "nope")
    assert done.returncode == 1 and "`nope`" in done.stderr


def test_target_says_where_and_as_whom(run):
    done = run("target", "prod", ROLES='{"prod": "arn:aws:iam::123456789012:role/plan"}')
    assert done.stdout == "role=arn:aws:iam::123456789012:role/plan\naccount=123456789012\nregion=us-east-1\n"


def test_target_without_a_role_says_where_to_set_it(run):
    for roles in ("", "{}", "arn:aws:iam::123456789012:role/plan"):
        done = run("target", "prod", ROLES=roles)
        assert done.returncode == 1 and "INFRA_PLAN_ROLES" in done.stderr and done.stdout == ""


def test_as_runs_a_command_with_what_the_sdk_reads(run):
    show = 'env | grep ^AWS_ | sort; cat "$AWS_WEB_IDENTITY_TOKEN_FILE"; stat -c " %a" "$AWS_WEB_IDENTITY_TOKEN_FILE"; echo "$TOKEN$ROLES"'
    done = run("as", "prod", "bash", "-c", show, ROLES='{"prod": "arn:aws:iam::123456789012:role/plan"}', TOKEN="secret")
    lines = [line for line in done.stdout.splitlines() if not line.startswith("AWS_WEB_IDENTITY_TOKEN_FILE=")]
    assert lines == [
        "AWS_REGION=us-east-1",
        "AWS_ROLE_ARN=arn:aws:iam::123456789012:role/plan",
        "AWS_ROLE_SESSION_NAME=infra-prod",
        "secret 600",
        "",
    ]
    assert run("as", "prod", "false", ROLES='{"prod": "arn:x"}', TOKEN="secret").returncode == 1


def test_as_without_a_token_says_so(run):
    done = run("as", "prod", "true", ROLES='{"prod": "arn:x"}')
    assert done.returncode == 1 and "no OpenID Connect token" in done.stderr
