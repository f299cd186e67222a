"use strict";
(() => {
  const root = document.documentElement, form = document.getElementById("search");
  const field = document.getElementById("q"), count = document.getElementById("count");
  const items = [...document.querySelectorAll("#index li")];
  const plain = text => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
  const texts = items.map(item => plain(item.textContent));
  const MOST = 200, whole = count.textContent;
  root.classList.add("js");
  form.hidden = false;
  const show = () => {
    const words = plain(field.value).split(/\s+/).filter(Boolean);
    let n = 0;
    items.forEach((item, k) => {
      const hit = words.every(word => texts[k].includes(word));
      item.hidden = !hit || n >= MOST;
      n += hit;
    });
    count.textContent = words.length ? `${n} / ${items.length}` : whole;
  };
  form.addEventListener("submit", event => {
    event.preventDefault();
    const first = items.find(item => !item.hidden);
    if (first) location.hash = first.firstChild.getAttribute("href");
  });
  field.addEventListener("input", show);
  show();
})();
