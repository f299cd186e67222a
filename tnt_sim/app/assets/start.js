// The page that begins with a table: it sends the bytes of a file, then what the planner says of it, then the amount.

const page = document.getElementById("page");
const words = JSON.parse(page.dataset.words);
const most = Number(page.dataset.most);
const input = document.getElementById("table");
const pane = (name) => page.querySelector(`[data-part="${name}"]`);
let key = "", stated = {}, busy = false;

const bar = page.querySelector("[data-status]");
const status = (text, kind = "") => { bar.textContent = text; bar.dataset.kind = kind; };

async function ask(verb, body, headers) {
  if (busy) return null;
  busy = true;
  page.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(`/start/${verb}`, { method: "POST", headers, body });
    const reply = (answer.headers.get("Content-Type") || "").startsWith("application/json") ? await answer.json() : null;
    if (reply === null) throw new Error(String(answer.status));
    return reply;
  } catch {
    return { sentence: words.gone, kind: "bad" };
  } finally {
    busy = false;
    page.removeAttribute("aria-busy");
  }
}

function show(reply, panel) {
  if (reply === null) return;
  if (reply.key !== undefined) key = reply.key;
  if (reply.html !== undefined) {
    const focused = document.activeElement && document.activeElement.id;
    const open = [...page.querySelectorAll("details[open][id]")].map((one) => one.id);
    const amount = document.getElementById("amount") && document.getElementById("amount").value;
    pane("review").innerHTML = reply.html;
    for (const id of open) { const one = document.getElementById(id); if (one) one.open = true; }
    if (panel === "trouble" && amount) document.getElementById("amount").value = amount;
    const back = focused && document.getElementById(focused);
    if (back && back !== document.activeElement) back.focus();
  }
  status(reply.sentence || "", reply.kind);
  for (const name of ["defects", "trouble", "refusal"]) if (pane(name)) pane(name).innerHTML = panel === name ? reply.defects || "" : "";
}

const json = { "Content-Type": "application/json" };

async function give(list) {
  const file = list && list[0];
  if (!file || busy) return;
  stated = {};
  if (file.size > most) { show({ sentence: page.dataset.limit, kind: "bad", key: "", html: "" }, "defects"); return; }
  status(words.busy);
  const named = { "Content-Type": "application/octet-stream", "X-File-Name": encodeURIComponent(file.name) };
  const reply = await ask("table", file, named);
  show(reply, "defects");
  if (reply && list.length > 1 && reply.kind === "good") status(`${words.several} ${reply.sentence}`, "note");
  const head = document.getElementById("h-reading");
  if (head) { head.focus(); head.scrollIntoView({ block: "start" }); }
}

function note(one) {
  const { answer, name, value } = one.dataset;
  if (answer === "columns" && one.value) stated.columns = { ...stated.columns, [name]: one.value };
  else if (answer === "values" && one.value) stated.values = { ...stated.values, [name]: { ...(stated.values || {})[name], [value]: one.value } };
  else if (answer === "take") {
    const rows = { take: stated.take || [], drop: stated.drop || [] }, row = Number(one.value);
    for (const kind of ["take", "drop"]) rows[kind] = rows[kind].filter((other) => other !== row);
    rows[one.checked ? "take" : "drop"].push(row);
    Object.assign(stated, rows);
  }
  else if (answer === "header_row") stated.header_row = Number(one.value);
  else if (one.value) stated[answer] = one.value;
}

input.addEventListener("change", () => give(input.files));
addEventListener("dragover", (event) => { event.preventDefault(); page.classList.add("dragging"); });
addEventListener("dragleave", (event) => { if (event.relatedTarget === null) page.classList.remove("dragging"); });
addEventListener("drop", (event) => { event.preventDefault(); page.classList.remove("dragging"); give(event.dataTransfer.files); });

async function answer() {
  while (!busy && Object.keys(stated).length) { // what is touched meanwhile goes with the next reading
    const answers = stated;
    stated = {};
    status(words.busy);
    show(await ask("answers", JSON.stringify({ key, answers }), json), "trouble");
  }
}

page.addEventListener("change", (event) => {
  if (!event.target.dataset.answer) return;
  note(event.target);
  answer();
});

page.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (event.target.dataset.form !== "open") { answer(); return; }
  if (busy) return;
  status(words.opening);
  const answers = stated;
  stated = {};
  const reply = await ask("open", JSON.stringify({ key, answers, amount: document.getElementById("amount").value }), json);
  if (reply && reply.address) { location.assign(reply.address); return; }
  show(reply, "refusal");
  document.getElementById("amount").focus();
});
