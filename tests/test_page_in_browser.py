"""The page in headless Chromium: sliders move, numbers are the engine's, nothing is asked for.

It needs what minigrad does not: Chromium with its driver (Debian: `apt-get install chromium
chromium-driver`) and the extra `browser`. Where one is missing, these tests are skipped.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import minigrad
from minigrad import explain, nn
from minigrad.page import program_page
from minigrad.page.training import watch
from minigrad.story import explain_program
from minigrad.story.numbers import array_text

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")
selenium = pytest.importorskip("selenium", reason="selenium (the extra `browser`) is missing")
if not CHROMIUM or not DRIVER:
    pytest.skip("chromium or chromedriver is missing", allow_module_level=True)

from selenium import webdriver  # noqa: E402  (only where it is there)
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.wait import WebDriverWait  # noqa: E402

SWITCHES = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
NAME, SEED, STEP, STEPS = "leaky_relu", 3, 2, 20
Browser = Any
Open = Callable[[str], Browser]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for switch in (*SWITCHES, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Opens a page; at the end the console is empty, and nothing but the file was asked for."""

    def open_page(text: str) -> Browser:
        file = tmp_path / "page.html"
        file.write_text(text, encoding="utf-8")
        requested(browser)
        browser.get(file.as_uri())
        return browser

    yield open_page
    assert browser.get_log("browser") == []
    assert {url.partition(":")[0] for url in requested(browser)} - {"data"} == {"file"}


def requested(browser: Browser) -> list[str]:
    """What pages asked for since this was called last; a new tab of Chromium asks for itself."""
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return [
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
        and not message["params"]["documentURL"].startswith("chrome:")
    ]


@pytest.fixture
def page(opened: Open) -> Browser:
    return opened(program_page(NAME, STEP, seed=SEED, steps=STEPS))


def element(page: Browser, name: str) -> Any:
    return page.find_element(By.ID, name)


def texts(page: Browser, selector: str) -> list[str]:
    return [found.text for found in page.find_elements(By.CSS_SELECTOR, selector)]


def press(page: Browser, slider: str, *keys: str) -> None:
    element(page, slider).send_keys(*keys)


def shown_step(page: Browser) -> Any:
    (found,) = [e for e in page.find_elements(By.CSS_SELECTOR, ".step") if e.is_displayed()]
    return found


# ---- the backward pass ---------------------------------------------------------------------------


def test_the_slider_goes_through_the_steps_with_the_engines_numbers(page: Browser) -> None:
    story = explain_program(NAME, STEP, seed=SEED)
    for step in story.steps:
        text = shown_step(page).text
        assert text.startswith(f"{step.number} {step.op}" if " " in text[:3] else f"{step.number}")
        assert array_text(step.gradient) in text
        for c in step.contributions:
            assert c.formula in text
            assert c.numbers in text
            assert array_text(c.product) in text
        assert element(page, "step").get_attribute("aria-valuetext") == (
            f"{step.number} of {len(story.steps)}: {step.op}"
        )
        press(page, "step", Keys.ARROW_RIGHT)
    assert shown_step(page).get_attribute("id") == "step-end"
    for gradient in story.gradients:
        assert array_text(gradient.found) in shown_step(page).text
    press(page, "step", Keys.HOME)
    assert shown_step(page).get_attribute("id") == "step-1"
    press(page, "step", Keys.END, Keys.ARROW_LEFT)
    assert shown_step(page).get_attribute("id") == f"step-{len(story.steps)}"


def test_the_graph_shows_where_the_step_is_and_the_gradients_so_far(page: Browser) -> None:
    waiting = []
    for title in ("mse_loss", "leaky_relu", "linear"):
        (current,) = texts(page, ".graph .current")
        assert current.startswith(title)
        assert "grad not yet" not in current
        waiting.append(sum("grad not yet" in text for text in texts(page, ".graph [data-box]")))
        press(page, "step", Keys.ARROW_RIGHT)
    assert waiting == [2, 1, 0]
    assert texts(page, ".graph .current") == []


def test_buttons_and_boxes_move_it_too(page: Browser) -> None:
    back, forth = page.find_elements(By.CSS_SELECTOR, "button[data-for=step]")
    assert back.get_attribute("aria-disabled") == "true"
    forth.click()
    assert shown_step(page).get_attribute("id") == "step-2"
    back.send_keys(Keys.ENTER)
    assert shown_step(page).get_attribute("id") == "step-1"
    back.click()
    assert shown_step(page).get_attribute("id") == "step-1"
    page.find_element(By.CSS_SELECTOR, ".graph .receiving").click()
    assert element(page, "step").get_attribute("value") == "2"


def test_a_step_is_spoken_once_the_slider_rests(page: Browser) -> None:
    assert element(page, "step-spoken").get_attribute("textContent") == ""
    press(page, "step", Keys.ARROW_RIGHT)
    spoken = WebDriverWait(page, 5).until(
        lambda page: element(page, "step-spoken").get_attribute("textContent")
    )
    assert spoken.startswith("Step 2, leaky_relu: the gradient [")


