// The look that opens a person's own page: guidance until a frame can be used, then one comparison.

import { Camera, send, untilUsable } from "./camera.js";
import { hintOf, refusal, word } from "./words.js";

const AT_MOST_MS = 30000;

const at = document.getElementById("look").dataset.at;
const go = document.getElementById("go");
const say = document.getElementById("say");
const seen = document.getElementById("seen");
const camera = new Camera(document.getElementById("view"));

let looking = null;

const onLook = ({ usable, reason, hint }) => {
  say.textContent = usable ? word("steady") : hintOf(reason, hint);
};

async function outcome(signal) {
  const frame = await untilUsable(camera, { onLook, signal, url: `${at}/detections` });
  if (frame === null) return say.textContent;
  say.textContent = word("comparing");
  const { ok, answer } = await send(`${at}/look`, frame);
  if (ok && answer.answer === "you") {
    say.textContent = word("you");
    location.assign("/me");
  } else if (ok && answer.answer === "not-you") return word("not-you");
  else if (ok) return hintOf(answer.code, answer.hint);
  else return refusal(answer);
  return word("you");
}

async function look() {
  const mine = new AbortController();
  looking = mine;
  const timer = setTimeout(() => mine.abort(), AT_MOST_MS);
  go.textContent = word("stop");
  say.textContent = word("looking");
  seen.hidden = false;
  seen.scrollIntoView({ block: "center" });
  let said;
  try {
    await camera.start();
    said = await outcome(mine.signal);
  } catch (error) {
    said = hintOf(error.name, word("failed"));
  }
  clearTimeout(timer);
  camera.stop();
  looking = null;
  seen.hidden = true;
  say.textContent = said;
  go.textContent = word("once-more");
}

go.addEventListener("click", () => (looking ? looking.abort() : look()));
addEventListener("pagehide", () => camera.stop());
go.disabled = false; // until now nobody would have heard a press
