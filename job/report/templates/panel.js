/** The photograph that was chosen and its neighbours. `onChoose` is told of every change. */
function neighbourPanel(gallery, onChoose) {
  const panel = one("#panel"), items = all(".neighbours li", panel);
  let chosen = gallery.start;
  const metric = () => one("input[name=metric]:checked", panel).value;
  const compared = () => chosen < gallery.pictures;
  const neighbours = () => compared() ? gallery.neighbours[metric()].index[chosen] : [];
  const choose = index => {
    chosen = index;
    showPhotograph(gallery, one(".chosen", panel), chosen);
    one(".neighbours", panel).hidden = !compared();
    if (!compared()) {
      one(".verdict", panel).textContent = `Neighbours are known of the ${gallery.pictures.toLocaleString("en")} with a picture.`;
      onChoose();
      return;
    }
    const near = neighbours(), distance = gallery.neighbours[metric()].distance[chosen];
    const same = near.filter(other => gallery.label[other] === gallery.label[chosen]).length;
    items.forEach((item, rank) => {
      showPhotograph(gallery, item, near[rank]);
      item.className = gallery.label[near[rank]] === gallery.label[chosen] ? "same" : "other";
      one("button", item).dataset.index = near[rank];
      one(".distance", item).textContent = distance[rank];
    });
    const strong = document.createElement("b");
    strong.textContent = `${same} of ${near.length}`;
    one(".verdict", panel).replaceChildren(strong, " nearest carry its label.");
    onChoose();
  };
  panel.addEventListener("click", event => {
    const button = event.target.closest("button[data-index]");
    if (button) choose(Number(button.dataset.index));
  });
  panel.addEventListener("change", () => choose(chosen));
  showPhotograph(gallery, one(".chosen", panel), chosen);
  return { choose, neighbours, chosen: () => chosen };
}

