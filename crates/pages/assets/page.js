// What a page can do more with a script. Everything works without it: this adds keys, keeps times
// fresh, shows the bar of what can be done only when rows are chosen, copies links, and takes in
// what others record on a page to which several people add.
"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  const typing = (at) => at instanceof HTMLElement && (at.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName)) && at.type !== "checkbox";

  // Times, by the rule of `part/when.rs`, seen from the server's clock.
  const made = Date.parse(root.dataset.now || "");
  const began = performance.now();
  const told = (seconds) => {
    const d = Math.abs(seconds);
    if (d < 60) return "now";
    const [size, unit] = d < 7200 ? [60, "min"] : d < 172800 ? [3600, "h"] : d < 7776000 ? [86400, "days"] : d < 63072000 ? [2592000, "months"] : [31536000, "years"];
    const count = Math.floor(d / size);
    return seconds < 0 ? `${count} ${unit} ago` : `in ${count} ${unit}`;
  };
  const refresh = () => {
    const now = Math.floor((made + performance.now() - began) / 1000);
    for (const time of document.querySelectorAll("time[datetime]")) {
      const at = Date.parse(time.dateTime) / 1000;
      const words = told(at - now);
      if (!Number.isNaN(at) && time.textContent !== words) time.textContent = words;
    }
  };
  if (!Number.isNaN(made)) {
    setInterval(refresh, 60000);
    document.addEventListener("visibilitychange", refresh);
  }

  // Rows: `j` and `k` go down and up, `x` chooses, `enter` opens.
  const rows = () => Array.from(document.querySelectorAll("main table.data tbody tr")).filter((r) => r.offsetParent !== null && !r.closest("details"));
  let at = -1;
  const go = (step) => {
    const all = rows();
    if (all.length === 0) return;
    all[at]?.classList.remove("at");
    at = Math.min(Math.max(at + step, 0), all.length - 1);
    const row = all[at];
    row.classList.add("at");
    row.scrollIntoView({ block: "nearest" });
    (row.querySelector("a[href]") || row.querySelector("input"))?.focus({ preventScroll: true });
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      document.activeElement?.closest?.("details[open].facet, details[open].who")?.removeAttribute("open");
      if (typing(document.activeElement)) document.activeElement.blur();
      return;
    }
    if (typing(event.target)) return;
    const row = rows()[at];
    if (event.key === "/") { event.preventDefault(); document.getElementById("q")?.focus(); document.getElementById("q")?.select(); }
    else if (event.key === "j") go(1);
    else if (event.key === "k") go(-1);
    else if (event.key === "x") row?.querySelector("input[type=checkbox]")?.click();
    else if (event.key === "Enter" && event.target === document.body) row?.querySelector("a[href]")?.click();
  });

  // The bar of what can be done to rows.
  for (const form of document.querySelectorAll("form.bulk")) {
    const bar = form.querySelector(".bar");
    const show = () => {
      const count = form.querySelectorAll("input[name=id]:checked").length;
      if (bar.hidden && count > 0) bar.classList.add("changed");
      bar.hidden = count === 0;
      bar.querySelector(".chosen").textContent = count === 1 ? "1 row chosen" : `${count} rows chosen`;
    };
    form.addEventListener("change", show);
    show();
  }

  // A menu closes when something else is pressed.
  document.addEventListener("click", (event) => {
    for (const open of document.querySelectorAll("details.facet[open], details.who[open]")) {
      if (!open.contains(event.target)) open.removeAttribute("open");
    }
  });

  // Copy: a button exists only where it can work.
  for (const place of document.querySelectorAll("[data-copy]")) {
    if (!navigator.clipboard) break;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy link";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(new URL(place.dataset.copy, location.href).href);
      button.textContent = "Copied";
    });
    place.append(button);
  }

  // A page to which several people add: parts of it are replaced by what the server has now. A part
  // that has the focus, in which something was typed or chosen, or that says what is wrong with what
  // was sent, stays as it is.
  const live = document.querySelector("[data-live]");
  if (live) {
    const plain = (field) => field.tagName === "SELECT" ? (field.querySelector("option[selected]") ?? field.options[0])?.value : field.defaultValue;
    const isTouched = (field, fresh) => {
      const other = fresh.querySelector(`#${CSS.escape(field.id)}`);
      if (field.value === (other ? other.value : plain(field))) return false;
      // In a list of which nothing was chosen another entry may be the first by now.
      return field.tagName !== "SELECT" || field.querySelector("option[selected]") !== null || field.value !== field.options[0]?.value;
    };
    const isUsed = (part, fresh) => part.contains(document.activeElement) || part.querySelector(".wrong, form .notice") !== null || Array.from(part.querySelectorAll("input:not([type=hidden]), select, textarea")).some((field) => isTouched(field, fresh));
    const say = (words) => { if (live.textContent !== words) live.textContent = words; };
    const here = location.pathname + location.search;
    let busy = false;
    const take = async () => {
      if (busy || document.visibilityState !== "visible") return;
      busy = true;
      try {
        const answer = await fetch(here, { headers: { accept: "text/html" } });
        if (!answer.ok || answer.redirected) throw new Error(answer.statusText);
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const moved = page.querySelector("[data-live]")?.dataset.live !== live.dataset.live;
        const forms = Array.from(document.querySelectorAll("main form"));
        if (moved && !forms.some((form) => isUsed(form, page))) {
          location.replace(here);
          return;
        }
        const title = page.querySelector("main h1")?.textContent;
        const shown = document.querySelector("main h1");
        if (shown && title && shown.textContent !== title) shown.textContent = title;
        for (const part of document.querySelectorAll("[data-fresh]")) {
          const fresh = page.querySelector(`[data-fresh="${CSS.escape(part.dataset.fresh)}"]`);
          if (fresh && fresh.innerHTML !== part.innerHTML && !isUsed(part, fresh)) part.replaceChildren(...fresh.childNodes);
        }
        say(moved ? "It was opened or closed by somebody else. Reload the page when you no longer need what you typed." : "What others record appears here by itself.");
      } catch {
        say("What others record could not be read. Reload the page to see it.");
      } finally {
        busy = false;
      }
    };
    say("What others record appears here by itself.");
    setInterval(take, live.dataset.live === "open" ? 15000 : 60000);
    document.addEventListener("visibilitychange", take);
  }
})();
