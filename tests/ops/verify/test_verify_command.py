"""The command `fruits verify` as a user types it, as far as it needs no AWS: what it refuses, says, resumes, enters."""

import json
from pathlib import Path
from typing import Any, Literal

import pytest
from typer.testing import CliRunner, Result

from infra.settings import DeploymentSettings
from ops.aws.given import read_given
from ops.beliefs.belief import Phase
from ops.beliefs.verdicts import Outcome, read_verdicts
from ops.cli import app
from ops.errors import WrongUsage
from ops.pricing.from_settings import footprint_of_settings
from ops.pricing.price import price
from ops.pricing.price_book import PriceBook
from ops.verify.applying import apply_report
from ops.verify.findings import confirmed, not_seen, refuted
from ops.verify.redaction import redacted
from ops.verify.report import NAME, Report, read_report
from ops.verify.workspace import A, B

NOBODY = {"AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent", "COLUMNS": "200"}


def _verify(folder: Path, *options: str) -> Result:
    return CliRunner().invoke(app, ["verify", "--folder", str(folder), *options], env=NOBODY)


def _report(folder: Path, aws: Literal["AWS", "embedded AWS"] = "AWS", region: str = "eu-west-3") -> Report:
    report = Report(aws=aws, region=region, release="emr-7.13.0", folder=folder)
    report.found(11, Phase.TRANSIENT, confirmed(["install.sh: done"]))
    report.found(36, Phase.PROBE, refuted({"spark.dynamicAllocation.enabled": "false"}))
    report.found(21, Phase.LOGS, not_seen("AccessDenied"))
    report.save()
    return report


def _settings(env: str) -> DeploymentSettings:
    return read_given([f"env={env}"]).settings


def test_it_says_phases_time_and_price_and_without_a_terminal_does_nothing(tmp_path: Path) -> None:
    said = _verify(tmp_path)
    assert said.exit_code == 2
    assert "On AWS, eu-west-3, verifya and verifyb: facts, deploy, transient, interactive" in said.stdout
    assert "minutes, at most 60" in said.stdout
    assert "refusing to start clusters that cost money without confirmation; add --yes" in said.stderr
    assert [path.name for path in tmp_path.iterdir()] == []


def test_the_most_that_it_says_is_what_the_prices_of_its_clusters_make(tmp_path: Path) -> None:
    book = PriceBook.load()
    worst = {
        env: price(footprint_of_settings(_settings(env), storage_gib=0), book).until_max_lifetime for env in (A, B)
    }
    assert worst[A] is not None
    assert worst[B] is not None
    assert f"{2 * worst[A].usd + worst[B].usd:.2f} USD at most" in _verify(tmp_path).stdout


def test_what_could_cost_more_than_it_may_does_not_begin(tmp_path: Path) -> None:
    said = _verify(tmp_path, "--yes", "-c", "core_vcpus=64", "-c", "maximum_vcpus=128")
    assert said.exit_code == 1
    assert "USD, and may cost 2.00: choose smaller or cheaper instance types, or fewer rows" in said.stderr


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("-c", "env=demo"), "-c env=demo: a verification has environments of its own, verifya and verifyb"),
        (("--rows", "one"), "--rows one: expected numbers with commas between them"),
        (("--rows", "32"), "--rows: 32 is left to people: open a pull request"),
        (("--rows", "999"), "--rows: 999 is no open row; accepted: 1, 2, 3"),
        (("--resume",), "cannot be read"),
        (("--apply", "/nonexistent"), "/nonexistent: cannot be read (No such file or directory)"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, options: tuple[str, ...], complaint: str) -> None:
    said = _verify(tmp_path, *options)
    assert said.exit_code == 2
    assert complaint in said.stderr


def test_it_resumes_with_what_was_not_seen(tmp_path: Path) -> None:
    _report(tmp_path)
    said = _verify(tmp_path, "--resume", "--rows", "11,36,21")
    assert "interactive, logs, destroy, leaks" in said.stdout
    assert "verifyb: deploy" in said.stdout
    assert "transient" not in said.stdout


def test_what_was_seen_is_not_seen_again(tmp_path: Path) -> None:
    _report(tmp_path)
    said = _verify(tmp_path, "--resume", "--rows", "11")
    assert said.exit_code == 2
    assert "the report has seen all of these rows; enter it: fruits verify --apply" in said.stderr


def test_the_report_of_another_region_is_not_gone_on_with(tmp_path: Path) -> None:
    _report(tmp_path, region="eu-central-1")
    said = _verify(tmp_path, "--resume")
    assert said.exit_code == 2
    assert "is of AWS, eu-central-1, emr-7.13.0, and this is AWS, eu-west-3" in said.stderr


