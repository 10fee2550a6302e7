"""The pages for maintainers say what the code says."""

import ast
import importlib
import re
import tomllib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

ROOT = Path(__file__).parents[1]
PACKAGES = ("trainables", "analysis", "orchestrator")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
RELEASING = (ROOT / "docs" / "releasing.md").read_text(encoding="utf-8")


def rooms_of(package):
    """Files and folders of a package, as the page writes them."""
    found = set()
    for path in (ROOT / package).iterdir():
        if path.is_dir() and (path / "__init__.py").exists():
            found.add(f"{path.name}/")
        elif path.suffix == ".py" and path.name != "__init__.py":
            found.add(path.name)
    return found


@pytest.mark.parametrize("package", PACKAGES)
def test_architecture_has_one_line_for_every_room_and_no_other(package):
    section = ARCHITECTURE.split(f"### {package}\n")[1].split("\n#")[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    told = [name for cell in cells for name in re.findall(r"`([\w./]+)`", cell)]
    assert sorted(told) == sorted(rooms_of(package))


def additions():
    """What the page says to add, where, and the table that gets a row."""
    section = ARCHITECTURE.split("## Where to add what\n")[1].split("\n## ")[0]
    for line in section.splitlines()[3:]:
        if line.startswith("|"):
            thing, write, row = (cell.strip() for cell in line.strip("|").split("|"))
            yield pytest.param(write, row, id=thing)


@pytest.mark.parametrize(("write", "row"), additions())
def test_where_a_thing_is_to_be_added_is_there(write, row):
    text = f"{write} {row}"
    paths = re.findall(r"`((?:trainables|analysis|orchestrator)/[\w./]*)`", text)
    assert paths and [path for path in paths if not (ROOT / path).exists()] == []
    home = next((path for path in reversed(paths) if path.endswith(".py")), "")
    for table in re.findall(r"`([A-Z]{3,})`", row):
        names = {
            target.id
            for node in ast.parse((ROOT / home).read_text(encoding="utf-8")).body
            for target in getattr(node, "targets", [getattr(node, "target", None)])
            if isinstance(target, ast.Name)
        }
        assert table in names


def test_the_table_of_version_numbers_is_that_of_the_code():
    lines = [
        line for line in RELEASING.splitlines() if line.startswith("| `") or "| package" in line
    ]
    for line in lines:
        name, where, now = (cell.strip().strip("`") for cell in line.split("|")[1:4])
        if name == "package":
            text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
            assert tomllib.loads(text)["project"]["version"] == now
            continue
        module = importlib.import_module(where.removesuffix(".py").replace("/", "."))
        assert re.search(r"(\d+)$", str(getattr(module, name)))[1] == now
    assert len(lines) == 6


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_link_inside_the_repository_leads_somewhere(page):
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
    inner = [link for link in links if "://" not in link]
    assert [link for link in inner if not (page.parent / link).exists()] == []


def test_public_ci_runs_what_ours_runs_on_every_python_we_name():
    flow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    job = flow["jobs"]["ci"]
    assert job["steps"][-1]["run"] == "bash .ci/run"
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    listed = re.findall(r"Python :: (3\.\d+)", text)
    assert job["strategy"]["matrix"]["python"] == listed


def test_a_commit_is_held_to_the_same_tools_as_ci():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    entries = [hook["entry"] for hook in hooks["repos"][0]["hooks"]]
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert [entry for entry in entries if entry not in script] == []


@pytest.mark.parametrize("page", ["README.md", "docs/trainers.md"])
def test_the_trainer_that_a_page_shows_fits_and_answers(page):
    """With a model of scikit-learn, which takes neither Arrow's columns nor its values."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import SGDClassifier
    from sklearn.pipeline import make_pipeline

    (code,) = re.findall(
        r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL
    )

    def my_model(seed):
        return make_pipeline(TfidfVectorizer(), SGDClassifier(random_state=seed))

    names: dict[str, Any] = {"my_model": my_model}
    exec(code, names)
    text, label = ["good one", "bad thing"] * 10, ["p", "n"] * 10
    columns = {"id": [*map(str, range(20))], "text": text, "body": text}
    train = pa.table({**columns, "label": label, "queue": label})
    assert names["fit"](train, pa.table(columns), seed=0).tolist() == label


def test_every_test_that_the_page_on_reliability_names_is_there():
    page = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_\w+)`", page))
    files = (path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    there = {name for text in files for name in re.findall(r"^def (test_\w+)", text, re.MULTILINE)}
    assert len(named) > 20 and named - there == set()
