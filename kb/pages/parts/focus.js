/* A run of the page may take away the control that was just used, and the keyboard's place with
   it: the next Tab would begin at the top. Here the place is noted by the widget's key, and taken
   again if it is lost: the same control, else the next of its kind, else its row or neighbour. Never for
   a mouse, on another page, or once the focus went elsewhere. Once a document. */
if (!window.sixfoldFocus) {
  const CONTROLS = 'button, a[href], input, textarea, select, summary, [tabindex="0"]';
  const RUN = "data-test-script-state";
  let note = null;
  const named = one => [...one.classList].find(name => name.startsWith("st-key-"));
  const controls = box => [...box.querySelectorAll(CONTROLS)].filter(one => !one.disabled && one.getClientRects().length);
  const boxes = () => [...document.querySelectorAll('[class*="st-key-"]')].filter(box => controls(box).length);
  const alike = (key, other) => {
    const mine = key.split("-"), its = other.split("-");
    const end = mine.findIndex((part, n) => part !== its[n]);
    return end < 0 ? mine.length : end;
  };
  const KIND = 4; // "st", "key" and two words of the key: "say-yes"
  const next = (there) => {
    const at = note.order.indexOf(note.key);
    const old = [...note.order.slice(at + 1), ...note.order.slice(0, at).reverse()];
    const left = old.filter(key => there.includes(key));
    const fresh = there.filter(key => !note.order.includes(key) && alike(note.key, key) >= KIND)
      .sort((a, b) => alike(note.key, b) - alike(note.key, a));
    return there.includes(note.key) ? note.key
      : fresh[0] ?? left.find(key => alike(note.key, key) >= KIND)
      ?? (there.includes(note.row) ? note.row : left[0]);
  };
  const take = () => {
    if (!note || document.activeElement !== document.body || note.control.isConnected) return;
    if (location.pathname !== note.page) { note = null; return; }
    const found = boxes(), there = found.map(named), box = found[there.indexOf(next(there))];
    const able = box ? controls(box) : [];
    able[Math.min(note.place, able.length - 1)]?.focus({preventScroll: true});
  };
  addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return; // no other key uses a control
    const control = document.activeElement, box = control?.closest('[class*="st-key-"]');
    if (!box) return;
    const row = box.parentElement.closest('[class*="st-key-"]');
    note = {control, key: named(box), row: row && named(row), page: location.pathname,
      place: Math.max(0, controls(box).indexOf(control)), order: boxes().map(named)};
  }, true);
  addEventListener("pointerdown", () => { note = null; }, true);
  window.sixfoldFocus = new MutationObserver(() => [80, 400].forEach(ms => setTimeout(take, ms)));
  window.sixfoldFocus.observe(document.body, {subtree: true, attributeFilter: [RUN]});
}