def test_a_graph_larger_than_its_frame_scrolls_to_the_step(opened: Open) -> None:
    minigrad.manual_seed(0)
    net = nn.Sequential(*(module for _ in range(12) for module in (nn.Linear(2, 2), nn.ReLU())))
    page = opened(explain(lambda: net(minigrad.ones(2)).sum()).html())
    size = {"width": 1200, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    outside = """
        const [box, frame] = [".graph .current", ".graph"].map(
          (name) => document.querySelector(name).getBoundingClientRect());
        return [window.scrollY, box.top < frame.top || box.bottom > frame.bottom];
    """
    press(page, "step", Keys.END, Keys.ARROW_LEFT)
    assert page.execute_script(outside) == [0, False]
    press(page, "step", Keys.HOME)
    assert page.execute_script(outside) == [0, False]
    page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


# ---- the training --------------------------------------------------------------------------------


def test_the_training_shows_the_engines_numbers_of_every_step(page: Browser) -> None:
    _, run = watch(NAME, STEP, "engine", SEED, STEPS)
    assert element(page, "moment").get_attribute("value") == f"{STEP}"
    press(page, "moment", Keys.HOME)
    (weights,), (gradients,) = run.weights.values(), run.gradients.values()
    (unit,) = run.units.values()
    for step in range(1, STEPS + 1):
        assert element(page, "loss").text == array_text(run.losses[step - 1])
        numbers = [weights[step - 1], gradients[step - 1], weights[step]]
        assert texts(page, "#weight-rows td") == [array_text(x[0, 0]) for x in numbers]
        now = unit[step - 1]
        assert texts(page, "#unit-rows td")[1:] == [now.sentence, now.sum, now.out]
        press(page, "moment", Keys.ARROW_RIGHT)
    assert element(page, "moment-text").text == f"{STEPS} of {STEPS}"


def test_the_markers_follow_the_curves(page: Browser) -> None:
    def marker() -> tuple[float, float]:
        circle = page.find_element(By.CSS_SELECTOR, "#losses circle")
        return float(circle.get_attribute("cx")), float(circle.get_attribute("cy"))

    press(page, "moment", Keys.HOME)
    first = marker()
    press(page, "moment", Keys.END)
    last = marker()
    assert first[0] < last[0]
    assert first[1] < last[1], "the loss went down, which is further from the top of the page"


# ---- everything ----------------------------------------------------------------------------------


def test_tab_reaches_each_control_in_order_and_says_its_name(page: Browser) -> None:
    names = []
    for _ in range(10):
        page.switch_to.active_element.send_keys(Keys.TAB)
        names.append(page.switch_to.active_element.accessible_name)
    wanted = [
        "Skip to the backward pass", "Previous step of the backward pass",
        "Step of the backward pass", "Next step of the backward pass", "The graph",
        "Previous training step", "Training step", "Next training step",
    ]  # fmt: skip
    assert [name for name in names if name in wanted] == wanted
    assert all(names[: names.index("Next training step")])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast_in_light_and_dark(page: Browser, scheme: str) -> None:
    emulate(page, scheme)
    ratios = page.execute_script(CONTRAST)
    emulate(page, "")
    assert len(ratios) > 30
    assert [(text, ratio) for text, ratio in ratios if ratio < 4.5] == []


def emulate(page: Browser, scheme: str) -> None:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


# The contrast of each piece of text with what is behind it, by the formula of WCAG 2.2.
CONTRAST = """
const channels = (color) => color.match(/[\\d.]+/g).map(Number);
const linear = (c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
const light = (color) => {
  const [r, g, b] = channels(color).map((c) => linear(c / 255));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (element) => {
  for (let e = element; e; e = e.parentElement) {
    const color = getComputedStyle(e).backgroundColor;
    if ((channels(color)[3] ?? 1) === 1) return color;
  }
};
return [...document.querySelectorAll("body *:not(script)")]
  .filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
  .filter((e) => e.checkVisibility() && !e.closest("svg, [aria-disabled=true]"))
  .map((e) => {
    const [a, b] = [light(getComputedStyle(e).color), light(behind(e))];
    return [e.textContent.trim(), (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
  });
"""


def test_a_narrow_screen_does_not_scroll_sideways(opened: Open) -> None:
    page = opened(program_page("hidden_layer", steps=5))
    size = {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    width = page.execute_script("return document.documentElement.scrollWidth")
    page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert width <= 360


def test_a_story_alone_has_a_page_without_a_training(opened: Open) -> None:
    page = opened(explain_program("three_neurons").html())
    assert page.find_elements(By.ID, "training") == []
    press(page, "step", Keys.END)
    assert shown_step(page).get_attribute("id") == "step-end"
