// Who gets the evidence of an order checks it on one page, without a network. See .ci/browser.
const assert = require("node:assert/strict");
const { execFileSync } = require("node:child_process");
const { mkdtempSync, readFileSync, rmSync, writeFileSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");
const { pathToFileURL } = require("node:url");
const { source: axe } = require("axe-core");

const { EVIDENCE, QUITTANCE } = process.env;
const ACCOUNT = "worldline/DemoMerchant/test";
// A reference that would be a script, were it not text.
const HOSTILE = "<img src=x onerror=\"document.title='taken'\">";

// The evidence of an order that a buyer of this run has paid, and of one with a reference of ill will.
async function files({ at, json }, folder) {
  await json(`${at}/expected`, { order: `${ACCOUNT}/${HOSTILE}`, amount: 100, currency: "EUR" });
  const make = (reference, name) => {
    const path = join(folder, name);
    const key = `${ACCOUNT}/${encodeURIComponent(reference)}`;
    execFileSync(QUITTANCE, ["evidence", key, "--to", path, "--local", at], { stdio: ["ignore", "ignore", "ignore"] });
    return path;
  };
  const [paid, hostile] = [make("desk-paid", "paid.json"), make(HOSTILE, "hostile.json")];
  const altered = join(folder, "altered.json");
  const text = readFileSync(paid, "utf8");
  writeFileSync(altered, text.replace(/(\\"statusCode\\": ?)9/, "$15"));
  assert.notEqual(readFileSync(altered, "utf8"), text, "something is altered");
  const empty = join(folder, "empty.json");
  writeFileSync(empty, "");
  return { paid, hostile, altered, empty, head: JSON.parse(text).head };
}

async function isAccessible(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run());
  assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes.map((node) => node.html)]), []);
}

async function inEnglish(scene, page, made) {
  const chosen = page.getByLabel("Choose a file");
  await chosen.setInputFiles(made.paid);
  await page.getByText("The file holds.").waitFor();
  await page.getByText("€140.00").first().waitFor();
  await page.getByText(made.head).waitFor();
  await page.getByText(/^Released 20/).waitFor();
  await page.getByLabel("The head that was noted").fill("0".repeat(64));
  await page.getByText("This is not the head that was noted").waitFor();
  await page.getByLabel("The head that was noted").fill(made.head.toUpperCase());
  await page.getByText("The head is the one that was noted.").waitFor();
  await scene.picture(page, "evidence-holds");
  await page.getByLabel("The head that was noted").fill("");
  await chosen.setInputFiles(made.altered);
  await page.getByText("The file does not hold.").waitFor();
  await page.getByText(/entries\[\d\]\.body: altered since the file was made/).waitFor();
  assert.equal(await page.getByText(/^Released 20/).count(), 0, "what an altered file says is not repeated");
  await scene.picture(page, "evidence-altered");
  await chosen.setInputFiles(made.empty);
  await page.getByText("not the JSON of an evidence file").waitFor();
  await chosen.setInputFiles(made.hostile);
  await page.getByText("The file holds.").waitFor();
  assert.equal(await page.title(), "Check the evidence of an order");
}

async function inFrench(scene, page, made) {
  assert.equal(await page.getAttribute("html", "lang"), "fr");
  await page.getByLabel("Choisissez un fichier").setInputFiles(made.altered);
  await page.getByText("Le fichier n’est pas cohérent.").waitFor();
  await page.getByText(/entries\[\d\]\.body\s: modifié depuis la création du fichier/).waitFor();
  await page.getByRole("button", { name: "English" }).click();
  await page.getByText(/\.body: altered since the file was made/).waitFor();
}

// All scenes, each in a browser of its own without a network. How many there were.
exports.checks = async (scene) => {
  const folder = mkdtempSync(join(tmpdir(), "evidence-"));
  try {
    const made = await files(scene, folder);
    const views = [
      [inEnglish, { locale: "en-GB", viewport: { width: 1280, height: 900 } }],
      [inEnglish, { locale: "en-GB", viewport: { width: 390, height: 844 }, colorScheme: "dark" }],
      [inFrench, { locale: "fr-FR", viewport: { width: 390, height: 844 } }],
    ];
    for (const [play, options] of views) {
      const context = await scene.browser.newContext(options);
      await context.setOffline(true);
      const page = await context.newPage();
      const [broken, asked] = [[], []];
      page.on("pageerror", (error) => broken.push(error));
      page.on("console", (message) => { if (message.type() === "error") broken.push(message.text()); });
      page.on("request", (request) => asked.push(request.url()));
      const address = pathToFileURL(EVIDENCE).href;
      await page.goto(address);
      await play(scene, page, made);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= options.viewport.width, `${wide} pixels wide`);
      assert.deepEqual(broken, [], play.name);
      assert.deepEqual(asked, [address], "nothing else is asked for");
      await isAccessible(page);
      await context.close();
    }
    return views.length;
  } finally {
    rmSync(folder, { recursive: true });
  }
};
