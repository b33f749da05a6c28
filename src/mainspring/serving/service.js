"use strict";
const form = document.getElementById("try");
const answer = document.getElementById("answer");
const took = document.getElementById("took");

function valueOf(entry) {
  const text = entry.value.trim();
  const type = entry.dataset.type;
  if (text === "" && (type !== "string" || entry.dataset.nullable === undefined)) return null;
  if (type === "string" || type === "date" || type === "datetime") return text;
  if (type === "bool") return text === "true";
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function clear() {
  for (const entry of form.querySelectorAll("[aria-invalid]")) entry.removeAttribute("aria-invalid");
  for (const told of form.querySelectorAll(".problem")) told.textContent = "";
}

function tell(problems) {
  for (const problem of problems) {
    const name = problem.path.slice(problem.path.indexOf(".") + 1);
    const entry = document.getElementById(`field-${name}`);
    if (!entry) continue;
    entry.setAttribute("aria-invalid", "true");
    document.getElementById(`problem-${name}`).textContent = problem.message;
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  clear();
  const row = {};
  for (const entry of form.querySelectorAll("[data-type]")) row[entry.name] = valueOf(entry);
  const button = form.querySelector("button");
  button.disabled = true;
  took.textContent = "";
  const start = performance.now();
  try {
    const reply = await fetch("predict", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ rows: [row] }),
    });
    const said = await reply.json();
    took.textContent = `${reply.status}, ${(performance.now() - start).toFixed(1)} ms with the way there and back`;
    if (said.error) tell(said.error.problems ?? []);
    answer.textContent = JSON.stringify(said, null, 2);
  } catch (error) {
    answer.textContent = `The service did not answer: ${error.message}`;
  } finally {
    answer.hidden = false;
    button.disabled = false;
  }
});
