// Says how far a running audit is, until it is over; then the page is loaded anew.
const step = document.getElementById("step");
const bar = document.getElementById("bar");
const EVERY_MS = 2000;

async function look() {
  const answer = await fetch("/audits/progress", { headers: { Accept: "application/json" } });
  if (answer.ok) {
    const run = await answer.json();
    if (run.over) {
      location.reload();
      return;
    }
    if (run.total) {
      step.textContent = `${run.what} ${run.done} / ${run.total}`;
      bar.max = run.total;
      bar.value = run.done;
    }
  }
  setTimeout(look, EVERY_MS);
}

setTimeout(look, EVERY_MS);
