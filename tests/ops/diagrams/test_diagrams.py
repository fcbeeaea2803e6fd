import copy
import platform
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.templates import Deployment, Template
from job.notebook.words import LANGUAGES
from ops.aws.bare_synthesis import bare_templates, default_settings
from ops.diagrams.build import _SAME_BYTES, FOLDER, outdated, sources
from ops.diagrams.drawing import DiagramError
from ops.diagrams.flow import draw_flow
from ops.diagrams.graph import Graph
from ops.diagrams.identities import draw_identities
from ops.diagrams.life import draw_life
from ops.diagrams.network import draw_network
from ops.diagrams.rendering import _D2, _ICONS, mark, render
from ops.diagrams.resources import draw_resources
from ops.diagrams.words import Labels
from ops.facts.fact import read_facts

pytestmark = pytest.mark.cdk

EN = Labels("en")
Change = Callable[[Mapping[str, Any]], None]


@pytest.fixture(scope="module")
def bare() -> Deployment:
    return bare_templates(default_settings())


def changed(deployment: Deployment, change: Change) -> Deployment:
    """Change the resources of a copy of the templates: of each, all resources by name."""

    def harmed(template: Template) -> Template:
        body = copy.deepcopy(dict(template.body))
        change(body["Resources"])
        return replace(template, body=body)

    return Deployment(tuple(map(harmed, deployment.templates)))


def take_first(resources: Any, kind: str, *words: str) -> None:
    """Delete the first resource of a type whose name has some words."""
    for name in list(resources):
        if resources[name]["Type"] == kind and all(word in name for word in words):
            del resources[name]
            return


def test_the_diagrams_are_drawn_from_the_templates_as_they_are_now(bare: Deployment) -> None:
    texts = sources(bare, read_facts())

    assert outdated({name: mark(text) for name, text in texts.items()}, FOLDER) == []  # if not: make diagrams


@pytest.mark.parametrize(
    ("diagram", "change"),
    [
        ("network", lambda all_of: take_first(all_of, "AWS::EC2::SecurityGroupIngress", "GroupsService")),
        ("network", lambda all_of: take_first(all_of, "AWS::EC2::SecurityGroupEgress", "GroupsCore")),
        ("network", lambda all_of: take_first(all_of, "AWS::EC2::Subnet")),
        ("identities", lambda all_of: take_first(all_of, "AWS::IAM::Policy", "NodesRole")),
        ("resources", lambda all_of: take_first(all_of, "AWS::CloudWatch::Alarm")),
        ("life", lambda all_of: take_first(all_of, "AWS::Budgets::Budget")),
        ("life", lambda all_of: take_first(all_of, "AWS::Events::Rule", "StateChangesClusters")),
    ],
)
def test_what_a_template_lacks_makes_its_diagram_outdated(bare: Deployment, diagram: str, change: Change) -> None:
    then, now = sources(bare, read_facts()), sources(changed(bare, change), read_facts())

    assert {f"{diagram}.{language}.svg" for language in LANGUAGES} <= set(_different(then, now))


def test_a_fact_that_changes_makes_the_flow_outdated(bare: Deployment) -> None:
    facts = read_facts()
    slower = {**facts, "bench.images_per_second": replace(facts["bench.images_per_second"], value=1.5)}

    assert _different(sources(bare, facts), sources(bare, slower)) == ["flow.en.svg", "flow.fr.svg"]


