/** Colours far apart for labels that follow each other in the alphabet. */
function labelColours(count) {
  return Array.from({ length: count }, (_, rank) => `hsl(${(rank * 137.508) % 360} ${[72, 62, 82][rank % 3]}% ${[46, 60, 38][rank % 3]}%)`);
}

/** The sprite sheet with every picture cut to a disc, as a canvas; drawn once, when the sheet is decoded. */
function discs(gallery, side, onReady) {
  const sheet = document.createElement("canvas"), image = new Image();
  image.onload = () => {
    sheet.width = image.width;
    sheet.height = image.height;
    const context = sheet.getContext("2d");
    for (let index = 0; index < gallery.pictures; index += 1) {
      const x = (index % gallery.columns + .5) * side, y = (Math.floor(index / gallery.columns) + .5) * side;
      context.moveTo(x + side / 2, y);
      context.arc(x, y, side / 2 - .5, 0, 2 * Math.PI);
    }
    context.fill();
    context.globalCompositeOperation = "source-in";
    context.drawImage(image, 0, 0);
    onReady();
  };
  image.src = getComputedStyle(one(".chosen .photo")).backgroundImage.slice(5, -2);
  return sheet;
}

