import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from ops.aws.bare_synthesis import default_settings
from ops.aws.given import read_given
from ops.cli import app
from ops.console import plain_console
from ops.pricing.offer import make_offer
from ops.pricing.prediction import load_throughput
from ops.pricing.price_book import PriceBook
from ops.pricing.screen import show
from tests.imports import PROJECT
from tests.ops.documented import assert_documented


def _run(*arguments: str, **environment: str | None) -> Result:
    return CliRunner().invoke(app, ["price", *arguments], env={"COLUMNS": "120", "NO_COLOR": "1", **environment})


def test_the_price_of_the_settings_at_hand_is_shown() -> None:
    shown = _run("-c", "architecture=arm64", "-c", "core_vcpus=16")
    assert shown.exit_code == 0
    assert "fruits-demo in eu-west-3, arm64, transient" in shown.stdout
    assert "4 x " in shown.stdout


def test_other_settings_are_shown_beside_them() -> None:
    result = _run("--json", "--compare", "architecture=arm64", "--compare", "region=eu-west-1 core_vcpus=16")
    assert_documented("price", json.loads(result.stdout))
    footprints = [offer["footprint"] for offer in json.loads(result.stdout)["offers"]]
    assert [(item["region"], item["architecture"]) for item in footprints] == [
        ("eu-west-3", "x86_64"),
        ("eu-west-3", "arm64"),
        ("eu-west-1", "x86_64"),
    ]
    assert footprints[2]["fleets"][1]["on_demand_units"] == 16


def test_a_compared_setting_overrides_the_given_one() -> None:
    result = _run("--json", "-c", "region=eu-north-1", "--compare", "region=eu-west-1")
    regions = [offer["footprint"]["region"] for offer in json.loads(result.stdout)["offers"]]
    assert regions == ["eu-north-1", "eu-west-1"]


def test_a_run_is_predicted_for_as_many_photographs_as_asked() -> None:
    few, many = (
        json.loads(_run("--json", "--images", images).stdout)["offers"][0]["run"] for images in ("1000", "9000000")
    )
    assert (few["images"], many["images"]) == (1000, 9_000_000)
    assert few["cost"]["usual"]["usd"] < many["cost"]["usual"]["usd"]


def test_the_same_run_on_serverless_is_priced_when_asked_for() -> None:
    assert json.loads(_run("--json").stdout)["offers"][0]["serverless"] is None
    serverless = json.loads(_run("--json", "--serverless").stdout)["offers"][0]["serverless"]
    assert serverless["workers"] == 5


@pytest.mark.parametrize("width", [80, 120])
def test_every_line_fits_the_terminal(width: int) -> None:
    for arguments in (["--serverless"], ["--compare", "architecture=arm64", "--compare", "env=dev"]):
        shown = _run(*arguments, COLUMNS=str(width))
        assert shown.exit_code == 0
        assert max(map(len, shown.stdout.splitlines())) <= width


def test_what_is_not_priced_is_said() -> None:
    shown = _run("-c", "region=eusc-de-east-1")
    assert shown.exit_code == 0
    assert "EMR fee of m7i.xlarge in eusc-de-east-1" in " ".join(shown.stdout.split())
    assert "0.00" not in shown.stdout


def test_a_wrong_setting_is_one_line_and_code_2() -> None:
    refused = _run("-c", "region=us-east-1")
    assert refused.exit_code == 2
    assert refused.stderr.startswith("error: region=us-east-1")
    assert len(refused.stderr.splitlines()) == 1
    assert refused.stdout == ""


def test_a_damaged_price_file_is_one_line_and_code_1(tmp_path: Path) -> None:
    damaged = tmp_path / "prices.json"
    damaged.write_text("{", encoding="utf-8")
    refused = _run("--prices", str(damaged))
    environment, error = refused.stderr.splitlines()
    assert refused.exit_code == 1
    assert environment.startswith("Environment demo ")
    assert error.startswith("error: ")


def test_refreshing_without_credentials_is_one_line_and_leaves_the_file_alone(tmp_path: Path) -> None:
    prices = tmp_path / "prices.json"
    PriceBook.load().save(prices)
    before = prices.read_bytes()
    nobody = {
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/nonexistent",
        "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
        "AWS_ACCESS_KEY_ID": None,
        "AWS_SECRET_ACCESS_KEY": None,
        "AWS_PROFILE": None,
    }
    refused = _run("--refresh", "--prices", str(prices), **nobody)
    assert refused.exit_code == 1
    environment, error = refused.stderr.splitlines()
    assert environment.startswith("Environment demo ")
    assert "no AWS credentials" in error
    assert prices.read_bytes() == before


