"""ci/plan"""

import json


def made(run, repository, tmp_path, text: str = "") -> tuple[int, dict, str, set[str]]:
    repository.append("environments/dev.toml", text)
    done = run("plan", "dev", tmp_path / "made")
    folder = tmp_path / "made/dev"
    files = {path.name for path in folder.iterdir()}
    return done.returncode, json.loads((folder / "state.json").read_text()), (folder / "plan.md").read_text(), files


def test_changes(run, repository, infra, tmp_path):
    code, state, markdown, files = made(run, repository, tmp_path)
    assert code == 0 and state["code"] == 2 and state["environment"] == "dev"
    assert state["plan_id"] in markdown
    assert files == {"plan.json", "plan.md", "plan.html", "state.json"}


def test_nothing_to_do(run, repository, infra, tmp_path):
    spec = repository.folder / "environments"
    (infra / "dev").write_text((spec / "dev.toml").read_text() + (spec / "base.toml").read_text())
    code, state, _, _ = made(run, repository, tmp_path)
    assert (code, state["code"]) == (0, 0)


def test_blocked(run, repository, infra, tmp_path):
    code, state, markdown, files = made(run, repository, tmp_path, "# blocked\n")
    assert (code, state["code"]) == (5, 5)
    assert state["plan_id"] in markdown and "plan.html" in files


def test_no_plan_says_why(run, repository, infra, tmp_path):
    code, state, markdown, files = made(run, repository, tmp_path, "# refused\n")
    assert (code, state["code"], state["plan_id"]) == (1, 1, "")
    assert files == {"plan.md", "state.json"}
    assert markdown.startswith("<!-- infra plan: techhub/dev -->\n") and "AccessDenied" in markdown
    # What `infra` said has backticks in it, which must not end the fence.
    assert markdown.count("```") == 2 and markdown.endswith("\n```\n")


def test_an_old_plan_is_not_taken_for_this_one(run, repository, infra, tmp_path):
    made(run, repository, tmp_path)
    code, state, markdown, files = made(run, repository, tmp_path, "# refused\n")
    assert (code, state["code"], state["plan_id"]) == (1, 1, "")
    assert files == {"plan.md", "state.json"} and "there is no plan" in markdown
