// What a merchant sees and does at the console of the local stack. See .ci/browser.
const assert = require("node:assert/strict");
const { source: axe } = require("axe-core");

const ACCOUNT = "worldline/DemoMerchant/test";
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
const DESK = { viewport: { width: 1280, height: 900 } };
// A reference that would be a script, were it not text.
const HOSTILE = "<img src=x onerror=\"document.title='taken'\">";

const page_of = (at, key) => `${at}/orders?key=${encodeURIComponent(key)}`;

async function starts({ at, back, json }, reference) {
  const key = `${ACCOUNT}/${reference}`;
  const wish = { order: key, amount: 14000, currency: "EUR", method: "CVCO", return_url: back };
  return { key, checkout: (await json(`${at}/checkouts`, wish)).checkout.id };
}

const pays = ({ at, json }, checkout, parts) => json(`${at}/local/psp/pay`, { checkout, ...parts });

// A cascade from the voucher to the release, on a page that nobody reloads.
async function watches(scene, page) {
  const { key, checkout } = await starts(scene, "CONSOLE-LIVE");
  await page.goto(page_of(scene.at, key));
  await page.getByText("0.00 EUR of 140.00 EUR received. Nothing is shipped.").waitFor();
  await page.evaluate(() => { window.stays = true; });
  await pays(scene, checkout, { voucher: 6000 });
  await scene.json(`${scene.at}/asks`, { order: key });
  await page.getByText("60.00 EUR of 140.00 EUR received. Nothing is shipped.").waitFor();
  await page.getByText("Waiting for 80.00 EUR of 140.00 EUR").waitFor();
  await pays(scene, checkout, { card: "accept" });
  await page.getByText("140.00 EUR of 140.00 EUR received. The order is released.").waitFor();
  assert.equal(await page.evaluate(() => window.stays), true, "the page was not reloaded");
  await page.locator(".time time small").first().getByText(/\d+ (sec|min)\. ago/).waitFor();
  await scene.picture(page, "console-released");
  // The list knows, too.
  await page.getByRole("link", { name: "All orders" }).click();
  await page.getByRole("row", { name: /CONSOLE-LIVE.*captured/ }).waitFor();
  await scene.picture(page, "console-list");
}

async function givesBack(scene, page) {
  const key = `${ACCOUNT}/CONSOLE-LIVE`;
  await page.goto(page_of(scene.at, key));
  await page.getByText("Ask the PSP now").click();
  await page.getByRole("button", { name: "Yes, ask" }).click();
  await page.getByRole("status").getByText("The PSP was asked").waitFor();
  await page.getByLabel("Amount").fill("20");
  await page.getByRole("button", { name: "Show the plan" }).click();
  await page.getByText("give back 20.00 EUR").waitFor();
  await scene.picture(page, "console-plan");
  await page.getByText("Send this refund").click();
  await page.getByRole("button", { name: "Yes, give it back" }).click();
  await page.getByRole("status").getByText("The refund is under way").waitFor();
  const { refunds } = await scene.json(`${scene.at}/refunds?order=${key}`);
  assert.deepEqual(refunds.map(({ amount }) => amount), [2000]);
}

async function finds(scene, page) {
  await page.goto(`${scene.at}/`);
  await page.getByLabel("Reference, payment or amount").fill("console-live");
  await page.getByLabel("State").selectOption("refused");
  await page.getByRole("button", { name: "Find" }).click();
  await page.getByText("No order is found.").waitFor();
  await page.getByRole("link", { name: "Show all" }).click();
  await page.getByLabel("Reference, payment or amount").fill("140");
  await page.getByRole("button", { name: "Find" }).click();
  await page.getByRole("link", { name: "CONSOLE-LIVE" }).waitFor();
}

// Without a mouse: to the search, to the order, and back.
async function types(scene, page) {
  await page.goto(`${scene.at}/`);
  const focused = () => page.evaluate(() => document.activeElement.name || document.activeElement.textContent.trim());
  const tabTo = async (what) => {
    for (let presses = 0; presses < 60; presses += 1) {
      await page.keyboard.press("Tab");
      if ((await focused()) === what) return;
    }
    throw new Error(`no way to ${what} by the keyboard`);
  };
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "To the content", "the first stop");
  await tabTo("q");
  await page.keyboard.type("CONSOLE-LIVE");
  await page.keyboard.press("Enter");
  await page.waitForURL(/q=CONSOLE-LIVE/);
  await tabTo("CONSOLE-LIVE");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "CONSOLE-LIVE" }).waitFor();
}

async function reads(scene, page) {
  await page.goto(page_of(scene.at, `${ACCOUNT}/CONSOLE-LIVE`));
  assert.equal(await page.getAttribute("html", "lang"), "fr");
  await page.getByText("La commande est libérée.").waitFor();
  await page.getByRole("link", { name: "English" }).click();
  assert.equal(await page.getAttribute("html", "lang"), "en");
  await page.getByText("The order is released.").waitFor();
}

// What a reference says is shown, and does nothing.
async function isNotTaken(scene, page) {
  const key = `${ACCOUNT}/${HOSTILE}`;
  await scene.json(`${scene.at}/expected`, { order: key, amount: 100, currency: "EUR" });
  const [account, reference] = [ACCOUNT, encodeURIComponent(HOSTILE)];
  for (const address of [`${scene.at}/`, page_of(scene.at, `${account}/${reference}`)]) {
    await page.goto(address);
    await page.getByText(HOSTILE).first().waitFor();
    assert.equal(await page.locator("img").count(), 0);
    assert.notEqual(await page.title(), "taken");
  }
}

async function fits(scene, page) {
  for (const address of [`${scene.at}/`, `${page_of(scene.at, `${ACCOUNT}/CONSOLE-LIVE`)}&amount=20`]) {
    await page.goto(address);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= PHONE.viewport.width, `${address}: ${wide} pixels wide`);
    await scene.picture(page, "console-phone");
  }
}

async function isAccessible(scene, page) {
  for (const scheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: scheme });
    for (const address of [`${scene.at}/?lang=fr`, `${page_of(scene.at, `${ACCOUNT}/CONSOLE-LIVE`)}&amount=20`]) {
      await page.goto(address);
      await page.addScriptTag({ content: axe });
      const { violations } = await page.evaluate(() => window.axe.run());
      const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
      const told = serious.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html }) => html).join(" ")}`);
      assert.deepEqual(told, [], `${address} ${scheme}`);
    }
  }
}

// All scenes, each in a browser of its own. How many there were.
exports.scenes = async (scene) => {
  const all = [
    [watches, DESK],
    [givesBack, DESK],
    [finds, DESK],
    [types, DESK],
    [reads, { ...DESK, locale: "fr-FR" }],
    [isNotTaken, DESK],
    [fits, PHONE],
    // What looks at the page is a script that the page's own policy would not let run.
    [isAccessible, { ...DESK, bypassCSP: true }],
  ];
  for (const [play, options] of all) {
    const context = await scene.browser.newContext({ locale: "en-GB", ...options });
    const page = await context.newPage();
    const broken = [];
    page.on("pageerror", (error) => broken.push(error));
    page.on("dialog", (dialog) => { broken.push(dialog.message()); dialog.dismiss(); });
    page.on("console", (message) => { if (message.type() === "error") broken.push(message.text()); });
    await play(scene, page);
    assert.deepEqual(broken, [], play.name);
    await context.close();
  }
  return all.length;
};
