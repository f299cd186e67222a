// The thin shell of the planner's page. Everything that is said or decided comes from Python (tnt_sim/app): this
// script sends what was touched, puts the parts that come back in their places, and keeps the address in step.

const SLOW_MS = 90000, CANCEL_MS = 250;
const NARROW = 720; // pixels of a cell up to which settings and results stand one below the other: as in cell.css
const BEHIND = ["curve", "beside"]; // computed behind what is seen, and ended by whatever comes
const VIEWS = ["curve", "beside", "name", "pair", "search", "show", "department", "envelope", "unfilter", "present", "share", "more", "save", "compare", "export", "address", "longer"];

function render({ model, el }) {
  const cell = model.get("frame") !== null; // of a notebook; else the page is there already, and is the document
  const root = cell ? openCell(model, el) : el.querySelector("[data-page]");
  const tree = root.getRootNode(); // ids and the focus are those of the document, or of the cell alone
  const words = model.get("words");
  const foldAll = () => { for (const fold of root.querySelectorAll("details.fold")) fold.open = false; };
  if (!cell) {
    document.documentElement.dataset.started = "";
    if (matchMedia("(max-width: 68rem)").matches) foldAll();
  }
  const status = root.querySelector("[data-status]");
  const queue = new Map();
  let busy = "", asked = "", said = "", quiet = 0, hurry = 0, late = 0, n = 0, began = 0;

  let anchor = null; // the control touched last: a conflict opens beside it

  let settings = ""; // in a notebook they have no address
  const fragment = () => (cell ? settings : location.hash.slice(1));

  function send(event) {
    const each = event.do === "undo" || event.do === "redo"; // every one counts
    const key = each ? Symbol(event.do) : `${event.do} ${event.id ?? ""}`;
    if (busy) {
      queue.delete(key); // the last value of a thing is the only one that counts
      queue.set(key, event);
      if (BEHIND.includes(busy) || !VIEWS.includes(event.do)) supersede();
      return;
    }
    busy = event.do;
    began = performance.now();
    if (!BEHIND.includes(busy)) {
      root.setAttribute("aria-busy", "true");
      const views = VIEWS.includes(busy);
      hurry = setTimeout(() => { status.textContent = words.busy; status.dataset.kind = "busy"; if (!views) root.dataset.answer ||= "old"; }, 120);
    }
    clearTimeout(quiet);
    quiet = setTimeout(() => { status.textContent = words.lost; status.dataset.kind = "bad"; }, SLOW_MS);
    n += 1;
    const last = [...queue.values()].at(-1);
    model.send({ ...event, n, more: Boolean(model.cancel && last && !VIEWS.includes(last.do) && !VIEWS.includes(event.do)) });
  }

  function supersede() { // a new setting ends the answer to the last one, which is given a moment first
    if (!model.cancel || late) return;
    const running = n;
    late = setTimeout(() => { late = 0; if (busy && running === n) model.cancel(n); }, BEHIND.includes(busy) ? 0 : Math.max(0, CANCEL_MS - (performance.now() - began)));
  }

  function rest() {
    clearTimeout(quiet);
    clearTimeout(late);
    late = 0;
    clearTimeout(hurry);
    busy = "";
    const [next] = queue;
    if (next) {
      queue.delete(next[0]);
      send(next[1]);
      return;
    }
    root.removeAttribute("aria-busy");
    status.textContent = said;
    root.dataset.answers = String(Number(root.dataset.answers ?? 0) + 1);
    draw(tree.activeElement);
  }

  const isAmount = (input) => input?.type === "range" && input.dataset.do === "amount" && root.contains(input);
  const curve = (slider) => root.querySelector(`[data-part="curve-${slider.id.slice(7)}"] .curve`);

  function draw(slider) { // the curve under a slider, once for the same settings
    if (!isAmount(slider) || curve(slider) || asked === slider.id + fragment()) return;
    asked = slider.id + fragment();
    send({ do: "curve", id: slider.dataset.id, short: !model.cancel });
  }

  function follow(slider) { // the mark and the sentence are there before the answer is
    const box = isAmount(slider) ? curve(slider) : null;
    if (!box) return;
    const places = JSON.parse(box.dataset.places);
    const share = Math.min(1, Math.max(0, (Number(slider.value) - places.low) / (places.high - places.low)));
    box.querySelector(".here").setAttribute("transform", `translate(${places.start + share * (places.stop - places.start)} 0)`);
    box.querySelector("[data-says]").textContent = places.says[Math.round((Number(slider.value) - places.first) / places.step)] ?? "";
  }

  function put(name, html) {
    const place = root.querySelector(`[data-part="${CSS.escape(name)}"]`);
    if (!place || place.dataset.html === html) return;
    const active = tree.activeElement;
    const focus = place.contains(active) ? active.id : "";
    place.innerHTML = html;
    place.dataset.html = html;
    if (focus) tree.getElementById(focus)?.focus();
  }

  function show(node, block) {
    node.scrollIntoView({ block });
    if (cell) root.scrollIntoView({ block: "nearest" }); // the summary at the head of the box too
  }

  function place(soft) {
    const trouble = root.querySelector('[data-part="trouble"]');
    const beside = trouble.childElementCount && anchor?.isConnected ? anchor : null;
    if (beside && beside.nextElementSibling !== trouble) beside.after(trouble);
    else if (!beside && trouble.parentElement !== body) body.prepend(trouble);
    if (!beside || soft) return;
    const both = beside.offsetHeight + trouble.offsetHeight < (cell ? root.clientHeight : innerHeight) - band.offsetHeight;
    if (both) show(trouble, "nearest");
    else show(beside, "start"); // the control, and the head of what clashes below it
  }

  function markPlace() { // the department that the list shows, on the map
    const code = root.querySelector("#department")?.value;
    for (const path of root.querySelectorAll('[data-part="map"] path[data-code]')) path.classList.toggle("chosen", path.dataset.code === code);
  }

  const band = root.querySelector(".band"), body = root.querySelector(".two");
  const measured = new ResizeObserver(() => (cell ? root : document.documentElement).style.setProperty("--band", `${band.offsetHeight}px`));
  measured.observe(band);
  const unwatch = cell ? watchCell(root, foldAll) : () => {};

  function present(on) {
    if (root.classList.contains("presenting") === on) return;
    root.classList.toggle("presenting", on);
    if (cell) tree.host.classList.toggle("large", on);
    else document.documentElement.classList.toggle("presenting", on);
    root.querySelector(on ? "#unpresent" : "#present").focus();
  }

  function set(id, told) {
    if (id === "present") present(told.value === "1");
    const input = tree.getElementById(id);
    if (!input || input.tagName === "BUTTON") return;
    if (input.type === "checkbox" || input.type === "radio") { input.checked = told.value; return; }
    if (input.type === "range") {
      if (queue.has(`amount ${input.dataset.id}`)) return; // it moves on under a finger
      input.max = told.max;
      input.setAttribute("aria-valuetext", told.text);
    }
    if (input.value !== told.value) input.value = told.value;
  }

  function address(text, soft) {
    if (cell) {
      settings = text;
      if (model.get("settings") !== text) { model.set("settings", text); model.save_changes(); } // marimo runs the cells that read it
      return;
    }
    const next = location.pathname + location.search + (text ? `#${text}` : "");
    if (fragment() === text) return;
    history[soft ? "replaceState" : "pushState"](null, "", next);
  }

  function download({ name, type }, buffer) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([buffer], { type }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  function hear(reply, buffers) {
    for (const [name, html] of Object.entries(reply.parts ?? {})) put(name, html);
    for (const [id, told] of Object.entries(reply.values ?? {})) set(id, told);
    const slider = tree.activeElement;
    if (isAmount(slider) && queue.has(`amount ${slider.dataset.id}`)) follow(slider); // it moves on under a finger
    if (reply.answer !== undefined) root.dataset.answer = reply.answer;
    markPlace();
    if (reply.parts?.trouble !== undefined) place(reply.soft);
    if (reply.address !== undefined) address(reply.address, reply.soft);
    if (reply.download) download(reply.download, buffers[0]);
    if (reply.said !== undefined) {
      said = reply.said;
      if (status.textContent !== said) status.textContent = said; // else it would be read out again
      status.dataset.kind = reply.kind;
      clearTimeout(hurry);
    }
    if (reply.steps) model.keep?.(reply.steps);
    if (reply.done) rest();
    if (reply.then) send(reply.then);
    if (reply.focus) tree.getElementById(reply.focus)?.focus();
  }
  model.on("msg:custom", hear);

  function remember(input) {
    anchor = input.closest(".axis, .rule, .weight, form[data-do=force]");
  }

  function touched(event) {
    const input = event.target.closest("[data-do]");
    if (!input || input.tagName === "FORM" || input.tagName === "BUTTON") return;
    remember(input);
    const live = input.type === "range" || input.type === "search";
    if (event.type === "input" && !live) return;
    if (event.type === "change" && input.type === "search") return;
    follow(input);
    const value = input.type === "checkbox" ? input.checked : input.value;
    send({ do: input.dataset.do, id: input.dataset.id, value, soft: event.type === "input" });
  }
  root.addEventListener("input", touched);
  root.addEventListener("change", touched);

  root.addEventListener("focusin", (event) => draw(event.target));
  root.addEventListener("pointerdown", (event) => draw(event.target));

  function enter(event) { // JupyterLab takes from Enter what it does in a field
    const input = event.target;
    if (!/^(text|search)$/.test(input.type ?? "")) return;
    event.preventDefault();
    if (input.form?.dataset.do) { input.form.requestSubmit(); return; }
    input.blur(); // its change is told
    input.focus();
  }

  const keys = (event) => {
    if (cell && event.key === "Enter" && !event.isComposing) enter(event);
    if (event.key === "Escape" && root.classList.contains("presenting")) send({ do: "present", value: "" });
    if (!(event.ctrlKey || event.metaKey) || event.altKey || /^(text|search)$/.test(event.target.type ?? "")) return;
    const key = event.key.toLowerCase();
    if (key !== "z" && key !== "y") return;
    event.preventDefault();
    send({ do: key === "y" || event.shiftKey ? "redo" : "undo" });
  };
  const listening = cell ? root : document; // a notebook has cells of its own, with their own undo
  listening.addEventListener("keydown", keys);

  root.addEventListener("click", (event) => {
    const jump = event.target.closest("[data-jump]");
    if (jump) {
      event.preventDefault(); // the part of the address after # is the state
      tree.getElementById(jump.dataset.jump)?.focus();
      return;
    }
    const fill = event.target.closest("[data-fill]");
    if (fill) {
      const form = root.querySelector("form[data-do=force]");
      form.elements.dossier.value = fill.dataset.fill;
      form.elements.side.value = fill.dataset.side;
      form.closest("details").open = true; // it is folded on a narrow screen
      form.elements.reason.focus();
      show(form, "center");
      return;
    }
    const place = event.target.closest('[data-part="map"] path[data-code]');
    if (place) {
      const chosen = root.querySelector("#department");
      const code = place.dataset.code;
      if ([...chosen.options].some((option) => option.value === code)) send({ do: "department", value: chosen.value === code ? "" : code });
      return;
    }
    const bar = event.target.closest(".axis svg.bar");
    const button = event.target.closest("button[data-do]") ?? bar?.parentElement.querySelector("button[data-do=envelope]");
    if (button) send({ do: button.dataset.do, id: button.dataset.id, value: button.dataset.value });
  });

  root.addEventListener("submit", (event) => {
    event.preventDefault();
    const form = event.target;
    if (!form.dataset.do) return;
    remember(form);
    send({ do: form.dataset.do, value: Object.fromEntries(new FormData(form)) });
    if (form.dataset.do === "name") form.reset();
  });

  const moved = () => send({ do: "address", value: fragment() });
  if (!cell) window.addEventListener("popstate", moved);
  send(cell ? { do: "open" } : { do: "address", value: fragment(), first: true, steps: model.recall?.() });
  return () => {
    window.removeEventListener("popstate", moved);
    listening.removeEventListener("keydown", keys);
    measured.disconnect();
    unwatch();
    model.off?.("msg:custom", hear);
  };
}

// A cell of a notebook: a tree of its own, so that neither styles nor ids meet those of the notebook or of other cells.

function openCell(model, el) {
  const host = document.createElement("div");
  host.setAttribute("data-lm-suppress-shortcuts", "true"); // keys typed here are no commands of JupyterLab
  el.replaceChildren(host);
  const tree = host.attachShadow({ mode: "open" });
  const style = document.createElement("style");
  style.textContent = model.get("sheet");
  tree.innerHTML = model.get("frame");
  tree.prepend(style);
  for (const landmark of tree.querySelectorAll("header, main")) { // the notebook has its own
    const plain = document.createElement("div");
    plain.className = landmark.className || landmark.localName;
    plain.append(...landmark.childNodes);
    landmark.replaceWith(plain);
  }
  return tree.querySelector("[data-page]");
}

function watchCell(root, foldAll) { // its size, and the theme of the notebook, which is not that of the system
  let measured = false;
  const size = new ResizeObserver(() => {
    if (!root.clientWidth) return;
    root.style.setProperty("--room", `${root.clientHeight}px`);
    if (!measured && root.clientWidth <= NARROW) foldAll();
    measured = true;
    setTheme(root);
  });
  size.observe(root);
  const theme = new MutationObserver(() => { setTheme(root); setTimeout(setTheme, 500, root); }); // its style may come later
  for (const node of [document.documentElement, document.body]) theme.observe(node, { attributes: true });
  return () => { size.disconnect(); theme.disconnect(); };
}

function setTheme(root) {
  const dark = isDark(root.getRootNode().host);
  if (root.dataset.theme === (dark ? "dark" : "light")) return;
  root.dataset.theme = dark ? "dark" : "light";
  root.style.colorScheme = root.dataset.theme;
  for (const rule of root.getRootNode().querySelector("style").sheet.cssRules) {
    if (rule.media?.mediaText.includes("prefers-color-scheme") || rule.told) {
      rule.told = true;
      rule.media.mediaText = dark ? "screen" : "not all";
    }
  }
}

function isDark(node) {
  const light = document.body.dataset.jpThemeLight; // what JupyterLab says; elsewhere the colour behind the cell
  if (light !== undefined) return light === "false";
  const pen = new OffscreenCanvas(1, 1).getContext("2d");
  for (; node; node = node.parentElement ?? node.getRootNode().host) {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = getComputedStyle(node).backgroundColor;
    pen.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = pen.getImageData(0, 0, 1, 1).data;
    if (alpha > 127) return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 128;
  }
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

export default { render };
