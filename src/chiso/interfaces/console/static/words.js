// Words of a page's templates, so that every sentence is in the reader's language.

const texts = (id, name) =>
  Object.fromEntries(
    Array.from(document.getElementById(id)?.content.children ?? [], (each) => [
      each.dataset[name],
      each.textContent,
    ]),
  );

const words = texts("words", "word");
const hints = texts("hints", "code");

export const word = (name) => words[name] ?? "";

// What to do about a refusal, or about a browser's error by its name.
export const hintOf = (code, otherwise) => hints[code] ?? otherwise ?? "";

// What a problem's answer says: in the reader's language where its code is known to these pages.
export const refusal = ({ code, detail, hint }) =>
  hintOf(code, detail ? `${detail} ${hint}` : word("failed"));
