"""ci/agree.py: which plans may be applied"""

import json
import zipfile

import pytest

NOW = "plan-now"
MERGED = "2026-11-21T12:00:00Z"


@pytest.fixture
def merged(github, tmp_path):
    """A pull request with a plan of dev, merged as `commit`; what is given replaces what is usual."""

    def merged(commit="squashed", head="head", merge_commit=None, made="2026-11-21T11:00:00Z", plan_id=NOW, workflow="plan.yml", **other):
        number = len(github.read()["pulls"]) + 1
        run = len(github.read()["runs"]) + 1
        pull = {"number": number, "merged_at": MERGED, "merge_commit_sha": merge_commit or commit, "head": {"sha": head}}
        github.add("pulls", **(pull | {"merged_at": other.get("merged_at", MERGED)}), commits=[commit])
        add_run(head, run, made, plan_id, workflow, **other)

    def add_run(head, run, made, plan_id, workflow="plan.yml", repository="techhub/infra", status="success", event="pull_request", expired=False, name="dev", **_):
        github.add(
            "runs", id=run, workflow=workflow, head_sha=head, event=event, status=status, run_started_at=made, head_repository={"full_name": repository}
        )
        archive = tmp_path / f"{run}.zip"
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr(f"{name}/plan.json", json.dumps({"plan_id": plan_id, "resource_changes": []}))
        github.add("artifacts", id=100 + run, run=run, name=f"plan-{name}", created_at=made, expired=expired, archive=str(archive))

    merged.run = add_run
    return merged


@pytest.fixture
def agree(run, tmp_path, infra):
    def agree(*arguments, code=2, hazards=(), commit="squashed"):
        folder = tmp_path / "made/dev"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "state.json").write_text(json.dumps({"environment": "dev", "code": code, "plan_id": NOW}))
        (folder / "plan.json").write_text(json.dumps({"plan_id": NOW, "resource_changes": [{"hazards": list(hazards)}]}))
        done = run("agree.py", "--commit", commit, *arguments, folder, GITHUB_STEP_SUMMARY=str(tmp_path / "summary"))
        assert "Traceback" not in done.stderr, done.stderr
        return done

    return agree


def refused(done, why: str) -> None:
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("error: ") and why in done.stderr, done.stderr
    assert "nothing was applied" in done.stderr and f"-f environment=dev -f plan={NOW}" in done.stderr


def test_the_plan_that_was_reviewed(agree, merged):
    merged()
    done = agree()
    assert (done.returncode, done.stdout) == (0, f"{NOW}\n"), done.stderr


def test_nothing_to_do_needs_no_review(agree, github):
    done = agree(code=0)
    assert (done.returncode, done.stdout) == (0, "")
    assert github.read()["calls"] == []


def test_another_plan(agree, merged, tmp_path):
    merged(plan_id="plan-then")
    refused(agree(), "the plan of dev is plan-now now, and what was reviewed in #1 was plan-then")
    assert "plan-then" in (tmp_path / "summary").read_text()


def test_no_pull_request(agree, github):
    refused(agree(), "came from no pull request")


def test_a_pull_request_that_merely_contains_the_commit(agree, merged):
    merged(merge_commit="another")
    refused(agree(), "came from no pull request")


def test_a_pull_request_that_is_still_open(agree, merged):
    merged(merged_at=None)
    refused(agree(), "came from no pull request")


def test_no_run_that_succeeded(agree, merged):
    merged(status="failure")
    refused(agree(), "#1 was merged without a plan of dev")


def test_a_run_for_an_earlier_push(agree, merged, github):
    merged()
    state = github.read()
    state["runs"][0]["head_sha"] = "earlier"
    github.write(state)
    refused(agree(), "#1 was merged without a plan of dev")


@pytest.mark.parametrize("other", [{"repository": "mallory/infra"}, {"workflow": "other.yml"}, {"event": "workflow_dispatch"}, {"name": "prod"}])
def test_runs_that_prove_nothing(agree, merged, other):
    merged(**other)
    refused(agree(), "#1 was merged without a plan of dev")


def test_a_plan_made_after_merging_was_seen_by_nobody(agree, merged):
    merged(made="2026-11-21T12:00:01Z")
    refused(agree(), "#1 was merged without a plan of dev")


def test_the_last_plan_before_merging_counts(agree, merged):
    merged(plan_id="first", made="2026-11-21T09:00:00Z")
    merged.run("head", 2, "2026-11-21T10:00:00Z", NOW)
    merged.run("head", 3, "2026-11-21T13:00:00Z", "too late")
    merged.run("head", 4, "2026-11-21T08:00:00Z", "earliest")
    assert agree().stdout == f"{NOW}\n"


def test_an_artifact_that_is_not_kept_any_more(agree, merged):
    merged(expired=True)
    refused(agree(), "older than artifacts are kept")


def test_agreed_by_hand(agree, github):
    assert agree("--plan", NOW).stdout == f"{NOW}\n"
    assert github.read()["calls"] == []
    refused(agree("--plan", "other"), "what was given by hand was other")


def test_losing_data_must_be_allowed_by_hand(agree, merged):
    merged()
    refused(agree(hazards=["downtime", "data-loss"]), "dangerous: data-loss")
    assert agree("--plan", NOW, "--allow", "data-loss", hazards=["data-loss"]).stdout == f"{NOW}\n"
    assert agree(hazards=["downtime"]).stdout == f"{NOW}\n"
