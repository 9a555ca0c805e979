// The camera: shown only to who stands before it, and no frame is kept anywhere.
//
// Guidance comes from the server, by the limits that enrolment itself has (`/v1/detections`): what
// it says of a dark face and of a light one is the same code, which never looks at how bright a
// face is. Frames are sent one after the other, never in parallel.

const WIDTH_PX = 640;
const PAUSE_MS = 250;

export class Camera {
  #video;
  #stream = null;

  constructor(video) {
    this.#video = video;
  }

  get isOn() {
    return this.#stream !== null;
  }

  // Rejects with an Error whose `name` is the browser's (NotAllowedError, NotFoundError, …).
  async start() {
    if (!navigator.mediaDevices) {
      throw Object.assign(new Error("no camera over plain HTTP"), { name: "InsecureError" });
    }
    const wanted = { facingMode: "user", width: { ideal: 1280 }, height: { ideal: 720 } };
    this.#stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
    this.#video.srcObject = this.#stream;
    await this.#video.play();
  }

  stop() {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = null;
    this.#video.srcObject = null;
  }

  // One frame as a JPEG, not mirrored; null while the camera has none yet.
  async frame(widthPx = WIDTH_PX) {
    const { videoWidth, videoHeight } = this.#video;
    if (!this.isOn || !videoWidth) return null;
    const canvas = document.createElement("canvas");
    canvas.width = Math.min(widthPx, videoWidth);
    canvas.height = Math.round((videoHeight * canvas.width) / videoWidth);
    canvas.getContext("2d").drawImage(this.#video, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.92));
    canvas.width = canvas.height = 0; // lets go of the pixels
    return blob;
  }
}

// `photo`: a JPEG, or a form that holds one.
export async function send(url, photo) {
  const response = await fetch(url, {
    method: "POST",
    body: photo,
    headers: {
      Accept: "application/json",
      ...(photo instanceof FormData ? {} : { "Content-Type": "image/jpeg" }),
    },
    credentials: "same-origin",
    cache: "no-store",
  });
  const answer = await response.json().catch(() => ({}));
  return { status: response.status, ok: response.ok, answer };
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// Looks at frames until one can be used, telling `onLook({usable, reason, hint, faces})` about each;
// resolves to that frame, or to null when `signal` aborts. `steady`: so many usable in a row.
export async function untilUsable(camera, { onLook, signal, steady = 2, url = "/v1/detections" }) {
  let inARow = 0;
  while (!signal?.aborted) {
    const frame = await camera.frame();
    if (frame !== null) {
      const { status, ok, answer } = await send(url, frame);
      if (signal?.aborted) return null;
      if (ok) {
        const look = lookOf(answer);
        inARow = look.usable ? inARow + 1 : 0;
        onLook(look);
        if (inARow >= steady) return frame;
      } else if (status !== 429) {
        onLook({ usable: false, reason: answer.code, hint: answer.hint ?? "", faces: 0 });
        if (status === 401 || status === 403) return null;
      }
    }
    await pause(PAUSE_MS);
  }
  return null;
}

function lookOf(answer) {
  const faces = answer.faces ?? [];
  if (faces.length === 1) {
    const [{ usable, reason, hint }] = faces;
    return { usable, reason, hint, faces: 1 };
  }
  if (faces.length > 1) return { usable: false, reason: "several-faces", hint: "", faces: faces.length };
  return { usable: false, reason: answer.reason ?? "no-face", hint: answer.hint ?? "", faces: 0 };
}
