// Checks in the browser that a leaf is in the log: the steps of `chiso.account`, by WebCrypto.
//
// 1. commitment = SHA-256("chiso/leaf/1" 0x00 ‖ salt ‖ payload)
// 2. leaf hash  = SHA-256(0x00 ‖ commitment)                               (RFC 9162 §2.1.1)
// 3. the root that the inclusion proof implies                             (RFC 9162 §2.1.3.2)
// 4. the root that the checkpoint states, and the Ed25519 signature over it (C2SP signed-note)
//
// WebCrypto is there over HTTPS and on localhost alone.

const encoder = new TextEncoder();

export function bytesOfHex(text) {
  if (!/^([0-9a-f]{2})*$/.test(text)) throw new Error("not hexadecimal");
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

export function bytesOfBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function same(one, other) {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

async function sha256(...parts) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", joined(...parts)));
}

const nodeHash = (left, right) => sha256(Uint8Array.of(1), left, right);

export async function leafHash(saltHex, payload) {
  const domain = encoder.encode("chiso/leaf/1\0");
  const commitment = await sha256(domain, bytesOfHex(saltHex), encoder.encode(payload));
  return sha256(Uint8Array.of(0), commitment);
}

// BigInt, since a log may have more leaves than 2^31, beyond which JavaScript's shifts wrap.
export async function rootFromInclusion(leaf, index, size, path) {
  let place = BigInt(index);
  let last = BigInt(size) - 1n;
  if (place < 0n || place > last) return null;
  let computed = leaf;
  for (const sibling of path) {
    if (last === 0n) return null;
    if (place & 1n || place === last) {
      computed = await nodeHash(sibling, computed);
      while (!(place & 1n) && place) {
        place >>= 1n;
        last >>= 1n;
      }
    } else {
      computed = await nodeHash(computed, sibling);
    }
    place >>= 1n;
    last >>= 1n;
  }
  return last === 0n ? computed : null;
}

export function checkpointOf(note) {
  const end = note.lastIndexOf("\n\n");
  const text = note.slice(0, end + 1);
  const [origin, size, root] = text.split("\n");
  const signatures = note
    .slice(end + 2)
    .split("\n")
    .filter((line) => line.startsWith("— "))
    .map((line) => line.split(" "))
    .filter((words) => words.length === 3)
    .map(([, name, blob]) => ({ name, blob: bytesOfBase64(blob) }));
  return { text, origin, size: Number(size), root: bytesOfBase64(root), signatures };
}

async function isSigned(checkpoint, publicKey) {
  const key = await crypto.subtle.importKey("raw", publicKey, "Ed25519", false, ["verify"]);
  const text = encoder.encode(checkpoint.text);
  for (const each of checkpoint.signatures) {
    if (each.name !== checkpoint.origin || each.blob.length !== 68) continue;
    if (await crypto.subtle.verify("Ed25519", key, each.blob.slice(4), text)) return true;
  }
  return false;
}

// Resolves to {ok, why}: `why` names the first step that failed. `leaf` is one of the leaves of
// log.json of an export, `publicKeyBase64` the log's key.
export async function verifyLeaf(leaf, publicKeyBase64) {
  try {
    const computed = await leafHash(leaf.salt, leaf.payload);
    if (!same(computed, bytesOfHex(leaf.leaf_hash))) return { ok: false, why: "payload" };
    const checkpoint = checkpointOf(leaf.checkpoint);
    const path = leaf.inclusion.map(bytesOfHex);
    const root = await rootFromInclusion(computed, leaf.seq, checkpoint.size, path);
    if (root === null || !same(root, checkpoint.root)) return { ok: false, why: "path" };
    const signed = await isSigned(checkpoint, bytesOfBase64(publicKeyBase64));
    return signed ? { ok: true, why: null } : { ok: false, why: "signature" };
  } catch (error) {
    return { ok: false, why: `unreadable: ${error.message}` };
  }
}
