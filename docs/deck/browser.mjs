// Asks a real browser about the slides: `node browser.mjs unpack`, `overflow page.html` or `pixels a.svg a.png …`.
// Chromium comes from npm within a package; it is unpacked once, below build/deck.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const home = resolve(import.meta.dirname, "../../build/deck/browser");
mkdirSync(home, { recursive: true });
process.env.TMPDIR = home; // where the package unpacks to

const { default: chromium, inflate } = await import("@sparticuz/chromium");
const { default: puppeteer } = await import("puppeteer-core");

async function unpack() {
  const program = await chromium.executablePath();
  // The libraries that Chromium needs and a bare machine may lack: Amazon Linux's, which the package brings along.
  const libraries = join(home, "al2023", "lib");
  if (!existsSync(libraries)) {
    await inflate(resolve(import.meta.dirname, "node_modules/@sparticuz/chromium/bin/al2023.tar.br"));
  }
  return { program, libraries };
}

async function page(width, height) {
  const { program } = await unpack();
  const browser = await puppeteer.launch({ executablePath: program, args: ["--no-sandbox"], headless: "shell" });
  const tab = await browser.newPage();
  await tab.setViewport({ width, height, deviceScaleFactor: 2 });
  return { browser, tab };
}

// For each slide: how far its content reaches beyond it, and which of its parts are cut or leave it.
function measured(section) {
  const box = section.getBoundingClientRect();
  const scale = box.width / section.clientWidth;
  const line = section.querySelector(".source")?.getBoundingClientRect();
  const bottom = line ? line.top : box.bottom;
  const parts = [...section.querySelectorAll("*:not(.source):not(.source *)")].filter((part) => part.clientHeight);
  const out = parts.filter((part) => {
    const place = part.getBoundingClientRect();
    const leaves = place.bottom > bottom + scale || place.right > box.right + scale || place.top < box.top - scale;
    return leaves || part.scrollWidth > part.clientWidth + 1;
  });
  return {
    height: section.scrollHeight - section.clientHeight,
    width: section.scrollWidth - section.clientWidth,
    parts: out.map((part) => `${part.tagName.toLowerCase()}: ${part.textContent.trim().slice(0, 40)}`),
  };
}

async function overflow(path) {
  const { browser, tab } = await page(1280, 720);
  await tab.goto(pathToFileURL(resolve(path)).href);
  await tab.evaluate(() => document.fonts.ready);
  const found = await tab.$$eval("section", (sections, code) => sections.map(eval(`(${code})`)), measured.toString());
  await browser.close();
  return found;
}

async function pixels(pairs) {
  const { browser, tab } = await page(1280, 720);
  for (let at = 0; at < pairs.length; at += 2) {
    await tab.setContent(`<body style="margin:0">${readFileSync(pairs[at], "utf8")}</body>`);
    writeFileSync(pairs[at + 1], await (await tab.$("svg")).screenshot());
  }
  await browser.close();
}

const [task, ...rest] = process.argv.slice(2);
const tasks = { unpack, overflow: () => overflow(rest[0]), pixels: () => pixels(rest) };
if (!(task in tasks)) throw new Error(`no task ${task}; accepted: ${Object.keys(tasks).join(", ")}`);
console.log(JSON.stringify((await tasks[task]()) ?? null));