class _PriceList(BaseHTTPRequestHandler):
    """Answers as the Price List and EC2 do over HTTP: every price is half a dollar, every Spot price a quarter."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        wanted = self.headers.get("X-Amz-Target", "").endswith("GetProducts")
        answer = self._products() if wanted else self._history(parse_qs(body))
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1" if wanted else "text/xml")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _products(self) -> bytes:
        price = {"unit": "Hrs", "beginRange": "0", "pricePerUnit": {"USD": "0.5"}}
        product = {
            "product": {"attributes": {"usagetype": "EUW3-BoxUsage"}},
            "terms": {"OnDemand": {"term": {"priceDimensions": {"rate": price}}}},
        }
        return json.dumps({"FormatVersion": "aws_v1", "PriceList": [json.dumps(product)]}).encode()

    def _history(self, request: dict[str, list[str]]) -> bytes:
        items = "".join(
            f"<item><instanceType>{name}</instanceType><productDescription>Linux/UNIX</productDescription>"
            "<spotPrice>0.25</spotPrice><timestamp>2026-11-22T11:00:00.000Z</timestamp>"
            "<availabilityZone>eu-west-3a</availabilityZone></item>"
            for key, (name, *_) in request.items()
            if key.startswith("InstanceType")
        )
        history = f"<spotPriceHistorySet>{items}</spotPriceHistorySet>"
        return f"<DescribeSpotPriceHistoryResponse>{history}</DescribeSpotPriceHistoryResponse>".encode()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def price_list() -> Iterator[str]:
    """Address of a Price List."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _PriceList) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_refreshing_writes_what_aws_says_and_names_what_it_does_not_say(price_list: str, tmp_path: Path) -> None:
    prices = tmp_path / "prices.json"
    old = PriceBook.load()
    old.save(prices)
    somebody = {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_PROFILE": None,
        "AWS_ENDPOINT_URL_PRICING": price_list,
        "AWS_ENDPOINT_URL_EC2": price_list,
    }
    refreshed = _run("--refresh", "--json", "--prices", str(prices), "-c", "core_instance_types=r5.xlarge", **somebody)
    assert refreshed.exit_code == 0, refreshed.stderr
    assert "kms key in eu-west-3" in refreshed.stderr
    new = PriceBook.load(prices)
    found = {kind: new.find(kind, "r5.xlarge", "eu-west-3") for kind in ("ec2-on-demand", "ec2-spot", "emr-fee")}
    assert {kind: quote and quote.usd for kind, quote in found.items()} == {
        "ec2-on-demand": 0.5,
        "ec2-spot": 0.25,
        "emr-fee": 0.5,
    }
    assert new.find("kms", "key", "eu-west-3") == old.find("kms", "key", "eu-west-3")
    nodes = json.loads(refreshed.stdout)["offers"][0]["nodes"]
    assert nodes[0]["ec2"] == {
        "usd": 0.5,
        "missing": [],
        "estimates": [],
        "oldest": datetime.now(tz=UTC).date().isoformat(),
    }


@pytest.mark.parametrize(("days", "warned"), [(90, False), (91, True)])
def test_prices_are_said_to_be_old_after_ninety_days(days: int, warned: bool) -> None:
    fresh = PriceBook.load()
    dated = replace(fresh, records=tuple(replace(item, date="2026-01-01") for item in fresh.records))
    offer = make_offer(
        read_given([]).settings,
        label="",
        images=None,
        storage_gib=0,
        serverless=False,
        book=dated,
        throughput=load_throughput(),
    )
    screen = io.StringIO()
    show([offer], dated, Console(file=screen), today=date(2026, 1, 1) + timedelta(days=days))
    assert ("Warning" in screen.getvalue()) is warned


def test_a_price_needs_neither_the_cdk_nor_boto3_which_take_seconds_to_load() -> None:
    program = "import sys, ops.pricing.command; print(sorted({'aws_cdk', 'boto3', 'pyspark'} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_the_page_shows_what_the_command_prints() -> None:
    page = (PROJECT / "docs" / "cost.md").read_text(encoding="utf-8")
    day, shown = re.findall(r"on (\d{4}-\d\d-\d\d):\n\n```\n(.*?)```", page, flags=re.DOTALL)[0]
    book, printed = PriceBook.load(), io.StringIO()
    offer = make_offer(
        default_settings(),
        label="as given",
        images=None,
        storage_gib=0.0,
        serverless=False,
        book=book,
        throughput=load_throughput(),
    )

    show([offer], book, plain_console(file=printed, width=80), today=date.fromisoformat(day))

    assert [line.rstrip() for line in printed.getvalue().splitlines()] == shown.splitlines()
