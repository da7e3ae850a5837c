// What a page can do more with a script. Everything works without it: this adds keys, keeps times
// fresh, shows the bar of what can be done only when rows are chosen, and copies links.
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
})();
