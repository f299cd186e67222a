"use strict";
// The page as it is written shows the decision. This script fills the list, and lays another position over the page.
(() => {
  const D = JSON.parse(document.getElementById("data").textContent);
  const W = D.words, L = D.labels, FR = D.lang === "fr";
  // the list comes in chunks, which are read when it is opened or the slider is moved
  const V = { motives: [], forms: [] };
  const load = () => {
    if (V.number) return;
    for (const element of document.querySelectorAll("script.chunk")) {
      const chunk = JSON.parse(element.textContent);
      V.motives = V.motives.concat(chunk.motives);
      V.forms = V.forms.concat(chunk.forms);
      for (const [key, column] of Object.entries(chunk.dossiers)) V[key] = (V[key] || []).concat(column);
    }
    V.number = V.number || [];
    V.granted = V.granted || [];
    state.granted = V.granted.slice();
    state.code = (V.code || []).slice();
  };
  // a reason is a form by number, and the figures that fill it
  const motive = (i) => {
    const [form, ...figures] = V.motives[V.motive[i]].split(";");
    if (!figures.length) return V.forms[form];
    return V.forms[form].split("\u0001").map((text, k) => text + (figures[k] ?? "").replaceAll("_", "\u202f")).join("");
  };
  const $ = (id) => document.getElementById(id);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const FIRST = 50, MORE = 200;
  const PLACE = D.groups.department || D.groups.place; // of an application: a department, or what a column names
  const decision = Math.max(0, D.positions.findIndex((one) => one.decision));
  const state = { at: decision, granted: [], code: [], measure: "head", shown: FIRST };

  // figures, as the page itself writes them
  const grouped = (digits) => digits.replace(/\B(?=(\d{3})+$)/g, FR ? "\u202f" : ",");
  const count = (n) => (n === null ? "–" : grouped(String(n)));
  const amount = (cents) => {
    if (cents === null) return "–";
    const rest = cents % 100;
    const text = grouped(String((cents - rest) / 100)) + (rest ? (FR ? "," : ".") + String(rest).padStart(2, "0") : "");
    return FR ? text + "\u00a0€" : "€" + text;
  };
  const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, key) => values[key]);

  // sums over the dossiers, as the tables of the page were summed
  const sums = (key) => {
    const group = D.groups[key], size = group.names.length;
    const granted = new Array(size).fill(0), funded = new Array(size).fill(0), filed = new Array(size).fill(0);
    group.of.forEach((k, i) => { filed[k] += 1; granted[k] += state.granted[i]; funded[k] += state.granted[i] > 0 ? 1 : 0; });
    const head = granted.map((cents, k) => (group.population[k] ? cents / group.population[k] : null));
    const rate = funded.map((n, k) => (filed[k] ? (100 * n) / filed[k] : null));
    return { amount: granted, count: funded, head, rate };
  };

  const drawTable = (key) => {
    const found = sums(key);
    for (const row of all(`table[data-group="${key}"] tr[data-k]`)) {
      const k = Number(row.dataset.k);
      for (const cell of all("[data-of]", row)) {
        if (cell.dataset.of === "funded") cell.textContent = count(found.count[k]);
        else if (cell.dataset.of === "granted") cell.textContent = amount(found.amount[k]);
        else cell.textContent = found.head[k] === null ? "–" : amount(Math.floor(found.head[k] + 0.5));
      }
    }
    return found;
  };

  const shadeOf = (value, bounds) => {
    if (!value) return D.nothing;
    const k = bounds.filter((bound) => value >= bound).length, n = bounds.length + 1;
    return D.fills[n === D.fills.length ? k : Math.round((k * (D.fills.length - 1)) / Math.max(n - 1, 1))];
  };

  const drawMap = () => {
    const group = D.groups.department;
    if (!group) return;
    const found = sums("department"), values = found[state.measure], bounds = D.bounds[state.measure];
    const number = new Map(group.codes.map((code, k) => [code, k]));
    for (const shape of all("#map path[data-code]")) {
      const k = number.get(shape.dataset.code);
      shape.setAttribute("fill", shadeOf(values[k], bounds));
      const head = found.head[k] === null ? "–" : amount(Math.floor(found.head[k] + 0.5));
      shape.firstElementChild.textContent =
        `${group.names[k]} (${shape.dataset.code})${W.colon}${amount(found.amount[k])}, ${head}` +
        `${FR ? " par habitant, " : " per head, "}${counted(found.count[k])}`;
    }
    for (const legend of all(".legend")) legend.hidden = legend.dataset.measure !== state.measure;
  };
  const counted = (n) => filled((FR ? n < 2 : n === 1) ? W.found_1 : W.found_n, { n: count(n) });

  const largest = Math.max(1, ...D.positions.flatMap((one) => (one.envelopes || []).map((e) => Math.max(e[0] || 0, e[1]))));
  const drawEnvelopes = (position) => {
    for (const row of all("tr[data-line]")) {
      const members = D.lines[Number(row.dataset.line)].map((k) => position.envelopes[k]);
      const total = [0, 1, 2, 3].map((j) =>
        members.some((one) => one[j] === null) ? null : members.reduce((sum, one) => sum + one[j], 0));
      for (const cell of all("[data-of]", row)) {
        const j = Number(cell.dataset.of);
        cell.textContent = j >= 3 ? count(total[j]) : amount(total[j]);
      }
      const wide = (cents) => Math.round((1000 * cents) / largest);
      const left = row.querySelector(".left");
      row.querySelector(".granted").setAttribute("width", wide(total[1]));
      left.setAttribute("x", wide(total[1]));
      left.setAttribute("width", total[2] ? Math.max(3, wide(total[2])) : 0);
    }
  };

  const told = (position) =>
    position.why !== undefined
      ? filled(W.impossible, { amount: amount(position.amount), why: position.why })
      : filled(W.at, { amount: amount(position.amount), proof: position.proof });

  const move = (k) => {
    const position = D.positions[k], here = k === decision, possible = position.why === undefined;
    const banner = $("variant");
    banner.hidden = here;
    banner.textContent = here ? "" : possible
      ? filled(W.variant, { amount: amount(position.amount), proof: position.proof }) : told(position);
    $("moved").textContent = told(position);
    $("range").setAttribute("aria-valuetext", told(position));
    all("#positions tbody tr").forEach((row, i) => row.classList.toggle("moved", i === k));
    if (!possible) return;
    state.at = k;
    state.granted = V.granted.slice();
    state.code = V.code.slice();
    position.rows.forEach((row, i) => { state.granted[row] = position.granted[i]; state.code[row] = position.code[i]; });
    for (const part of all("[data-decision]")) part.hidden = !here;
    all("[data-total]").forEach((cell) => {
      const j = Number(cell.dataset.total);
      cell.textContent = j >= 3 ? count(position.totals[j]) : amount(position.totals[j]);
    });
    drawEnvelopes(position);
    Object.keys(D.groups).forEach(drawTable);
    drawMap();
    list();
  };

  // the list: plain text into cells, never markup
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  let words = [];
  const index = () => {
    if (words.length) return;
    words = V.number.map((number, i) => plain([number, V.title[i], V.applicant[i], motive(i)].join(" \n")));
  };
  const closed = (i) => D.codes.closed[state.code[i]] === 1;
  const reserved = (i) => D.codes.names[state.code[i]] === "reserve";
  const wordOf = (i) => (closed(i) ? W.excluded : reserved(i) ? W.reserve : W.not_selected);
  const shownIn = (i, asked) => {
    const kept = state.granted[i] > 0, was = V.granted[i] > 0;
    switch (asked.decision) {
      case "new": if (!kept || V.committed[i]) return false; break;
      case "committed": if (!V.committed[i]) return false; break;
      case "left-out": if (kept || closed(i)) return false; break;
      case "reserve": if (kept || !reserved(i)) return false; break;
      case "excluded": if (kept || !closed(i)) return false; break;
      case "enter": if (!kept || was) return false; break;
      case "leave": if (kept || !was) return false; break;
    }
    if (asked.envelope !== "" && V.envelope[i] !== Number(asked.envelope)) return false;
    if (asked.department !== "" && PLACE.of[i] !== Number(asked.department)) return false;
    if (asked.terms.length) index();
    return asked.terms.every((term) => words[i].includes(term) || plain(reason(i)).includes(term));
  };
  const reason = (i) => (state.at === decision && motive(i)) ||
    D.codes[state.granted[i] > 0 ? "funded" : "refused"][state.code[i]];

  const cell = (row, label, text, kind = "", tag = "td") => {
    const td = document.createElement(tag);
    row.append(td);
    td.dataset.label = label;
    td.setAttribute("role", tag === "th" ? "rowheader" : "cell");
    if (tag === "th") td.scope = "row";
    if (kind) td.className = kind;
    const span = document.createElement("span");
    span.textContent = text;
    td.append(span);
    return span;
  };
  const foreign = (element, tongue) => { if (tongue !== D.lang) element.lang = tongue; };
  const addRow = (body, i) => {
    const row = body.insertRow();
    row.setAttribute("role", "row");
    const link = document.createElement("a");
    link.href = `#${encodeURIComponent(V.number[i])}`;
    link.textContent = V.number[i];
    cell(row, L.number, "", "", "th").append(link);
    if (V.number[i] === state.target) row.className = "target";
    const title = cell(row, L.title, V.title[i]);
    foreign(title, D.own);
    const who = document.createElement("span");
    who.className = "who";
    who.textContent = V.applicant[i];
    title.append(who);
    if (PLACE) cell(row, L.department, (D.groups.department ? PLACE.codes : PLACE.names)[PLACE.of[i]]);
    cell(row, L.envelope, V.envelope[i] < 0 ? "" : D.envelopes[V.envelope[i]]);
    cell(row, L.requested, amount(V.requested[i]), "n");
    const kept = state.granted[i] > 0, was = V.granted[i] > 0;
    const granted = cell(row, L.decision_of, kept ? amount(state.granted[i]) : wordOf(i), kept ? "n kept" : "n");
    if (kept !== was) {
      const mark = document.createElement("span");
      mark.className = "change";
      mark.textContent = kept ? W.entered : W.left;
      granted.append(mark);
    }
    const why = cell(row, L.why, reason(i));
    if (state.at === decision && !D.explained) foreign(why, D.told);
  };

  const list = () => {
    if (!$("list") || !$("dossiers").open) return;
    const chosen = (id) => ($(id) ? $(id).value : "");
    const asked = {
      decision: chosen("decision-of"), envelope: chosen("in-envelope"), department: chosen("in-department"),
      terms: plain(chosen("search")).split(/\s+/).filter(Boolean),
    };
    const found = V.number.map((_, i) => i).filter((i) => shownIn(i, asked));
    const body = $("list").tBodies[0];
    body.replaceChildren();
    found.slice(0, state.shown).forEach((i) => addRow(body, i));
    const left = found.length - Math.min(found.length, state.shown);
    const money = amount(found.reduce((sum, i) => sum + state.granted[i], 0));
    $("found").textContent = found.length === 0 ? W.none
      : `${counted(found.length)}, ${filled(W.granted, { amount: money })}` +
        (left ? `, ${filled(W.shown, { n: count(found.length - left) })}` : "");
    $("more").hidden = left === 0;
    $("every").hidden = left === 0;
  };
  const anew = () => { state.shown = FIRST; list(); };

  const option = (select, value, text) => {
    const made = document.createElement("option");
    made.value = value;
    made.textContent = text;
    select.append(made);
  };
  let filled_in = false;
  const fill = () => {
    load();
    if (filled_in || !$("list")) return;
    filled_in = true;
    const filed = new Set(V.envelope);
    D.envelopes.forEach((title, k) => { if (filed.has(k)) option($("in-envelope"), k, title); });
    if (PLACE) {
      const present = new Set(PLACE.of);
      PLACE.names.forEach((name, k) => { if (present.has(k)) option($("in-department"), k, `${PLACE.codes[k]} ${name}`.trim()); });
    }
    $("filters").hidden = $("list").hidden = false;
    list();
  };
  // a link to a part of the page unfolds it; a link to a dossier finds it in the list
  const follow = () => {
    const name = decodeURIComponent(location.hash.slice(1));
    if (!name) return;
    let element = document.getElementById(name);
    if (!element && $("list")) {
      fill();
      const known = V.number.find((one) => one.toLowerCase() === name.toLowerCase());
      state.target = known;
      $("search").value = known || name; // an unknown number finds nothing, and the list says so
      $("dossiers").open = true;
      anew();
      element = document.querySelector("#list tr.target");
    }
    if (!element) return;
    for (let one = element; one; one = one.parentElement) if (one.tagName === "DETAILS") one.open = true;
    element.scrollIntoView();
  };
  const start = () => {
    for (const id of ["decision-of", "in-envelope", "in-department"]) $(id)?.addEventListener("change", anew);
    let waiting = 0;
    $("search")?.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(anew, 120); });
    $("filters")?.addEventListener("submit", (event) => event.preventDefault());
    $("more")?.addEventListener("click", () => { state.shown += MORE; list(); });
    $("every")?.addEventListener("click", () => { state.shown = Infinity; list(); });
    $("dossiers").addEventListener("toggle", () => { if ($("dossiers").open) { fill(); list(); } });
    for (const radio of all('input[name="measure"]'))
      radio.addEventListener("change", () => { load(); state.measure = radio.value; drawMap(); });
    if ($("measures") && (document.querySelector("script.chunk"))) $("measures").disabled = false;
    if (D.positions.length) {
      load();
      if (V.number.length) {
        $("range").disabled = false;
        $("range").value = decision;
        $("range").addEventListener("input", (event) => move(Number(event.target.value)));
        move(decision);
      }
    }
    addEventListener("hashchange", follow);
    let opened = [];
    addEventListener("beforeprint", () => {
      opened = all("details:not([open])").filter((one) => !one.classList.contains("data"));
      opened.forEach((one) => { one.open = true; });
    });
    addEventListener("afterprint", () => opened.forEach((one) => { one.open = false; }));
    follow();
  };
  start();
})();
