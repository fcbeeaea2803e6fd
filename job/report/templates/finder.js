/** Photographs by words of their label or file name: restricts the map, and lists what it finds. */
function find(gallery, onChange, onChoose) {
  const PAGE = 60, input = one("#find"), box = one(".found"), list = one("ol", box), more = one(".more", box);
  let keys = null, found = null, hits = [];
  const item = index => {
    const row = document.createElement("li"), button = document.createElement("button");
    const label = document.createElement("span"), name = document.createElement("code");
    button.type = "button";
    button.dataset.index = index;
    label.className = "label";
    label.textContent = gallery.labels[gallery.label[index]];
    name.textContent = gallery.name[index];
    button.append(label, name);
    row.append(button);
    return row;
  };
  function extend() {
    const from = list.children.length;
    list.append(...hits.slice(from, from + PAGE).map(item));
    more.hidden = list.children.length >= hits.length;
  }
  function search() {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    keys ||= gallery.name.map((name, index) => `${gallery.labels[gallery.label[index]]} ${name}`.toLowerCase());
    found = words.length ? keys.map(key => words.every(word => key.includes(word))) : null;
    hits = found ? [...found.keys()].filter(index => found[index]) : [];
    box.hidden = !found;
    one("p", box).textContent = `${hits.length.toLocaleString("en")} of ${gallery.name.length.toLocaleString("en")} on the map.`;
    list.replaceChildren();
    extend();
    onChange(words);
  }
  input.addEventListener("input", search);
  more.addEventListener("click", extend);
  list.addEventListener("click", event => {
    const button = event.target.closest("button[data-index]");
    if (button) onChoose(Number(button.dataset.index));
  });
  return {
    shows: index => !found || found[index],
    clear: () => { input.value = ""; search(); },
  };
}

