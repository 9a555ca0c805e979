// Verify: checks in this browser that an entry stands in the log, and shows each step.

import { checkpointOf, verifyLeaf } from "./proof.js";
import { word } from "./words.js";

const STEPS = ["payload", "path", "signature"];

let log = null;
const logOfMine = () => (log ??= fetch("/me/log.json", { cache: "no-store" }).then((answer) => {
  if (!answer.ok) throw new Error(`${answer.status}`);
  return answer.json();
}));

function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text) made.textContent = text;
  if (className) made.className = className;
  return made;
}

// `why`: what the browser says of it, which is in its own words.
function unchecked(why) {
  const said = element("p", `${word("cannot")} `, "over");
  said.append(element("code", why));
  return said;
}

function stepOf(name, leaf, key, state) {
  const checkpoint = checkpointOf(leaf.checkpoint);
  const [, , root] = checkpoint.text.split("\n");
  const shown = { payload: leaf.leaf_hash, path: root, signature: key }[name];
  const text = word(name).replace("{steps}", leaf.inclusion.length).replace("{size}", checkpoint.size);
  const item = element("li", "", state);
  item.append(element("b", word(state)), ` ${text} `, element("code", shown));
  return item;
}

function shownAs(leaf, key, { ok, why }) {
  const failed = STEPS.indexOf(why);
  if (!ok && failed < 0) return [unchecked(why)];
  const steps = element("ol");
  STEPS.forEach((name, place) => {
    const state = ok || place < failed ? "yes" : place === failed ? "no" : "open";
    steps.append(stepOf(name, leaf, key, state));
  });
  const letter = element("details");
  letter.append(element("summary", word("letter")), element("pre", leaf.payload));
  return [element("p", word(ok ? "holds" : "fails"), ok ? "good" : "bad"), steps, letter];
}

async function verify(button) {
  const seq = Number(button.dataset.seq);
  const proof = document.getElementById(`proof-${seq}`);
  proof.replaceChildren(element("p", word("checking")));
  button.disabled = true;
  try {
    const { leaves, public_key: key } = await logOfMine();
    const leaf = leaves.find((each) => each.seq === seq);
    proof.replaceChildren(...shownAs(leaf, key, await verifyLeaf(leaf, key)));
  } catch (error) {
    log = null;
    proof.replaceChildren(unchecked(error.message));
  }
  button.disabled = false;
  button.focus();
}

const buttons = document.querySelectorAll("button.verify");
const canCheck = Boolean(globalThis.crypto?.subtle);
document.getElementById("cannot").hidden = canCheck;
for (const button of buttons) {
  button.disabled = !canCheck;
  button.addEventListener("click", () => verify(button));
}
