// Opens a page several times, prints it, and looks for what is wider than the screen; prints the figures as JSON:
// node report_page.mjs PACKAGES PROGRAM URL TIMES FOLDER
import { createRequire } from "node:module";
import { join } from "node:path";

const [packages, program, url, times, folder] = process.argv.slice(2);
const puppeteer = createRequire(join(packages, "index.js"))("puppeteer-core");
const WIDTHS = [390, 1280];

const browser = await puppeteer.launch({ executablePath: program, args: ["--no-sandbox"], headless: "shell", protocolTimeout: 0 });

/** Open the page, and return the milliseconds from the navigation to its first words, and to what it shows after all scripts. */
async function open(width, scheme = "light") {
  const tab = await browser.newPage();
  await tab.setViewport({ width, height: 900 });
  await tab.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await tab.goto(url, { waitUntil: "load", timeout: 0 });
  const whole = await tab.evaluate(
    () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now())))),
  );
  const words = await tab.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0].startTime);
  return { tab, words, whole };
}

const opened = [];
for (let time = 0; time < Number(times); time++) {
  const { tab, words, whole } = await open(WIDTHS[1]);
  opened.push([words / 1000, whole / 1000]);
  await tab.close();
}

const wider = {};
for (const scheme of ["light", "dark"]) {
  for (const width of WIDTHS) {
    const { tab } = await open(width, scheme);
    wider[width] = await tab.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    await tab.screenshot({ path: join(folder, `${scheme}-${width}.png`), fullPage: true });
    await tab.close();
  }
}

const { tab } = await open(WIDTHS[1]);
const began = performance.now();
await tab.pdf({ path: join(folder, "page.pdf"), format: "A4", timeout: 0 });
const printed = (performance.now() - began) / 1000;

await browser.close();
console.log(JSON.stringify({ opened, printed, wider }));