def _different(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    return sorted(name for name in then if then[name] != now[name])


def test_an_edge_that_leaves_the_template_leaves_the_drawing(bare: Deployment) -> None:
    def forget_the_encryption(resources: Any) -> None:
        for resource in resources.values():
            resource.get("Properties", {}).pop("SecurityConfiguration", None)

    edge = "FruitsCompute.Cluster -> FruitsCompute.DiskEncryptionConfiguration"
    assert edge in draw_resources(bare, EN)
    assert edge not in draw_resources(changed(bare, forget_the_encryption), EN)


def test_a_way_in_without_its_way_out_is_drawn_dashed_and_said(bare: Deployment) -> None:
    harmed = changed(
        bare, lambda all_of: take_first(all_of, "AWS::EC2::SecurityGroupEgress", "GroupsServiceto", "Primary")
    )

    line = next(line for line in draw_network(harmed, EN).splitlines() if "vpc.service -> vpc.primary" in line)

    assert "TCP 8443: only the way in" in line
    assert "stroke-dash" in line


def test_every_row_of_the_security_groups_is_drawn(bare: Deployment) -> None:
    lines = [line for line in draw_network(bare, EN).splitlines() if " -> " in line]
    ports = {line.partition(":")[0]: len(re.findall(r"TCP|UDP|ICMP", line)) for line in lines}

    out_only = sum(count for arrow, count in ports.items() if arrow.endswith("endpoint"))
    assert 2 * (sum(ports.values()) - out_only) + out_only == read_facts()["network.rules"].value


def test_a_row_to_an_address_that_cannot_be_drawn_is_refused(bare: Deployment) -> None:
    def open_it(resources: Any) -> None:
        for resource in resources.values():
            if resource["Type"] == "AWS::EC2::SecurityGroup":
                resource["Properties"]["SecurityGroupIngress"] = [{"CidrIp": "192.0.2.0/24", "IpProtocol": "tcp"}]

    with pytest.raises(DiagramError, match="39 security-group rules are declared, and 36 can be drawn"):
        draw_network(changed(bare, open_it), EN)


def test_every_bucket_that_the_endpoint_lets_through_is_named(bare: Deployment) -> None:
    drawn = draw_network(bare, EN)

    for bucket in ("data bucket", "al2023-repos-eu-west-3-de612dc2", "repo.eu-west-3.emr.amazonaws.com"):
        assert f'"{bucket}' in drawn


def test_each_role_has_a_row_for_each_action_on_each_resource(bare: Deployment) -> None:
    drawn = draw_identities(bare, EN)

    assert drawn.count("class: table}") == 0
    assert drawn.count("{class: table\n") == read_facts()["iam.roles"].value
    assert '"cluster/*" {constraint: ["ResourceTag/environment = demo; ResourceTag/project = fruits"]}' in drawn


def test_the_hash_of_a_file_is_in_no_diagram(bare: Deployment) -> None:
    assert not any(re.search(r"[0-9a-f]{40}", text) for text in sources(bare, read_facts()).values())


def test_a_type_without_a_glyph_is_refused(bare: Deployment) -> None:
    def add_a_queue(resources: Any) -> None:
        resources["Queue"] = {"Type": "AWS::SQS::Queue"}

    with pytest.raises(DiagramError, match=r"AWS::SQS::Queue cannot be drawn: .* ops/diagrams/glyphs\.py"):
        draw_resources(changed(bare, add_a_queue), EN)


def test_a_resource_without_words_is_refused(bare: Deployment) -> None:
    def add_a_topic(resources: Any) -> None:
        resources["Elsewhere12345678"] = {"Type": "AWS::SNS::Topic"}

    with pytest.raises(DiagramError, match="Elsewhere has no words in both languages"):
        draw_resources(changed(bare, add_a_topic), EN)


def test_a_table_that_the_flow_does_not_know_is_refused(bare: Deployment) -> None:
    harmed = changed(bare, lambda all_of: take_first(all_of, "AWS::Glue::Table", "Quarantine"))

    with pytest.raises(DiagramError, match="the catalog has the tables features, projections"):
        draw_flow(harmed, EN, read_facts())


def test_a_state_that_the_life_does_not_know_is_refused(bare: Deployment) -> None:
    def wait_for_another(resources: Any) -> None:
        for resource in resources.values():
            if resource["Type"] == "AWS::Events::Rule":
                resource["Properties"]["EventPattern"]["detail"]["state"].append("MELTING")

    with pytest.raises(DiagramError, match="MELTING"):
        draw_life(changed(bare, wait_for_another), EN)


@pytest.mark.parametrize(
    "given", [{"mode": "interactive", "notebook": True}, {"region": "eu-north-1"}, {"env": "prod", "email": "a@b.eu"}]
)
def test_every_type_of_every_deployment_has_a_glyph(given: Mapping[str, Any]) -> None:
    assert Graph(bare_templates(default_settings(**given))).nodes


def test_both_languages_show_the_same(bare: Deployment) -> None:
    def bare_of_words(text: str) -> str:
        return re.sub(r'"[^"]*"', '""', text)

    texts = sources(bare, read_facts())
    for name, text in texts.items():
        other = texts[name.replace(".en.", ".fr.")]
        assert sorted(bare_of_words(text).splitlines()) == sorted(bare_of_words(other).splitlines())


def test_words_in_one_language_only_are_refused(tmp_path: Path) -> None:
    (tmp_path / "words.toml").write_text('Apple = {en = "apple"}\n')

    with pytest.raises(DiagramError, match="Apple has no words in both languages"):
        Labels("en", tmp_path / "words.toml")("Apple")


def test_files_that_are_missing_changed_or_too_many_are_outdated(tmp_path: Path) -> None:
    for name, text in {"same.svg": "a", "changed.svg": "b", "former.svg": "c"}.items():
        (tmp_path / name).write_text(text)

    assert outdated({"same.svg": "a", "changed.svg": "B", "new.svg": "d"}, tmp_path) == [
        "changed.svg",
        "former.svg",
        "new.svg",
    ]


@pytest.mark.skipif(not (_D2.exists() and _ICONS.exists()), reason="D2 or the glyphs are not installed: make diagrams")
@pytest.mark.skipif(platform.machine().lower() not in _SAME_BYTES, reason="drawn to the same bytes on x86 only")
def test_a_diagram_is_drawn_to_the_same_bytes_wherever_it_is_drawn(bare: Deployment) -> None:
    source = draw_life(bare, EN)

    drawn = render(source)

    assert drawn == (FOLDER / "life.en.svg").read_text(encoding="utf-8")
    assert "prefers-color-scheme" in drawn
    assert not re.search(r'(href|src)="(?!data:)', drawn)  # glyphs and fonts are inside


@pytest.mark.skipif(not _D2.exists(), reason="D2 is not installed: make diagrams")
def test_what_d2_refuses_is_said_in_its_words() -> None:
    with pytest.raises(DiagramError, match="D2 refuses a diagram: err"):
        render("a: {")
