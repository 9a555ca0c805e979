// One question, one button: looks until there is an answer, says it, and asks the next person.
//
// Frames go out one after the other. A frame that cannot be used is answered with what to do, and
// is compared with nobody; the first that can be used is the one that is answered. A card is read
// first, and then the face beside it is looked at.

import { Camera } from "./camera.js";
import { awake, untilAnswered, withCard } from "./looks.js";
import { hintOf, word } from "./words.js";

const CARD_MS = 25000;
const CARD_PX = 1280; // its code has small squares
const STAYS_MS = { hello: 6000, unknown: 9000, again: 12000, other: 12000, refused: 12000, broken: 12000 };
const BUTTONS = { ask: "yes", look: "stop", card: "stop", face: "stop", hello: "next" };

const kiosk = document.getElementById("kiosk");
const say = document.getElementById("say");
const more = document.getElementById("more");
const go = document.getElementById("go");
const cardButton = document.getElementById("show");
const seen = kiosk.querySelector(".seen");
const camera = new Camera(document.getElementById("view"));

let looking = null;
let back = 0;

function show(state, { name = "", hint = "" } = {}) {
  clearTimeout(back);
  kiosk.dataset.state = state;
  say.textContent = word(state).replace("{name}", name);
  more.textContent = hint || word(`${state}-more`);
  seen.hidden = BUTTONS[state] !== "stop";
  go.hidden = state === "closed";
  cardButton.hidden = state !== "ask";
  go.textContent = word(BUTTONS[state] ?? "once-more");
  go.focus();
  if (STAYS_MS[state]) back = setTimeout(() => show("ask"), STAYS_MS[state]);
}

async function answered(signal, url, wanted = {}) {
  const onHint = (text) => (more.textContent = text);
  const { status, ok, answer } = await untilAnswered(camera, url, { signal, onHint, ...wanted });
  if (status === 401) return ["closed"];
  if (!ok) return ["broken", { hint: status === 429 ? hintOf(answer.code, answer.hint) : "" }];
  return [answer.answer, { ...answer, hint: hintOf(answer.code, answer.hint) }];
}

const lookAtFace = (signal) => answered(signal, kiosk.dataset.look);

async function lookAtCard(signal) {
  const wanted = { atMostMs: CARD_MS, widthPx: CARD_PX };
  const [state, read] = await answered(signal, kiosk.dataset.card, wanted);
  if (state !== "card" || signal.aborted) return [state, read];
  show("face");
  return answered(signal, kiosk.dataset.cardLook, { body: withCard(read.card) });
}

async function begin(state, answer) {
  const mine = new AbortController();
  looking = mine;
  show(state);
  let result;
  try {
    await camera.start();
    await awake();
    result = await answer(mine.signal);
  } catch (error) {
    result = ["broken", { hint: hintOf(error.name) }];
  }
  camera.stop();
  looking = null;
  if (mine.signal.aborted) show("ask");
  else show(...result);
}

function press() {
  if (looking) looking.abort();
  else if (kiosk.dataset.state === "hello") show("ask");
  else begin("look", lookAtFace);
}

go.addEventListener("click", press);
cardButton.addEventListener("click", () => begin("card", lookAtCard));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") looking?.abort();
});
document.getElementById("fill").addEventListener("click", () => {
  document.documentElement.requestFullscreen?.();
  go.focus();
});
addEventListener("pagehide", () => camera.stop());
go.disabled = cardButton.disabled = false; // until now nobody would have heard a press
go.focus();
