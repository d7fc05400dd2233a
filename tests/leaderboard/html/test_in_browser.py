"""The HTML page in a real headless Chromium: opened from a file, with no network."""

import os
import re
import shutil
from types import SimpleNamespace

import numpy as np
import pytest

from bench.api import Budget, MetricCard, TaskCard
from bench.leaderboard.site import Cards, write_html
from bench.records.store import Store
from bench.running.registry import Registry

pytestmark = pytest.mark.slow  # starts processes, trains, or compiles


CHROMIUM = os.environ.get("SYMMETRY_BENCH_CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
SIZE = Budget(100, 10, 50, passes=300, batch_size=16, lr=2e-3, equivariance_inputs=5, equivariance_elements=4)
ROTATION = np.array([[[0.0, -1.0], [1.0, 0.0]]])
CURVE = np.array([[angle, 0.5 + abs(angle), abs(angle)] for angle in np.linspace(-np.pi, np.pi, 9)])
#: Test MSE of each row; with seeds of little spread, so that the order is known.
MSE = {"alpha": 0.02, "beta": 3e-5, "gamma": 12.0, "plain": 0.5}
CONTRAST = """element => {
  const channels = text => text.match(/[\\d.]+/g).map(Number);
  const linear = c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => [r, g, b].map(c => linear(c / 255))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  let behind = element;
  while (behind && (channels(getComputedStyle(behind).backgroundColor)[3] ?? 1) === 0) behind = behind.parentElement;
  const [a, b] = [getComputedStyle(element).color, getComputedStyle(behind).backgroundColor].map(channels).map(light);
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}"""


@pytest.fixture(scope="module")
def browser():
    """One browser for the file; skipped where playwright or a Chromium is missing."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is in the extra [test]")
    if CHROMIUM is None:
        pytest.skip("no Chromium on PATH; SYMMETRY_BENCH_CHROMIUM names one elsewhere")
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


def card(name, family):
    return TaskCard(
        id=name, title=f"The task {name}", summary="made up", family=family, version=1,
        metric=MetricCard("test/mse", "1", higher_is_better=False), searches=("full", "mask2"),
        budgets={"small": SIZE}, cardinality=1, citation="Nobody (2026)",
    )  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory, make_record, put_record):
    """The page of two tasks: methods of three tiers with six seeds, one of which fails, and a row on half the data."""
    root = tmp_path_factory.mktemp("site")
    registry = Registry()
    for name, family in (("spins", "spin_family"), ("waves", "wave_family")):
        registry.tasks[name] = SimpleNamespace(card=card(name, family))
        own = {"task": {"id": name}, "knowledge": "none"}
        arrays = {"generators": 2 * ROTATION, "truth": ROTATION, "orientation_curve": CURVE}
        for seed in range(6):
            for place, (method, mse) in enumerate(MSE.items()):
                scores = {"symmetry/precision": 0.5, "equivariance/e_prime": 0.25} if method == "alpha" else {}
                fields = own | {"search": "full" if method == "alpha" else None, "seed": seed}
                fields["cost"] = {"fit_s": 2.0 + 10 * place + seed / 10}
                record = make_record(method, mse=mse * (1 + seed / 100), scores=scores, **fields)
                put_record(root / "results", record, arrays if method == "alpha" else None)
            told = own | {"knowledge": "group", "seed": seed}
            put_record(root / "results", make_record("true", mse=1e-3 * (1 + seed / 100), **told))
        own |= {"changed": {"train_fraction": 0.5}, "seed": 0}
        sizes = {"id": name, "sizes": {"train": 50, "val": 10, "test": 50}}
        put_record(root / "results", make_record("plain", mse=0.75, **(own | {"task": sizes})))
        failed = {"task": {"id": name}, "status": "failed", "reason": "lost </script> & <b>bold</b>"}
        put_record(root / "results", make_record("plain", seed=6, params={"passes": 900, "lr": 0.5}, **failed))
    cards = Cards({name: task.card for name, task in registry.tasks.items()}, registry.method_card)
    return write_html(Store(root / "results"), root, cards, lambda record: False).as_uri()


@pytest.fixture
def visit(browser, site):
    """``visit("#task=…", width=390, dark=True)``: the open page; whatever it complains of fails the test."""
    contexts, complaints = [], []

    def go(address="", width=1280, dark=False):
        context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light"
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(5000)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request", lambda request: complaints.append(request.url) if request.url.split("#")[0] != site else None
        )
        page.goto(site + address)
        return page

    yield go
    for context in contexts:
        context.close()
    assert [text for text in complaints if not text.startswith("data:")] == []


def table(page, title):
    return page.get_by_role("region", name=title, exact=True)


def names(region):
    """The names of the rows, in the order that they are shown in."""
    return [text.strip() for text in region.locator("tbody th").all_inner_texts()]


def column(region, title):
    heads = region.locator("thead th").all_inner_texts()
    place = next(i for i, head in enumerate(heads) if head.strip() == title)
    return region.locator(f"tbody tr > :nth-child({place + 1})").all_inner_texts()


def listed(panel):
    """Name and value of everything that a panel lists."""
    return set(zip(panel.locator("dt").all_inner_texts(), panel.locator("dd").all_inner_texts(), strict=True))


def test_the_front_page_shows_who_uses_it_best_the_ranks_and_the_best(visit):
    page = visit()
    assert page.title() == "Symmetry Bench"
    assert names(table(page, "Who uses it best: Gain recovered")) == ["beta", "alpha", "gamma", "true"]
    assert set(names(table(page, "Ranks by task"))) == {"alpha [full]", "beta", "gamma", "plain", "true"}
    assert names(table(page, "Best of every task")) == ["spins", "spins", "waves", "waves"]
    page.get_by_role("button", name=re.compile("^beta on waves: 1 of 4")).click()
    assert page.locator("dialog h2").inner_text() == "beta"


def test_a_header_sorts_by_numbers_in_both_directions_and_says_so(visit):
    page = visit("#task=spins")
    region = table(page, "Results")
    assert names(region)[:5] == ["beta", "alpha [full]", "plain", "gamma", "true"]
    head = region.locator("thead th", has_text=re.compile("^mse"))
    assert head.get_attribute("aria-sort") == "none"
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    # 3e-5 is written as (3.08 ± 0.06)e-5: by its text it would stand elsewhere.
    assert names(region) == ["beta", "true", "alpha [full]", "plain", "constant", "gamma"]
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    assert names(region)[:3] == ["gamma", "constant", "plain"]
    region.get_by_role("button", name="method", exact=True).click()
    assert head.get_attribute("aria-sort") == "none"
    assert names(region) == sorted(names(region))


def test_cells_are_those_of_the_markdown_page(visit):
    page = visit("#task=spins")
    region = table(page, "Results")
    cells = dict(zip(names(region), column(region, "mse"), strict=True))
    assert cells["beta"] == "(3.075 ± 0.059)e-5"
    assert dict(zip(names(region), column(region, "n ok"), strict=True))["plain"] == "6/7"


def test_family_tier_and_text_narrow_what_is_shown(visit):
    page = visit()
    assert page.locator("nav li").all_inner_texts() == ["Overview", "spins", "waves"]
    page.get_by_label("Family").select_option("wave_family")
    assert page.locator("nav li").all_inner_texts() == ["Overview", "waves"]
    assert names(table(page, "Best of every task")) == ["waves", "waves"]
    page.get_by_role("link", name="waves").first.click()
    region = table(page, "Results")
    page.get_by_label("group", exact=True).uncheck()
    assert "true" not in names(region)
    assert {"alpha [full]", "beta"} <= set(names(region))
    page.get_by_label("Method").fill("full alp")
    assert names(region) == ["alpha [full]"]
    page.get_by_label("Method").fill("nothing like it")
    assert "No row passes the filters." in region.inner_text()
    page.reload()  # the address keeps what was chosen
    assert page.get_by_label("Method").input_value() == "nothing like it"
    page.get_by_role("button", name="Reset").click()
    assert {"true", "beta"} <= set(names(table(page, "Results")))


def test_a_run_has_a_panel_with_its_parameters_costs_and_environment(visit):
    page = visit("#task=spins")
    table(page, "Results").get_by_role("button", name="plain").click()
    panel = page.get_by_role("dialog")
    assert listed(panel) >= {
        ("status", "ok"), ("mse", "0.5"), ("mse", "0.5125 ± 0.0098 (n=6)"), ("fit_s", "32"), ("passes", "300"),
        ("lr", "0.002"), ("git_sha", "e" * 40), ("torch", "2.13.0"), ("cpu", "Toy CPU"), ("n ok", "6/7"),
    }  # fmt: skip
    panel.get_by_role("button", name="6 failed").click()
    assert listed(panel) >= {("status", "failed"), ("passes", "900"), ("lr", "0.5"), ("git_sha", "e" * 40)}
    assert panel.locator(".reason").inner_text() == "lost </script> & <b>bold</b>"
    assert "seed=6" in page.url
    page.keyboard.press("Escape")
    assert not panel.is_visible()
    assert "run=" not in page.url


def test_an_address_opens_its_run_and_back_closes_it(visit):
    page = visit("#task=spins")
    table(page, "Discovery").get_by_role("button", name="alpha [full]").click()
    address = page.url
    assert page.locator("dialog svg.map").count() == 1
    page.go_back()
    assert not page.get_by_role("dialog").is_visible()
    assert visit("#" + address.split("#")[1]).locator("dialog h2").inner_text() == "alpha [full]"


def test_plots_show_costs_curves_and_generators(visit):
    page = visit("#task=spins")
    assert page.get_by_role("region", name="Cost and quality").locator("path.mark").count() == 5
    angle = page.get_by_role("region", name="Against the angle")
    assert angle.locator("path.line").count() == 2
    assert page.get_by_role("region", name="Sample efficiency").locator("path.mark").count() == 2
    assert page.get_by_role("region", name="Generators", exact=True).locator("svg.map").count() == 2
    angle.get_by_label("alpha [full]").uncheck()
    assert "No row is chosen." in angle.inner_text()
    assert "NaN" not in page.content()


@pytest.mark.parametrize("address", ["", "#task=spins", "#task=spins&run=KEY"], ids=["front page", "board", "panel"])
def test_on_a_phone_nothing_is_wider_than_the_screen_and_tables_scroll_by_themselves(visit, address):
    page = visit(address.partition("&")[0], width=390)
    if "run" in address:
        table(page, "Cost").get_by_role("button", name="alpha [full]").click()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.evaluate("document.querySelector('dialog').scrollWidth <= 390")
    if address == "#task=spins":
        wide, own = page.evaluate("(e => [e.scrollWidth, e.clientWidth])(document.querySelector('.scroll'))")
        assert own < 390 < wide
        page.evaluate("document.querySelector('.scroll').scrollLeft = 200")
        name = table(page, "Results").locator("tbody th").first.bounding_box()
        assert 0 <= name["x"] < 40  # the names stay in sight


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_stands_out_from_what_is_behind_it(visit, dark):
    page = visit("#task=spins", dark=dark)
    assert page.evaluate(f"matchMedia('(prefers-color-scheme: {'dark' if dark else 'light'})').matches")
    places = [
        "h1",
        ".lead",
        ".facts li",
        "thead button",
        "tbody td",
        "button.open",
        "tr.reference td",
        "nav a",
        ".told .rank",
    ]
    ratios = {place: page.eval_on_selector(place, CONTRAST) for place in places}
    table(page, "Cost").get_by_role("button", name="plain").click()
    ratios |= {place: page.eval_on_selector(place, CONTRAST) for place in ("dialog dt", "dialog dd", "dialog .bad")}
    assert {place: ratio for place, ratio in ratios.items() if ratio < 4.5} == {}


def test_the_open_board_stays_in_the_lists_when_another_family_is_chosen(visit):
    page = visit("#task=spins")
    page.get_by_label("Family").select_option("wave_family")
    assert page.locator("nav li").all_inner_texts() == ["Overview", "spins", "waves"]
    assert page.locator("#board").input_value() == "spins"
