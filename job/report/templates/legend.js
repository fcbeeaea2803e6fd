/** Chips that restrict the map to some labels; with none pressed every label is shown. One stop of the Tab key. */
function legend(gallery, colours, onChange) {
  const MOST = 150, pressed = new Set(), count = new Array(gallery.labels.length).fill(0), chips = [];
  const group = one(".legend"), rest = document.createElement("span");
  rest.className = "rest";
  for (const label of gallery.label) count[label] += 1;
  const chip = label => chips[label] ||= makeChip(label);
  function makeChip(label) {
    const made = document.createElement("button"), swatch = document.createElement("i");
    const text = document.createElement("span"), number = document.createElement("small");
    made.type = "button";
    made.title = gallery.labels[label];
    made.dataset.label = label;
    made.setAttribute("aria-pressed", "false");
    swatch.style.setProperty("--swatch", colours[label]);
    text.textContent = gallery.labels[label];
    number.textContent = count[label].toLocaleString("en");
    made.append(swatch, text, number);
    return made;
  }
  /** Offer the labels with these words, or all when none has them; those that are pressed stay. */
  function offer(words) {
    const every = [...gallery.labels.keys()];
    const found = every.filter(label => pressed.has(label) || words.every(word => gallery.labels[label].toLowerCase().includes(word)));
    const shown = (found.length ? found : every).slice(0, MOST), more = (found.length || every.length) - shown.length;
    rest.textContent = more ? `and ${more.toLocaleString("en")} more labels: find them by name above` : "";
    group.replaceChildren(...shown.map(chip), rest);
    focusable(one("button", group));
  }
  function focusable(target) {
    for (const other of all("button", group)) other.tabIndex = other === target ? 0 : -1;
  }
  group.addEventListener("click", event => {
    const target = event.target.closest("button");
    if (!target) return;
    const label = Number(target.dataset.label);
    if (!pressed.delete(label)) pressed.add(label);
    target.setAttribute("aria-pressed", pressed.has(label));
    focusable(target);
    onChange();
  });
  group.addEventListener("keydown", event => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key], shown = all("button", group);
    const target = step && shown[shown.indexOf(document.activeElement) + step];
    if (!target) return;
    event.preventDefault();
    focusable(target);
    target.focus();
  });
  offer([]);
  return {
    offer,
    shows: index => !pressed.size || pressed.has(gallery.label[index]),
    clear: () => { pressed.clear(); chips.forEach(made => made.setAttribute("aria-pressed", "false")); },
  };
}

