"""The control API, over a service the extension leaves to LocalStack."""

import pytest
import requests


def test_calls_are_counted_from_the_last_reset(aws):
    aws.ssm.put_parameter(Name="/a", Value="1", Type="String")
    assert aws.calls() == [{"service": "ssm", "operation": "PutParameter"}]
    aws.infra("calls/reset")
    assert aws.calls() == []


def test_a_failure_is_injected_so_many_times(aws):
    aws.infra("fail", service="ssm", operation="PutParameter", code="ThrottlingException", message="slow down", times=2)
    for _ in range(2):
        assert aws.refuses("ThrottlingException", aws.ssm.put_parameter, Name="/a", Value="1", Type="String") == "slow down"
    aws.refuses("ParameterNotFound", aws.ssm.get_parameter, Name="/a")
    aws.ssm.put_parameter(Name="/a", Value="1", Type="String")


def test_a_lost_answer_leaves_the_work_done(aws):
    aws.infra("fail", service="ssm", operation="PutParameter", code="InternalServerError", status=500, after=True)
    aws.refuses("InternalServerError", aws.ssm.put_parameter, Name="/a", Value="1", Type="String")
    assert aws.ssm.get_parameter(Name="/a")["Parameter"]["Value"] == "1"


def test_accounts_do_not_see_each_other_and_can_be_forgotten(aws, endpoint):
    other = type(aws)(endpoint)
    aws.ssm.put_parameter(Name="/a", Value="1", Type="String")
    other.refuses("ParameterNotFound", other.ssm.get_parameter, Name="/a")
    aws.infra("reset")
    aws.refuses("ParameterNotFound", aws.ssm.get_parameter, Name="/a")


@pytest.mark.parametrize("verb", ["settle", "fail", "outcome"])
def test_incomplete_bodies_are_refused(aws, verb):
    answer = requests.post(f"{aws.endpoint}/_infra/{verb}", json={"account": aws.account}, timeout=30)
    assert answer.status_code == 400
