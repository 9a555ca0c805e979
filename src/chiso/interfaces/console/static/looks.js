// Sends frames to the server, one after the other, until one of them is answered.

import { send } from "./camera.js";
import { hintOf } from "./words.js";

const WAKES_MS = 600; // a camera's first frames are dark
const PAUSE_MS = 300;
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

export const awake = () => pause(WAKES_MS);

// Resolves to {status, ok, answer} of the first frame that is answered with something else than
// "again", else to {answer: {answer: "again", hint}} when the time is up or `signal` aborts.
// `body(frame)`: what is sent. `onHint(text)`: what to do, as long as no frame can be used.
export async function untilAnswered(
  camera,
  url,
  { signal, onHint, atMostMs = 15000, pauseMs = PAUSE_MS, widthPx, body = (frame) => frame },
) {
  const until = Date.now() + atMostMs;
  let hint = "";
  while (!signal.aborted && Date.now() < until) {
    const frame = await camera.frame(widthPx);
    if (frame !== null) {
      const { status, ok, answer } = await send(url, body(frame));
      const isBusy = status === 429 && answer.code !== "too-many-attempts";
      if (!isBusy && !(ok && answer.answer === "again")) return { status, ok, answer };
      hint = isBusy ? hintOf("busy") : hintOf(answer.code, answer.hint);
      if (!signal.aborted) onHint(hint);
    }
    await pause(pauseMs);
  }
  return { status: 200, ok: true, answer: { answer: "again", hint } };
}

// A form with a card's code and the photo beside it.
export const withCard = (card) => (frame) => {
  const form = new FormData();
  form.append("card", card);
  form.append("photo", frame, "frame.jpg");
  return form;
};
