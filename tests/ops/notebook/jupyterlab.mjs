// Opens a notebook in JupyterLab, runs all of it by the keyboard alone, and prints what is then in it, as JSON:
// node jupyterlab.mjs PACKAGES PROGRAM URL SCREENSHOT
import { createRequire } from "node:module";
import { join } from "node:path";

const [packages, program, url, screenshot] = process.argv.slice(2);
const puppeteer = createRequire(join(packages, "index.js"))("puppeteer-core");
const PATIENCE = 900_000;

const browser = await puppeteer.launch({ executablePath: program, args: ["--no-sandbox"], headless: "shell", protocolTimeout: 0 });
const tab = await browser.newPage();
await tab.setViewport({ width: 1400, height: 1000 });
await tab.goto(url);
await tab.waitForSelector(".jp-Notebook .jp-Cell", { timeout: PATIENCE });
await tab.waitForFunction(() => document.querySelector(".jp-Toolbar-kernelName")?.textContent.includes("PySpark"), {
  timeout: PATIENCE,
  polling: 500,
});
const kernel = await tab.$eval(".jp-Toolbar-kernelName", (name) => name.textContent.trim());

// Where nobody touches the mouse, the command palette is the way to each command.
await tab.keyboard.down("Control");
await tab.keyboard.down("Shift");
await tab.keyboard.press("KeyC");
await tab.keyboard.up("Shift");
await tab.keyboard.up("Control");
await tab.waitForSelector(".jp-ModalCommandPalette input", { visible: true, timeout: PATIENCE });
await tab.keyboard.type("run all cells");
await tab.waitForFunction(
  () => document.querySelector(".lm-CommandPalette-item.lm-mod-active")?.textContent.startsWith("Run All Cells"),
  { timeout: PATIENCE, polling: 500 },
);
await tab.keyboard.press("Enter");

await tab.waitForFunction(
  () => {
    const panel = globalThis.jupyterapp.shell.currentWidget;
    const code = [...panel.content.model.cells].filter((cell) => cell.type === "code" && cell.sharedModel.source.trim());
    const failed = code.some((cell) => cell.outputs.toJSON().some((output) => output.output_type === "error"));
    return failed || code.every((cell) => cell.executionCount && cell.executionState !== "running");
  },
  { timeout: PATIENCE, polling: 1000 },
);
const cells = await tab.evaluate(() =>
  [...globalThis.jupyterapp.shell.currentWidget.content.model.cells].map((cell) => cell.toJSON()),
);
await tab.screenshot({ path: screenshot });
await browser.close();
console.log(JSON.stringify({ kernel, cells }));
