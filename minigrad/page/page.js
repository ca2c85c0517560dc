// Shows what minigrad has computed: no number is made here.
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const find = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

// ---- a slider with its two buttons ---------------------------------------------------------------

function slider(id, show) {
  const input = document.getElementById(id);
  const buttons = all(`button[data-for="${id}"]`);
  const move = (value) => {
    input.value = value;
    const now = Number(input.value);
    const text = show(now);
    input.setAttribute("aria-valuetext", text);
    document.getElementById(`${id}-text`).textContent = text;
    for (const button of buttons) {
      const next = now + Number(button.dataset.by);
      button.setAttribute("aria-disabled", next < Number(input.min) || next > Number(input.max));
    }
  };
  input.addEventListener("input", () => move(input.value));
  for (const button of buttons) {
    button.addEventListener("click", () => move(Number(input.value) + Number(button.dataset.by)));
  }
  move(input.value);
  return move;
}

// What is heard waits until the slider rests, so that a fast hand does not make it stammer.
function speaker(id) {
  let waiting = 0;
  let first = true;
  return (text) => {
    if (!first) {
      clearTimeout(waiting);
      waiting = setTimeout(() => { document.getElementById(id).textContent = text; }, 250);
    }
    first = false;
  };
}

// ---- the backward pass ---------------------------------------------------------------------------

const boxes = new Map(all(".graph [data-box]").map((box) => [box.dataset.box, box]));
const articles = all(".story .step");
const shared = new Set(data.backward.flatMap((step) => Object.keys(step.gradients)));
const speakStep = speaker("step-spoken");

function writeGradient(box, lines) {
  all("text.gradient", box).forEach((text, i) => { text.textContent = lines[i] ?? ""; });
}

function showGraph(now) {
  const reached = new Map();
  for (const step of data.backward.slice(0, now)) {
    for (const [id, lines] of Object.entries(step.gradients)) reached.set(id, lines);
  }
  const { box: current, to } = data.backward[now - 1];
  for (const [id, box] of boxes) {
    box.classList.toggle("current", id === current);
    box.classList.toggle("receiving", to.includes(id));
    box.classList.toggle("waiting", shared.has(id) && !reached.has(id));
    if (shared.has(id)) writeGradient(box, reached.get(id) ?? ["grad not yet"]);
  }
}

// A graph that is larger than its frame scrolls to where the step is; the page itself stays.
function scrollGraph(now) {
  const box = boxes.get(data.backward[now - 1].box);
  if (!box) return;
  const frame = find(".graph");
  const [inner, outer] = [box.getBoundingClientRect(), frame.getBoundingClientRect()];
  frame.scrollBy(
    inner.left + inner.width / 2 - outer.left - outer.width / 2,
    inner.top + inner.height / 2 - outer.top - outer.height / 2,
  );
}

function showStep(now) {
  articles.forEach((article, i) => { article.hidden = i !== now - 1; });
  showGraph(now);
  scrollGraph(now);
  speakStep(data.backward[now - 1].spoken);
  const title = find("h3", articles[now - 1]).textContent.replace(/^\d+ /, "");
  return now === articles.length ? "the end" : `${now} of ${articles.length - 1}: ${title}`;
}

const moveStep = slider("step", showStep);
data.backward.forEach(({ box }, i) => {
  if (box !== null) boxes.get(box).addEventListener("click", () => moveStep(i + 1));
});

// ---- the training --------------------------------------------------------------------------------

function showPoints(figure, index) {
  const circles = all("circle", figure);
  all("polyline", figure).forEach((line, i) => {
    const point = line.points.getItem(index);
    circles[i].setAttribute("cx", point.x);
    circles[i].setAttribute("cy", point.y);
  });
}

function showWeights(now) {
  all("#weight-rows tbody tr").forEach((row, i) => {
    if (!data.training.weights[i]) return;
    const texts = [
      data.training.weights[i][now - 1],
      data.training.gradients[i][now - 1],
      data.training.weights[i][now],
    ];
    all("td code", row).forEach((cell, k) => { cell.textContent = texts[k]; });
  });
}

function showUnits(now) {
  const steps = data.training.losses.length;
  all("#unit-rows tbody tr").forEach((row, i) => {
    const [sum, out, sentence, state] = data.training.units[i][now - 1];
    const [sumCell, outCell] = all("td code", row);
    [sumCell.textContent, outCell.textContent] = [sum, out];
    const label = find(".state", row);
    label.textContent = sentence;
    label.className = `state ${state}`;
    find(".strip", row).style.setProperty("--at", (now - 0.5) / steps);
  });
}

function trainingSlider() {
  const speakMoment = speaker("moment-spoken");
  const steps = data.training.losses.length;
  slider("moment", (now) => {
    const loss = data.training.losses[now - 1];
    document.getElementById("loss").textContent = loss;
    showPoints(document.getElementById("losses"), now - 1);
    showPoints(document.getElementById("weights"), now);
    showWeights(now);
    showUnits(now);
    const units = data.training.units.map((unit) => unit[now - 1][2]);
    speakMoment(`Training step ${now}: loss ${loss}. ${units.join("; ")}`);
    return `${now} of ${steps}`;
  });
}

document.documentElement.classList.add("scripted");
if (data.training) trainingSlider();
