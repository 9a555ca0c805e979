// One question, one button: looks until there is an answer, says it, and asks the next person.
//
// Frames go out one after the other. A frame that cannot be used is answered with what to do, and
// is compared with nobody; the first that can be used is the one that is answered.

import { Camera, send } from "./camera.js";
import { hintOf, word } from "./words.js";

const LOOK_MS = 15000;
const WAKES_MS = 600; // a camera's first frames are dark
const PAUSE_MS = 300;
const STAYS_MS = { hello: 6000, unknown: 9000, again: 12000, broken: 12000 };

const kiosk = document.getElementById("kiosk");
const say = document.getElementById("say");
const more = document.getElementById("more");
const go = document.getElementById("go");
const seen = kiosk.querySelector(".seen");
const camera = new Camera(document.getElementById("view"));
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

let looking = null;
let back = 0;

function show(state, { name = "", hint = "" } = {}) {
  clearTimeout(back);
  kiosk.dataset.state = state;
  say.textContent = word(state).replace("{name}", name);
  more.textContent = hint || word(`${state}-more`);
  seen.hidden = state !== "look";
  go.hidden = state === "closed";
  go.textContent = word({ ask: "yes", look: "stop", hello: "next" }[state] ?? "once-more");
  go.focus();
  if (STAYS_MS[state]) back = setTimeout(() => show("ask"), STAYS_MS[state]);
}

async function answered(signal) {
  const until = Date.now() + LOOK_MS;
  let refused = {};
  await pause(WAKES_MS);
  while (!signal.aborted && Date.now() < until) {
    const frame = await camera.frame();
    if (frame !== null) {
      const { status, ok, answer } = await send(kiosk.dataset.look, frame);
      if (status === 401) return ["closed"];
      if (status === 429) refused = { code: "busy" };
      else if (!ok) return ["broken", { hint: hintOf(answer.code) }];
      else if (answer.answer !== "again") return [answer.answer, answer];
      else refused = answer;
      if (!signal.aborted) more.textContent = hintOf(refused.code, refused.hint);
    }
    await pause(PAUSE_MS);
  }
  return ["again", { hint: hintOf(refused.code ?? "no-face", refused.hint) }];
}

async function look() {
  const mine = new AbortController();
  looking = mine;
  show("look");
  let result;
  try {
    await camera.start();
    result = await answered(mine.signal);
  } catch (error) {
    result = ["broken", { hint: hintOf(error.name) }];
  }
  camera.stop();
  if (looking !== mine) return;
  looking = null;
  if (mine.signal.aborted) show("ask");
  else show(...result);
}

function stop() {
  looking?.abort();
  camera.stop();
}

go.addEventListener("click", () => (looking ? stop() : kiosk.dataset.state === "hello" ? show("ask") : look()));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && looking) stop();
});
document.getElementById("fill").addEventListener("click", () => {
  document.documentElement.requestFullscreen?.();
  go.focus();
});
addEventListener("pagehide", stop);
go.focus();
