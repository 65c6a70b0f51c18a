"""``python -m riata`` runs, is right in what it says, and leaves a picture."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import riata
import riata._cli._demo as program
from riata._cli._commands import main


def run(*arguments, folder):
    """What the command prints, run by the package under test in another folder."""
    return subprocess.run(
        [sys.executable, "-m", "riata", *arguments],
        capture_output=True, text=True, check=True, cwd=folder, timeout=120,
        env=os.environ | {"PYTHONPATH": str(Path(riata.__file__).parent.parent)},
    ).stdout  # fmt: skip


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    return folder, run(folder=folder)


def test_draws_and_names_the_picture(demo):
    folder, said = demo
    assert said.splitlines()[-1].endswith("lasso_path.png")
    assert (folder / "lasso_path.png").read_bytes().startswith(b"\x89PNG")


def test_is_plain_text(demo):
    _, said = demo
    assert said.isascii()
    assert max(map(len, said.splitlines())) <= 88


def test_certificates(demo):
    _, said = demo
    gap = float(re.search(r"relative duality gap: (\S+)", said).group(1))
    audit = float(re.search(r"coefficients alone, finds ([\d.e+-]+\d)", said).group(1))
    assert gap <= 1e-6
    assert audit <= 1.01e-6


def test_model_is_small_and_predicts(demo):
    _, said = demo
    assert 3 <= int(re.search(r"and (\d+) of 100 wavelengths", said).group(1)) <= 20
    assert float(re.search(r"R2 = (0\.\d+)", said).group(1)) > 0.95


def test_race_is_at_equal_accuracy(demo):
    _, said = demo
    rows = re.findall(r"^  (riata|scikit-learn) .* (\S+) +(\S+) +\d+$", said, re.M)
    assert rows[0][0] == "riata"
    assert float(rows[0][2]) <= 1e-6
    gaps = [float(gap) for _, _, gap in rows[1:]]
    assert len(gaps) >= 1
    assert gaps == sorted(gaps, reverse=True)
    assert all(gap > 1e-6 for gap in gaps[:-1])


def test_picture_may_go_elsewhere(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(program, "LADDER", (1e-4,))
    picture = tmp_path / "elsewhere.png"
    assert main(["demo", "--picture", str(picture)]) == 0
    assert picture.exists()
    assert "does not reach a gap of 1e-06" in capsys.readouterr().out


def test_stops_a_slow_race(monkeypatch, capsys):
    monkeypatch.setattr(program, "BUDGET", 0.0)
    monkeypatch.setattr(program, "draw", lambda *_: None)
    assert main(["demo"]) == 0
    assert re.search(r"was stopped at a gap of \S+ after", capsys.readouterr().out)


def test_without_matplotlib(monkeypatch, capsys, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    program.draw(None, None, 1.0, str(tmp_path / "x.png"))
    assert "pip install matplotlib" in capsys.readouterr().out
    assert not (tmp_path / "x.png").exists()


def test_command_line(tmp_path, capsys):
    assert "usage: python -m riata" in run("--help", folder=tmp_path)
    assert run("--version", folder=tmp_path).startswith("riata ")
    assert main(["versions"]) == 0
    assert "scikit-learn" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())
    with pytest.raises(SystemExit):
        main(["nonsense"])