def test_a_report_is_entered_with_its_answers_and_the_page_says_so(tmp_path: Path) -> None:
    (tmp_path / "verdicts.json").write_text("{}", encoding="utf-8")
    page = tmp_path / "page.md"
    assert apply_report(_report(tmp_path), verdicts=tmp_path / "verdicts.json", document=page) == 2
    found = read_verdicts(tmp_path / "verdicts.json")
    assert {number: verdict.outcome for number, verdict in found.items()} == {
        11: Outcome.CONFIRMED,
        36: Outcome.REFUTED,
    }
    assert found[36].answer == {"spark.dynamicAllocation.enabled": "false"}
    text = page.read_text(encoding="utf-8")
    assert text.index("## Refuted on AWS") < text.index("| 36 |") < text.index("## Confirmed on AWS")


def test_a_later_report_leaves_what_it_has_not_seen(tmp_path: Path) -> None:
    verdicts, page = tmp_path / "verdicts.json", tmp_path / "page.md"
    verdicts.write_text("{}", encoding="utf-8")
    apply_report(_report(tmp_path), verdicts=verdicts, document=page)
    later = Report(aws="AWS", region="eu-west-1", release="emr-7.14.0")
    later.found(36, Phase.PROBE, confirmed("so"))
    apply_report(later, verdicts=verdicts, document=page)
    found = read_verdicts(verdicts)
    assert (found[11].outcome, found[36].outcome, found[36].region) == ("confirmed", "confirmed", "eu-west-1")


def test_what_the_embedded_aws_has_shown_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="shows nothing of AWS"):
        apply_report(_report(tmp_path, aws="embedded AWS"))


def test_a_report_is_read_as_it_was_written(tmp_path: Path) -> None:
    report = _report(tmp_path)
    assert read_report(tmp_path / NAME).rows == report.rows


def test_a_file_that_is_no_report_is_named(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text('{"aws": "GCP"}', encoding="utf-8")
    with pytest.raises(WrongUsage, match="no report of a verification"):
        read_report(tmp_path / NAME)


def test_a_report_for_people_has_what_was_refuted_first(tmp_path: Path) -> None:
    text = _report(tmp_path).markdown()
    assert text.startswith("# Verification on AWS: 1 confirmed, 1 refuted, 1 not seen\n")
    assert text.index("## Refuted") < text.index("## Confirmed") < text.index("## Not seen")


def test_a_long_answer_is_cut(tmp_path: Path) -> None:
    report = _report(tmp_path)
    report.found(30, Phase.LOGS, refuted("x" * 100_000))
    assert len(report.rows[30].answer) < 10_000


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("arn:aws:iam::123456789012:user/ann.smith is denied", "arn:aws:iam::<account>:user/<person> is denied"),
        ("arn:aws:sts::123456789012:assumed-role/Admin/ann@example.org", "arn:aws:sts::<account>:assumed-role/Admin/<"),
        ("mail to team@example.org", "mail to <address>"),
        ("AM Host : ip-10-20-0-5.eu-west-3.compute.internal", "AM Host : <host>"),
        ("from 10.20.0.5 to 192.0.2.7", "from <ip> to <ip>"),
        ("key AKIAIOSFODNN7EXAMPLE", "key <id>"),
        ("cdk-hnb659fds-assets-123456789012-eu-west-3", "cdk-hnb659fds-assets-<account>-eu-west-3"),
    ],
)
def test_whose_account_it_was_and_addresses_are_not_told(told: str, kept: str) -> None:
    assert redacted(told).startswith(kept)
    assert redacted({"a": [told]})["a"][0] == redacted(told)


@pytest.mark.parametrize("told", ["aws-cli/2.17.18 Python/3.11.9", "emr-7.13.0", "2026-12-01T10:12:00+00:00", "12288"])
def test_versions_and_times_stay(told: str) -> None:
    assert redacted(told) == told


def test_a_report_holds_no_account(tmp_path: Path) -> None:
    report = _report(tmp_path)
    answer: Any = {"arn:aws:s3:::b-123456789012": ["10.0.0.1"]}
    report.found(7, Phase.LOGS, refuted(answer))
    report.done(Phase.LOGS, seconds=1, why="denied to arn:aws:iam::123456789012:user/ann")
    report.save()
    text = "".join(path.read_text(encoding="utf-8") for path in tmp_path.iterdir())
    assert not [word for word in ("123456789012", "10.0.0.1", "ann") if word in json.dumps(text).replace("scanned", "")]
