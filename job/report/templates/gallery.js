/** The photographs as the page has them, unpacked: an array of each fact, one entry a photograph. */
function unpack(packed) {
  const gallery = { ...packed, label: [], split: [], name: [], points: packed.places.map(coordinates) };
  for (const [folder, label, split, count] of packed.runs) {
    const prefix = packed.folders[folder] ? `${packed.folders[folder]}/` : "";
    for (let more = count; more > 0; more -= 1) {
      gallery.name.push(prefix + packed.files[gallery.name.length]);
      gallery.label.push(label);
      gallery.split.push(split);
    }
  }
  return gallery;
}

/** Base64 of int16, little endian, as numbers between -1 and 1. */
function coordinates(text) {
  const bytes = Uint8Array.from(atob(text), character => character.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Array.from({ length: bytes.length / 2 }, (_, index) => view.getInt16(2 * index, true) / 32767);
}

/** Where the browser finds the photograph itself: only those of this machine have an address it can open. */
function original(gallery, index) {
  if (!gallery.root.startsWith("file:///")) return null;
  const path = `${gallery.root.slice("file://".length)}/${gallery.name[index]}`;
  return `file://${path.split("/").map(encodeURIComponent).join("/")}`;
}

/** Fill the elements that show one photograph, wherever they are. */
function showPhotograph(gallery, within, index) {
  const column = index % gallery.columns, row = Math.floor(index / gallery.columns);
  const picture = one(".photo", within), split = one(".split", within), name = one(".name", within), link = one(".original", within);
  within.classList.toggle("plain", index >= gallery.pictures);
  picture.style.setProperty("--x", column / Math.max(gallery.columns - 1, 1));
  picture.style.setProperty("--y", row / Math.max(gallery.rows - 1, 1));
  one(".label", within).textContent = gallery.labels[gallery.label[index]];
  if (split) split.textContent = gallery.split[index];
  if (name) name.textContent = link && !original(gallery, index) ? `${gallery.root}/${gallery.name[index]}` : gallery.name[index];
  if (link) {
    link.hidden = !original(gallery, index);
    link.href = original(gallery, index) || "#";
  }
}

