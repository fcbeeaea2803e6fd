/** Slider under the variance curve: what another number of components would keep. */
function variance(explained, chosen) {
  const slider = one("#keep"), kept = [];
  let sum = 0;
  for (const share of explained) kept.push(sum += share);
  const span = Math.log(explained.length) || 1;
  const show = () => {
    const count = Math.max(1, Math.min(explained.length, Math.round(Math.exp(slider.value / 1000 * span))));
    const x = 1000 * Math.log(count) / span;
    one("#variance .guide").setAttribute("d", `M${x} 1000L${x} ${1000 * (1 - kept[count - 1])}`);
    const strong = document.createElement("b");
    strong.textContent = `${count.toLocaleString("en")} components`;
    one("#kept").replaceChildren(strong, ` would keep ${(100 * kept[count - 1]).toFixed(1)}% of the variance, ${(4 * count).toLocaleString("en")} bytes a picture.`);
  };
  slider.value = 1000 * Math.log(chosen) / span;
  slider.addEventListener("input", show);
  slider.parentElement.hidden = false;
  show();
}

