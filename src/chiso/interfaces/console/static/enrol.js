// Enrolling: a signature drawn by hand, and photos from the camera or a file.
//
// Photos are held by the page's own file field alone, and go when the page goes. What guides the
// person comes from the server by the limits of enrolment, and is the same for everyone.

import { Camera, untilUsable, send } from "./camera.js";
import { hintOf, word } from "./words.js";

const LOOK = "/v1/detections?limits=enrolment";
const INK = "#12161a";
const MOST_DRAWN_CHARACTERS = 48_000;
const byId = (id) => document.getElementById(id);

function signature(pad) {
  const field = byId("drawn");
  const pen = pad.getContext("2d");
  const wipe = () => {
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, pad.width, pad.height);
    field.value = "";
  };
  const place = ({ clientX, clientY }) => {
    const box = pad.getBoundingClientRect();
    return [((clientX - box.left) * pad.width) / box.width, ((clientY - box.top) * pad.height) / box.height];
  };
  const keep = () => {
    const drawn = pad.toDataURL("image/png").split(",")[1];
    field.value = drawn.length <= MOST_DRAWN_CHARACTERS ? drawn : "";
    byId("way-drawn").checked = true;
  };
  let before = null;
  const stroke = (event) => {
    if (before === null) return;
    const now = place(event);
    pen.beginPath();
    pen.moveTo(...before);
    pen.lineTo(...now);
    pen.stroke();
    before = now;
  };
  pad.addEventListener("pointerdown", (event) => {
    pad.setPointerCapture(event.pointerId);
    before = place(event);
    stroke(event);
  });
  pad.addEventListener("pointermove", stroke);
  for (const end of ["pointerup", "pointercancel"]) {
    pad.addEventListener(end, () => {
      if (before !== null) keep();
      before = null;
    });
  }
  byId("clear").addEventListener("click", wipe);
  const drawnBefore = field.value;
  Object.assign(pen, { lineWidth: 4, lineCap: "round", strokeStyle: INK });
  wipe();
  if (drawnBefore) {
    const picture = new Image();
    picture.addEventListener("load", () => pen.drawImage(picture, 0, 0));
    picture.src = `data:image/png;base64,${drawnBefore}`;
    field.value = drawnBefore;
  }
  byId("way-of-drawing").hidden = false;
}

function photos(form) {
  const most = Number(form.dataset.most);
  const [field, thumbs, guidance] = [byId("photo"), byId("thumbs"), byId("guidance")];
  const [video, viewer, start, stop] = [byId("video"), byId("viewer"), byId("start"), byId("stop")];
  const camera = new Camera(video);
  let held = [];
  let looking = null;

  const tell = (text) => {
    if (guidance.textContent !== text) guidance.textContent = text;
  };
  const say = (name) => tell(word(name));
  const show = () => {
    const carrier = new DataTransfer();
    for (const { file } of held) carrier.items.add(file);
    field.files = carrier.files;
    thumbs.replaceChildren(...held.map(thumb));
    start.disabled = held.length >= most;
  };
  const thumb = (photo, index) => {
    const item = document.createElement("li");
    const picture = document.createElement("img");
    picture.src = photo.url;
    picture.alt = `${thumbs.dataset.name} ${index + 1}`;
    const remove = document.createElement("button");
    remove.type = "button";
    remove.className = "quiet";
    remove.textContent = thumbs.dataset.remove;
    remove.setAttribute("aria-label", `${thumbs.dataset.remove}: ${picture.alt}`);
    remove.addEventListener("click", () => {
      URL.revokeObjectURL(photo.url);
      held = held.filter((each) => each !== photo);
      show();
      start.focus();
    });
    item.append(picture, remove);
    return item;
  };
  const add = (file) => {
    if (held.length >= most) return;
    held = [...held, { file, url: URL.createObjectURL(file) }];
    show();
  };
  const end = () => {
    looking?.abort();
    looking = null;
    camera.stop();
    viewer.hidden = stop.hidden = true;
    viewer.classList.remove("usable");
    start.hidden = false;
  };

  start.addEventListener("click", async () => {
    looking = new AbortController();
    const { signal } = looking;
    try {
      say("starting");
      viewer.hidden = stop.hidden = false;
      start.hidden = true;
      await camera.start();
      const onLook = ({ usable, reason, hint }) => {
        viewer.classList.toggle("usable", usable);
        tell(word(usable ? "usable" : reason) || hintOf(reason, hint));
      };
      const frame = await untilUsable(camera, { onLook, signal, url: LOOK });
      if (frame !== null) {
        add(new File([frame], `photo-${held.length + 1}.jpg`, { type: "image/jpeg" }));
        say(held.length >= most ? "enough" : "taken");
      } else if (signal.aborted) {
        guidance.textContent = "";
      }
    } catch (error) {
      const known = {
        NotAllowedError: "no-permission",
        InsecureError: "insecure",
        TypeError: "no-answer", // what fetch throws
      };
      say(known[error.name] ?? "no-camera");
    }
    if (looking?.signal === signal) {
      end();
      (start.disabled ? byId("go") : start).focus();
    }
  });
  stop.addEventListener("click", () => {
    end();
    start.focus();
  });
  field.addEventListener("change", async () => {
    const chosen = [...field.files];
    show(); // until they were looked at, the field holds what was good before
    let leftOut = ""; // stays said, whatever else was chosen with it
    for (const file of chosen) {
      say("looking");
      const { ok, answer } = await send(LOOK, file).catch(() => ({ ok: false, answer: {} }));
      const face = answer.faces?.length === 1 ? answer.faces[0] : null;
      if (!ok || face?.usable) {
        add(file); // where nobody can tell, enrolling will
        say(held.length >= most ? "enough" : "taken");
      } else {
        const reason = face?.reason ?? (answer.faces?.length > 1 ? "several-faces" : answer.reason);
        leftOut = `${word("left-out")} ${hintOf(reason, answer.hint)}`;
      }
    }
    if (leftOut) guidance.textContent = leftOut;
  });
  form.addEventListener("submit", (event) => {
    end();
    const isEnrolling = event.submitter?.id === "go";
    field.disabled = !isEnrolling; // photos go nowhere but to be enrolled
    setTimeout(() => {
      field.disabled = false;
      byId("go").disabled = isEnrolling;
    });
  });
  addEventListener("pageshow", () => (byId("go").disabled = false));
  addEventListener("pagehide", end);
  byId("camera").hidden = false;
}

const [pad, form, print] = [byId("pad"), byId("enrol"), byId("print")];
if (pad) signature(pad);
if (form) photos(form);
if (print) {
  print.hidden = false;
  print.addEventListener("click", () => window.print());
}
