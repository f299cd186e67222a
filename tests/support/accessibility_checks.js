// Checks of a page, each a function that returns its faults; tests/support/accessibility_checks.py calls them.
(() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const shown = (one) => one.checkVisibility({visibilityProperty: true});
  const show = (one) => one.outerHTML.slice(0, 120);
  const nameOf = (one) => {
    const by = one.getAttribute("aria-labelledby");
    if (by) return by.split(/\s+/).map((id) => document.getElementById(id)?.textContent ?? "").join(" ").trim();
    const label = one.getAttribute("aria-label");
    if (label) return label.trim();
    if (one.labels?.length) return [...one.labels].map((label) => label.textContent).join(" ").trim();
    return (one.textContent || one.getAttribute("title") || one.getAttribute("alt") || "").trim();
  };
  const parse = (text) => (text.match(/[\d.]+/g) ?? []).map(Number);
  const light = (colour) => {
    const [r, g, b] = colour.slice(0, 3).map((part) => part / 255).map((part) => part <= .04045 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const ratio = (one, other) => {
    const [a, b] = [light(one), light(other)].sort((x, y) => y - x);
    return (a + .05) / (b + .05);
  };
  const behind = (one) => {
    for (let around = one; around; around = around.parentElement) {
      const colour = parse(getComputedStyle(around).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  return {
    "pictures-have-names": () =>
      all("svg, img, canvas, [role=img]").filter((one) => !one.closest("[aria-hidden=true]") && !one.parentElement.closest("svg"))
        .filter((one) => !(one.getAttribute("role") === "img" && (one.getAttribute("aria-label") || one.getAttribute("aria-labelledby"))
                          && nameOf(one).length >= 8)).map(show),
    "decoration-is-hidden": () =>
      all("svg[aria-hidden=true]").filter((one) => one.getAttribute("aria-label") || one.querySelector(":scope > title")
                                         || one.matches("[tabindex]:not([tabindex='-1'])")).map(show),
    "pictures-have-figures": () =>
      all("svg[role=img]").filter(shown).filter((one) => {
        const around = one.closest("figure") ?? one;
        const part = around.closest(".pair, section, [data-part], details") ?? document.body;
        const linked = [...around.querySelectorAll("a[href^='#']")].map((link) => document.getElementById(link.hash.slice(1)));
        return !linked.some((one) => one?.querySelector("table")) && !around.querySelector("table") && !part.querySelector("table") && !part.parentElement.querySelector("table");
      }).map(show),
    "tables-have-titles": () =>
      all("table").filter((one) => !(one.caption?.textContent.trim() || one.getAttribute("aria-label")
        || (one.getAttribute("aria-labelledby") && nameOf(one)) || one.closest("[role=region][aria-label]")
        || one.closest("section[aria-labelledby]"))).map(show),
    "tables-have-headers": () =>
      all("table").flatMap((table) => [
        ...[...table.querySelectorAll("th")].filter((th) => !["col", "row", "colgroup", "rowgroup"].includes(th.scope)).map(show),
        ...[...table.querySelectorAll("th")].filter((th) => !th.textContent.trim()).map(show),
        ...(table.tHead ? [] : [show(table)]),
        ...[...table.tBodies].flatMap((body) => [...body.rows]).filter((row) => !row.querySelector("th[scope=row]") && row.cells[0]?.textContent.trim()).slice(0, 3).map(show),
      ]),
    "no-table-for-layout": () =>
      all("table[role=presentation], table[role=none]").map(show),
    "links-have-names": () =>
      all("a[href]").filter((one) => !nameOf(one)).map(show),
    "same-links-go-to-one-place": () =>
      Object.entries(Object.groupBy(all("a[href]").filter(shown), (one) => nameOf(one)))
        .filter(([, links]) => new Set(links.map((one) => one.href)).size > 1).map(([name]) => name),
    "document-type": () =>
      document.doctype?.name === "html" && document.compatMode === "CSS1Compat" ? [] : ["doctype"],
    "ids-are-unique": () =>
      Object.entries(Object.groupBy(all("[id]"), (one) => one.id)).filter(([, ones]) => ones.length > 1).map(([id]) => id),
    "references-exist": () =>
      all("[aria-labelledby], [aria-describedby], [aria-controls], label[for], output[for]").flatMap((one) =>
        ["aria-labelledby", "aria-describedby", "aria-controls", "for"].flatMap((name) => (one.getAttribute(name) ?? "").split(/\s+/))
          .filter((id) => id && !document.getElementById(id)).map((id) => `${show(one)}: ${id}`)),
    "page-has-language": () =>
      /^(fr|en)$/.test(document.documentElement.lang) ? [] : [document.documentElement.lang],
    "languages-are-valid": () =>
      all("[lang]").filter((one) => !/^(fr|en)$/.test(one.lang)).map(show),
    "page-has-title": () =>
      document.title.trim().length > 3 ? [] : [document.title],
    "no-presentation-tags": () =>
      all("font, center, big, tt, marquee, blink, basefont, strike, u, s, [align], [bgcolor], [valign], body [style]").filter(
        (one) => !one.closest("svg")).map(show),
    "headings-in-order": () =>
      (() => {
        const levels = all("h1, h2, h3, h4, h5, h6, [role=heading]").filter(shown).map((one) => [Number(one.tagName[1]), one]);
        const faults = levels.filter(([, one]) => !one.textContent.trim()).map(([, one]) => show(one));
        if (levels.filter(([level]) => level === 1).length !== 1) faults.push("not one h1");
        levels.forEach(([level, one], k) => { if (k && level > levels[k - 1][0] + 1) faults.push(show(one)); });
        return faults;
      })(),
    "landmarks": () =>
      ["main"].filter((tag) => all(tag).length !== 1).concat(all("h1").filter((one) => !one.closest("header, main")).map(show)),
    "lists-are-lists": () =>
      all("ul, ol").filter((one) => [...one.children].some((child) => child.tagName !== "LI")).map(show)
        .concat(all("dl").filter((one) => ![...one.children].every((child) => /^(DT|DD|DIV)$/.test(child.tagName))).map(show)),
    "style-is-in-sheets": () =>
      all("body [style]").map(show),
    "page-stays-without-styles": () =>
      (() => {
        const before = all("main p, main li, main td, main th, main dd, h1, h2").filter(shown).length;
        const sheets = [...document.styleSheets];
        sheets.forEach((sheet) => { sheet.disabled = true; });
        const after = all("main p, main li, main td, main th, main dd, h1, h2").filter(shown).length;
        sheets.forEach((sheet) => { sheet.disabled = false; });
        return after >= before ? [] : [`${before} > ${after}`];
      })(),
    "colours-come-in-pairs": () =>
      (() => {
        const clear = (value) => value === "rgba(0, 0, 0, 0)" || value === "transparent";
        const root = getComputedStyle(document.documentElement), body = getComputedStyle(document.body);
        return clear(root.backgroundColor) && clear(body.backgroundColor) ? ["no background below the text"] : [];
      })(),
    "letters-have-contrast": () =>
      all("svg text, svg tspan").filter((one) => shown(one) && one.children.length === 0 && one.textContent.trim()).filter((one) => {
        one.scrollIntoView({block: "center"});
        const box = one.getBoundingClientRect(), x = box.left + box.width / 2, y = box.top + box.height / 2;
        const under = document.elementsFromPoint(x, y).find((other) => /^(rect|path|circle)$/.test(other.tagName)
          && !other.contains(one) && /^rgb/.test(getComputedStyle(other).fill));
        const ground = under ? parse(getComputedStyle(under).fill) : behind(one.closest("svg"));
        const large = parseFloat(getComputedStyle(one).fontSize) >= 24;
        return ratio(parse(getComputedStyle(one).fill), ground) < (large ? 3 : 4.5);
      }).map((one) => `${getComputedStyle(one).fill} ${show(one)}`),
    "fields-have-contrast": () =>
      all("input[type=text], input[type=search], select, button").filter((one) => shown(one) && !one.disabled).filter((one) => {
        const style = getComputedStyle(one), ground = behind(one.parentElement);
        return ratio(parse(style.borderTopColor), ground) < 3 && ratio(behind(one), ground) < 3;
      }).map(show),
    "required-is-said": () =>
      all("input[required], select[required]").filter((one) => !/obligatoire|required/.test(nameOf(one))).map(show),
    "links-are-seen": () =>
      all("main p a, main li a, main td a").filter(shown).filter((one) => {
        const style = getComputedStyle(one);
        return !style.textDecorationLine.includes("underline") && style.fontWeight === getComputedStyle(one.parentElement).fontWeight;
      }).map(show),
    "fields-have-labels": () =>
      all("input:not([type=hidden]), select, textarea, output").filter((one) => one.tagName !== "OUTPUT" && !nameOf(one)).map(show),
    "labels-beside-fields": () =>
      all("label[for]").filter((one) => shown(one)).filter((one) => {
        const field = document.getElementById(one.htmlFor);
        if (!field || !shown(field)) return false;
        const a = one.getBoundingClientRect(), b = field.getBoundingClientRect();
        const down = Math.max(b.top - a.bottom, a.top - b.bottom), across = Math.max(b.left - a.right, a.left - b.right);
        return down > 24 || across > 300;
      }).map(show),
    "groups-have-legends": () =>
      all("input[type=radio]").filter((one) => !one.closest("fieldset")?.querySelector("legend")?.textContent.trim()).map(show)
        .concat(all("fieldset").filter((one) => !one.querySelector("legend")?.textContent.trim()).map(show)),
    "buttons-have-names": () =>
      all("button, input[type=submit], input[type=button], summary").filter((one) => !nameOf(one)).map(show),
    "names-hold-the-words-shown": () =>
      all("button[aria-label], a[aria-label]").filter((one) => {
        const words = one.textContent.trim().toLowerCase();
        return words && !one.getAttribute("aria-label").toLowerCase().includes(words);
      }).map(show),
    "no-positive-tabindex": () =>
      all("[tabindex]").filter((one) => Number(one.getAttribute("tabindex")) > 0).map(show),
    "no-single-key": () =>
      all("[accesskey]").map(show),
    "no-limit-of-time": () =>
      all("meta[http-equiv=refresh]").map(show),
    "no-new-window": () =>
      all("a[target=_blank], form[target]").map(show),
    "nothing-moves": () =>
      document.getAnimations().map((one) => String(one.animationName ?? one.id)).concat(all("video, audio, marquee, blink, canvas").map(show)),
    "no-frames": () =>
      all("iframe, frame, object, embed").map(show),
    "status-is-announced": () =>
      all("[role=status], [aria-live]").length ? [] : ["no region that announces"],
    "targets-are-large": () =>
      all("button, select, input, summary, a[href]").filter(shown).filter((one) => {
        if (one.tagName === "A" && !one.closest("nav, .skip")) return false;
        const label = one.closest("label") ?? one, box = label.getBoundingClientRect();
        return box.width && (box.width < 24 || box.height < 23.5);
      }).map(show),
    "no-complex-gesture": () =>
      all("[draggable=true], [ontouchmove]").map(show),
    "clipped": () =>
      all("body *").filter(shown).filter((one) => !one.closest("svg") && one.children.length === 0 && one.textContent.trim()).filter((one) => {
        for (let around = one; around && around !== document.body; around = around.parentElement) {
          const style = getComputedStyle(around);
          if (style.clipPath !== "none") return false;
          if (/(auto|scroll)/.test(style.overflowX + style.overflowY)) return false;
          if (/hidden|clip/.test(style.overflow) && (around.scrollWidth > around.clientWidth + 1 || around.scrollHeight > around.clientHeight + 1)) return true;
        }
        return false;
      }).map(show),
    "wider": () =>
      (() => {
        const width = document.documentElement.clientWidth;
        return document.documentElement.scrollWidth <= width ? [] : all("body *").filter((one) => shown(one)
          && one.getBoundingClientRect().right > width + 1 && !one.closest(".scroll")).slice(0, 5).map(show).concat(`page: ${document.documentElement.scrollWidth}`);
      })(),
    "reachable": () =>
      (() => {
        const radios = new Set();
        return all("a[href], button, input, select, textarea, summary, [tabindex='0']").filter((one) => shown(one) && !one.disabled
          && one.tabIndex >= 0).filter((one) => {
            if (one.type !== "radio") return true;
            const first = !radios.has(one.name);
            radios.add(one.name);
            return first;
          }).length;
      })(),
  };
})()
