// The transport of the page that tnt-sim app serves: what a notebook's kernel is to the widget, a server is here.
// Events are sent one after the other; the next one may first cancel the answer to the last.

import page from "./page.js";

const STAY_MS = 60000;

const el = document.getElementById("page");
const words = JSON.parse(el.dataset.words);
const tab = `/tabs/${el.dataset.tab}`;
const listeners = [];

const post = (verb, body) =>
  fetch(`${tab}/${verb}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

function hear(line) {
  const { data, ...reply } = JSON.parse(line);
  const buffers = data === undefined ? [] : [Uint8Array.from(atob(data), (sign) => sign.charCodeAt(0))];
  for (const listener of listeners) listener(reply, buffers);
}

async function send(event) {
  try {
    const answer = await post("events", event);
    if (answer.status === 410) { location.reload(); return; } // freed meanwhile: its settings are in the address
    if (!answer.ok) throw new Error(String(answer.status));
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      lines.forEach(hear);
    }
  } catch {
    for (const listener of listeners) listener({ said: words.gone, kind: "bad", done: true }, []);
  }
}

const kept = `tnt-sim ${el.dataset.scenario}`; // the steps of this tab, which end with it

const model = {
  keep: (steps) => { try { sessionStorage.setItem(kept, JSON.stringify(steps)); } catch { /* full, or forbidden: the address has the settings */ } },
  recall: () => { try { return JSON.parse(sessionStorage.getItem(kept)); } catch { return null; } },
  get: (name) => ({ words, frame: null })[name],
  on: (name, listener) => listeners.push(listener),
  send,
  cancel: (n) => post("cancel", { n }).catch(() => {}),
};

page.render({ model, el });
setInterval(() => post("stay", {}).then((answer) => { if (answer.status === 410 && document.hidden === false) location.reload(); }).catch(() => {}), STAY_MS);
addEventListener("pagehide", () => navigator.sendBeacon(`${tab}/close`, "{}"));
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
