"""ci/target"""

import pytest


def test_role_account_and_region(run):
    done = run("target", "dev", ROLES='{"dev": "arn:aws:iam::123456789012:role/x"}')
    assert done.stdout.splitlines() == ["role=arn:aws:iam::123456789012:role/x", "account=123456789012", "region=us-east-1"]


@pytest.mark.parametrize(
    ("variables", "where"),
    [({}, ["of this repository", "docs/ci/github.md"]), ({"CIRCLECI": "true"}, ["in the contexts of this job", "docs/ci/circleci.md"])],
)
def test_without_a_role_it_says_where_it_is_to_be_set(run, variables, where):
    for roles in ("", '{"prod": "arn:x"}'):
        done = run("target", "dev", ROLES=roles, **variables)
        assert done.returncode == 1 and done.stdout == ""
        assert "no role is known for the environment dev" in done.stderr
        assert all(words in done.stderr for words in where)
