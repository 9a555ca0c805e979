// A person's card and her face open her own page, where she has no link at hand.

import { Camera } from "./camera.js";
import { awake, untilAnswered, withCard } from "./looks.js";
import { hintOf, refusal, word } from "./words.js";

const CARD = { atMostMs: 30000, pauseMs: 800, widthPx: 1280 };

const go = document.getElementById("go");
const say = document.getElementById("say");
const seen = document.getElementById("seen");
const camera = new Camera(document.getElementById("view"));

let looking = null;

async function outcome(signal) {
  const onHint = (text) => (say.textContent = text);
  const read = await untilAnswered(camera, "/me/card", { ...CARD, signal, onHint });
  if (!read.ok) return refusal(read.answer);
  if (read.answer.answer !== "card") return read.answer.hint;
  say.textContent = word("face");
  seen.dataset.shows = "face";
  const wanted = { signal, onHint, pauseMs: 800, body: withCard(read.answer.card) };
  const { ok, answer } = await untilAnswered(camera, "/me/card-look", wanted);
  if (!ok) return refusal(answer);
  if (answer.answer === "you") location.assign("/me");
  return hintOf(answer.code, answer.hint) || word(answer.answer);
}

async function look() {
  const mine = new AbortController();
  looking = mine;
  go.textContent = word("stop");
  say.textContent = word("card");
  seen.dataset.shows = "card";
  seen.hidden = false;
  seen.scrollIntoView({ block: "center" });
  let said;
  try {
    await camera.start();
    await awake();
    said = await outcome(mine.signal);
  } catch (error) {
    said = hintOf(error.name, word("failed"));
  }
  camera.stop();
  looking = null;
  seen.hidden = true;
  say.textContent = said;
  go.textContent = word("once-more");
}

go.addEventListener("click", () => (looking ? looking.abort() : look()));
addEventListener("pagehide", () => camera.stop());
go.disabled = false; // until now nobody would have heard a press
